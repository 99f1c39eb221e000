import type { JobExecution } from './execution.ts';
import type { JobDefinition } from './job.ts';
import { defaultPriority, type Priority } from './priority.ts';
import { ceilToMicrosecond, type Instant, nanosecondsPerSecond } from './time.ts';
import { defaultQueue } from './work.ts';

/** How a launch wants to be begun; what it does not say is as its job says, and at once. */
export interface Urgency {
  readonly priority?: Priority;
  readonly delay?: Delay;
}

export type Delay =
  | { readonly kind: 'seconds'; readonly seconds: number }
  | { readonly kind: 'until'; readonly instant: Instant };

/** Where, how and until when an execution that is launched waits: what goes without saying is left out. */
export function waitingOf(
  definition: Pick<JobDefinition, 'queue' | 'priority'>,
  urgency: Urgency,
  now: Instant,
): Pick<JobExecution, 'queue' | 'priority' | 'notBefore'> {
  const queue = definition.queue ?? defaultQueue;
  const priority = urgency.priority ?? definition.priority ?? defaultPriority;
  const notBefore = urgency.delay === undefined ? now : endOf(urgency.delay, now);
  return {
    ...(queue === defaultQueue ? {} : { queue }),
    ...(priority === defaultPriority ? {} : { priority }),
    ...(notBefore <= now ? {} : { notBefore }),
  };
}

/** As it is stored, to the microsecond, and never too early. */
function endOf(delay: Delay, now: Instant): Instant {
  if (delay.kind === 'until') return ceilToMicrosecond(delay.instant);
  return ceilToMicrosecond(now + BigInt(Math.round(delay.seconds * 1e6)) * (nanosecondsPerSecond / 1_000_000n));
}
