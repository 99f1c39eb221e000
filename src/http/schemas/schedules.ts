import { Type } from 'typebox';

import { priorities } from '../../domain/priority.ts';
import { catchups } from '../../domain/schedule.ts';
import { IdempotencyHeaders } from './vocabulary.ts';

const text = Type.Union([Type.String(), Type.Null()]);

export const ScheduleParams = Type.Object({
  name: Type.String({ description: 'Name of the schedule', examples: ['nightly'] }),
});

export const ScheduleHeaders = Type.Object({
  ...IdempotencyHeaders.properties,
  'if-match': Type.Optional(
    Type.String({
      description: 'The ETag of the schedule that you looked at; without it, whatever is there is replaced',
    }),
  ),
});

const Catchup = Type.Union(
  catchups.map((catchup) => Type.Literal(catchup)),
  {
    description:
      'What becomes of firings for which no server was up within a minute: none is launched, or the last of them, or all, oldest first, each when the execution of the one before has ended',
  },
);

const Priority = Type.Union(
  priorities.map((priority) => Type.Literal(priority)),
  { description: 'Of what it launches (default: as the job says, else normal)' },
);

export const ScheduleBody = Type.Object(
  {
    job: Type.String({ minLength: 1, description: 'Name of the job that it launches' }),
    cron: Type.String({
      maxLength: 500,
      description:
        'Five fields (minute, hour, day of month, month, day of week), or six with the second before them: 0 2 * * * is at 02:00 every day',
    }),
    zone: Type.Optional(
      Type.String({
        maxLength: 100,
        description: 'The time zone whose clocks it goes by, such as Europe/Berlin (default: UTC)',
      }),
    ),
    catchup: Type.Optional(Catchup),
    priority: Type.Optional(Priority),
    parameters: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'As the body of a launch has them' }),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ job: 'LoadOrders', cron: '0 2 * * *', zone: 'Europe/Berlin', catchup: 'last' }],
  },
);

const scheduleProperties = {
  name: Type.String(),
  job: Type.String(),
  cron: Type.String(),
  zone: Type.String(),
  catchup: Catchup,
  parameters: Type.Record(Type.String(), Type.Unknown(), { description: 'Secrets are masked' }),
  priority: Type.Union([Priority, Type.Null()]),
  paused: Type.Boolean(),
  created_time: Type.String(),
  created_by: Type.String({ description: 'Name of the API key' }),
  last: Type.Union(
    [
      Type.Object({
        scheduled_for: Type.String({ description: 'When it was due, UTC' }),
        handled_time: Type.String(),
        left_out_since: Type.Union([Type.String(), Type.Null()], {
          description: 'The oldest of the firings directly before it that were missed and left out',
        }),
        outcome: Type.Union([Type.Literal('launched'), Type.Literal('refused'), Type.Literal('left-out')]),
        execution_id: Type.Union([Type.Integer(), Type.Null()], { description: 'Of the execution that it launched' }),
        code: Type.Union([Type.String(), Type.Null()], {
          description: 'Why the launch was refused: the problem’s type',
        }),
        detail: text,
      }),
      Type.Null(),
    ],
    { description: 'The firing that was handled last, and what became of it' },
  ),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'The firing that comes next, UTC; null while it is paused',
  }),
};

const scheduleExample = {
  name: 'nightly',
  job: 'LoadOrders',
  cron: '0 2 * * *',
  zone: 'Europe/Berlin',
  catchup: 'last',
  parameters: {},
  priority: null,
  paused: false,
  created_time: '2026-11-20T09:12:44.102000',
  created_by: 'operations',
  last: {
    scheduled_for: '2026-11-21T01:00:00.000000',
    handled_time: '2026-11-21T01:00:00.412000',
    left_out_since: null,
    outcome: 'launched',
    execution_id: 12,
    code: null,
    detail: null,
  },
  next: '2026-11-22T01:00:00.000000',
};

export const SchedulesAnswer = Type.Array(Type.Object(scheduleProperties), {
  description: 'The schedules, by name',
  examples: [[scheduleExample]],
});

export const ScheduleAnswer = Type.Object(
  {
    ...scheduleProperties,
    upcoming: Type.Array(Type.String(), { description: 'The next five firings, UTC; none while it is paused' }),
  },
  {
    description: 'The schedule; its ETag is in the header',
    examples: [
      {
        ...scheduleExample,
        upcoming: [22, 23, 24, 25, 26].map((day) => `2026-11-${day}T01:00:00.000000`),
      },
    ],
  },
);
