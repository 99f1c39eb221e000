import type { Json } from '../../domain/json.ts';
import { type BusinessDay, businessDate, jobReadiness } from '../../domain/readiness.ts';
import { readSpecialParameters } from '../../domain/special-parameters.ts';
import { instantFromMilliseconds } from '../../domain/time.ts';
import type { PolledJob } from './poll.ts';

/** The business day that it is at `time`, as `YYYY-MM-DD`. */
export function businessDay(time: Date, day: Pick<BusinessDay, 'timezone' | 'beginsAtMinute'>): string {
  return businessDate(instantFromMilliseconds(time.getTime()), day);
}

/** Whether a job, as get_status tells it, has succeeded on the day. Of its parameters only those that say so are read. */
export function readinessOf(job: string, parameters: unknown, day: BusinessDay): PolledJob {
  if (typeof parameters !== 'object' || parameters === null) return unreadable(job, 'it is no map of parameters');
  const told = ['status', 'batch_start', 'batch_end'].map(
    (name) => [name, (parameters as Record<string, Json>)[name] ?? null] as const,
  );
  const special = readSpecialParameters(new Map(told));
  if ('problems' in special) return unreadable(job, special.problems.map(({ detail }) => detail).join('; '));
  const { ready, status, why } = jobReadiness({ job, special }, day);
  return { job, ready, status, why };
}

function unreadable(job: string, why: string): PolledJob {
  return { job, ready: false, status: 'unknown', why };
}
