import { type TProperties, Type } from 'typebox';

import { BatchyError } from '../domain/errors.ts';
import { priorities, type Priority } from '../domain/priority.ts';
import type { Delay, Urgency } from '../domain/urgency.ts';
import { readInstant } from './query.ts';

/** A year, in seconds. */
const longestDelay = 31_622_400;

/** What a launch and a restart may say in the query of when they are begun. */
export const urgencyProperties = {
  priority: Type.Optional(
    Type.Union(
      priorities.map((priority) => Type.Literal(priority)),
      { description: 'What of its queue is begun before what (default: as the job says, else normal)' },
    ),
  ),
  delay_seconds: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: longestDelay,
      description: 'It is not begun earlier than so many seconds from now',
    }),
  ),
  not_before: Type.Optional(
    Type.String({
      description: 'It is not begun earlier (UTC unless an offset is given); not together with delay_seconds',
    }),
  ),
} satisfies TProperties;

export interface UrgencyQuery {
  readonly priority?: Priority;
  readonly delay_seconds?: number;
  readonly not_before?: string;
}

/** What the query says; nothing where it says nothing. @throws BatchyError `invalid-request` */
export function readUrgency(query: UrgencyQuery): { readonly urgency?: Urgency } {
  const { priority, delay_seconds: seconds, not_before: until } = query;
  const delay = readDelay(seconds, until);
  if (priority === undefined && delay === null) return {};
  return { urgency: { ...(priority === undefined ? {} : { priority }), ...(delay === null ? {} : { delay }) } };
}

function readDelay(seconds: number | undefined, until: string | undefined): Delay | null {
  if (seconds !== undefined && until !== undefined) {
    const detail = 'say either delay_seconds or not_before';
    throw new BatchyError('invalid-request', `Both are there: ${detail}. Nothing was launched.`, {
      places: [{ pointer: '/not_before', detail }],
    });
  }
  if (seconds !== undefined) return { kind: 'seconds', seconds };
  return until === undefined ? null : { kind: 'until', instant: readInstant('/not_before', until) };
}
