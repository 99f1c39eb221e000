import { type TObject, Type } from 'typebox';

import { StatusName } from './history.ts';

const time = Type.Union([Type.String(), Type.Null()]);

/** How long a wait lasts when nothing else is said, in seconds. */
export const defaultWaitSeconds = 30;

/** @param maxSeconds the longest timeout that the service is set up to accept */
export function waitQuery(maxSeconds: number): TObject {
  return Type.Object(
    {
      timeout: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: maxSeconds,
          description: `Longest time to wait, in seconds (default ${Math.min(defaultWaitSeconds, maxSeconds)}); 0 answers at once`,
          examples: [0],
        }),
      ),
      date: Type.Optional(
        Type.String({
          pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
          description: 'The day on which the successes must lie; today when absent',
          examples: ['2026-11-21'],
        }),
      ),
      timezone: Type.Optional(
        Type.String({ minLength: 1, description: 'IANA zone of the day (default UTC)', examples: ['Europe/Vienna'] }),
      ),
      new_day: Type.Optional(
        Type.String({ description: 'When the business day begins, HH:MM (default 00:00)', examples: ['06:00'] }),
      ),
      fail_fast: Type.Optional(Type.Boolean({ description: 'Answer as soon as a job has failed' })),
    },
    { additionalProperties: false },
  );
}

export interface WaitQuery {
  readonly timeout?: number;
  readonly date?: string;
  readonly timezone?: string;
  readonly new_day?: string;
  readonly fail_fast?: boolean;
}

export const WaitAnswer = Type.Object(
  {
    workflow: Type.String(),
    ready: Type.Boolean({ description: 'Whether every job’s success lies on the day' }),
    date: Type.String({ description: 'The business day that was asked for' }),
    as_of: Type.String(),
    jobs: Type.Array(
      Type.Object({
        job: Type.String(),
        ready: Type.Boolean(),
        status: StatusName,
        since: time,
        last_success: time,
        median_duration_seconds: Type.Union([Type.Number(), Type.Null()], {
          description: 'Median of its recent successful runs',
        }),
        why: Type.Union([Type.String(), Type.Null()], { description: 'Why not yet; null when ready' }),
      }),
    ),
  },
  {
    description: 'Whether the workflow is ready, and why not yet',
    examples: [
      {
        workflow: 'orders',
        ready: false,
        date: '2026-11-21',
        as_of: '2026-11-21T22:01:10.000000',
        jobs: [
          {
            job: 'customers',
            ready: false,
            status: 'open',
            since: '2026-11-21T21:53:34.230000',
            last_success: '2026-11-20T21:58:02.114000',
            median_duration_seconds: 268.1,
            why: 'its batch has been open since 2026-11-21T21:53:34.230000',
          },
        ],
      },
    ],
  },
);
