import { requiredCapabilities } from '../domain/capability.ts';
import { workOf } from '../domain/work.ts';
import type { Dispatcher } from '../ports/dispatcher.ts';
import type { Stores } from '../ports/stores.ts';
import type { Timers } from '../ports/timers.ts';
import type { ConductorOptions } from './conductor-options.ts';
import { claimables } from './lease-taking.ts';
import { dueExecutions, waitingPages } from './waiting-executions.ts';

export interface HandingOnOptions {
  readonly stores: Stores;
  readonly dispatcher: Dispatcher;
  readonly queues: readonly string[];
  readonly timers: Pick<Timers, 'monotonic'>;
  readonly catalog: ConductorOptions['catalog'];
}

/** What waits for so long is handed on once more, in milliseconds, and then after ever longer times. */
const patience = 5000;
const longestPatience = 60_000;
/** Of what was to wait until a time. */
const mostDue = 100;

interface Waiting {
  readonly patience: number;
  readonly since: number;
}

/**
 * Hands on once more what waits, and nobody has taken: a message may have been lost, or may never have been sent by a process that died after
 * it had stored what was launched.
 */
export function createHandingOn({ stores, dispatcher, queues, timers, catalog }: HandingOnOptions) {
  let known = new Map<number, Waiting>();

  async function handOn(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    for (const { execution, lease } of await claimables(stores, ids)) {
      const job = catalog.get(execution.jobName);
      if (job === undefined || (lease !== null && lease.conductor !== null)) continue;
      const { id: executionId, queue, priority } = execution;
      await dispatcher.dispatch(
        workOf({ executionId, queue, priority, capabilities: requiredCapabilities(job.definition) }),
      );
    }
  }

  return {
    /** Looks at what is in front. @throws BatchyError `store-unavailable` */
    async look(): Promise<void> {
      const now = timers.monotonic();
      const front = (await dueExecutions(stores, queues)).slice(0, mostDue);
      // Behind the first page it waits for those before it.
      for await (const page of waitingPages(stores, queues)) {
        front.push(...page);
        break;
      }
      const next = new Map<number, Waiting>();
      const overdue: number[] = [];
      for (const id of front) {
        const waiting = known.get(id) ?? { patience, since: now };
        const isOverdue = now - waiting.since >= waiting.patience;
        if (isOverdue) overdue.push(id);
        next.set(id, isOverdue ? { patience: Math.min(waiting.patience * 2, longestPatience), since: now } : waiting);
      }
      known = next;
      await handOn(overdue);
    },
    /** Hands on all that waits. @throws BatchyError `store-unavailable` */
    async all(): Promise<void> {
      known = new Map();
      await handOn(await dueExecutions(stores, queues));
      for await (const page of waitingPages(stores, queues)) await handOn(page);
    },
  };
}
