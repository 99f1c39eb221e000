import type { JobExecution } from '../domain/execution.ts';
import type { JobDefinition } from '../domain/job.ts';
import type { Instant } from '../domain/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Timers } from '../ports/timers.ts';
import { TimedOut } from './abort-reasons.ts';

/**
 * Ends an execution that has taken longer than its job's `timeout`, counted from its first start, whoever goes on with it. Within a
 * process time is measured by the monotonic counter. What passed before this process took it over, only the store's clock knows:
 * that is read once, against the `start_time` that the same clock gave. A clock that was set meanwhile makes the timeout come
 * early or late, by one whole timeout at most; nothing but the timeout goes by it: who may write is decided by the fence.
 * @returns what takes the limit away
 * @throws BatchyError `store-unavailable`
 */
export async function limitTime(
  { timeoutSeconds }: Pick<JobDefinition, 'timeoutSeconds'>,
  { startedAt }: Pick<JobExecution, 'startedAt'>,
  { clock, timers, abort }: { clock: Clock; timers: Timers; abort: (reason: TimedOut) => void },
): Promise<() => void> {
  if (timeoutSeconds === null) return () => {};
  const left =
    startedAt === null ? timeoutSeconds * 1000 : millisecondsLeft(timeoutSeconds, startedAt, await clock.now());
  return timers.after(left, () => abort(new TimedOut('execution', timeoutSeconds)));
}

/** What is left of a timeout: never less than nothing, nor more than all of it, whatever became of the clock. */
export function millisecondsLeft(timeoutSeconds: number, startedAt: Instant, now: Instant): number {
  const passed = Number(now - startedAt) / 1_000_000;
  return Math.min(Math.max(timeoutSeconds * 1000 - passed, 0), timeoutSeconds * 1000);
}
