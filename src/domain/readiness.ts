import { DateTime } from 'luxon';

import { formatInstant, type Instant, localDateTime } from './time.ts';
import type { JobState } from './job-state.ts';
import type { Status } from './transitions.ts';

/** Which day a success must lie on: Waitsy's question. */
export interface BusinessDay {
  /** `YYYY-MM-DD` */
  readonly date: string;
  readonly timezone: string;
  /** When the day begins, in minutes after local midnight: a load that ends at 03:00 may still be yesterday's. */
  readonly beginsAtMinute: number;
}

/** The business day that holds `instant`. */
export function businessDate(instant: Instant, day: Pick<BusinessDay, 'timezone' | 'beginsAtMinute'>): string {
  const local = localDateTime(instant, day.timezone);
  const minute = local.hour * 60 + local.minute;
  const date = DateTime.utc(local.year, local.month, local.day).minus({ days: minute < day.beginsAtMinute ? 1 : 0 });
  return date.toISODate() as string;
}

export interface JobReadiness {
  readonly job: string;
  readonly ready: boolean;
  readonly status: Status;
  /** Since when it has this status: the batch's start while open, its end afterwards. */
  readonly since: Instant | null;
  /** Why not yet, as a sentence; `null` when ready. */
  readonly why: string | null;
}

/** Whether a job's last success lies on the day, and if not, why not. */
export function jobReadiness({ job, special }: Pick<JobState, 'job' | 'special'>, day: BusinessDay): JobReadiness {
  const { status, batchStart, batchEnd } = special;
  const since = status === 'open' ? batchStart : batchEnd;
  const base = { job, status, since };
  if (status === 'open')
    return {
      ...base,
      ready: false,
      why: `its batch has been open since ${batchStart === null ? 'an unknown time' : formatInstant(batchStart)}`,
    };
  if (status === 'failed')
    return {
      ...base,
      ready: false,
      why: `its last batch failed${batchEnd === null ? '' : ` at ${formatInstant(batchEnd)}`}`,
    };
  if (status === 'new') return { ...base, ready: false, why: 'it has not been opened yet' };
  if (batchEnd === null) return { ...base, ready: false, why: 'its success has no batch_end' };
  const date = businessDate(batchEnd, day);
  if (date === day.date) return { ...base, ready: true, why: null };
  return { ...base, ready: false, why: `its last success is of ${date}, not of ${day.date}` };
}
