import { requiredCapabilities } from '../domain/capability.ts';
import { workOf } from '../domain/work.ts';
import type { Dispatcher } from '../ports/dispatcher.ts';
import type { Stores } from '../ports/stores.ts';
import type { Timers } from '../ports/timers.ts';
import type { ConductorOptions } from './conductor-options.ts';
import { claimables } from './lease-taking.ts';
import { waitingPages } from './waiting-executions.ts';

export interface HandingOnOptions {
  readonly stores: Stores;
  readonly dispatcher: Dispatcher;
  readonly timers: Pick<Timers, 'monotonic'>;
  readonly catalog: ConductorOptions['catalog'];
  /** Told of one that cannot be read: it keeps nobody from the others. */
  readonly onUnread: (executionId: number, error: unknown) => void;
}

/** What waits for so long is handed on once more, in milliseconds, and then after ever longer times. */
const patience = 5000;
const longestPatience = 60_000;
/** Of what was to wait until a time. */
const mostDue = 100;
/** Of what a queue held back, at a look: others are to be heard of in between. */
const mostPagesAtOnce = 10;
/** Messages that are on their way at a time. */
const mostAtOnce = 50;
/** What stands further behind is handed on once more page by page, one each time, in milliseconds. */
const furtherEvery = 10_000;

interface Waiting {
  readonly patience: number;
  readonly since: number;
}

/**
 * Hands on once more what waits, and nobody has taken: a message may have been lost, or may never have been sent by a process that died after
 * it had stored what was launched.
 */
export function createHandingOn({ stores, dispatcher, timers, catalog, onUnread }: HandingOnOptions) {
  let known = new Map<number, Waiting>();
  /** What a queue has let go of, as far as it is not handed on. */
  let letGo: AsyncGenerator<number[]> | null = null;
  /** What stands behind the first page, from where it was left off. */
  let further: AsyncGenerator<number[]> | null = null;
  let furtherAt = timers.monotonic();

  async function handOn(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    const works = (await claimables(stores, ids, onUnread)).flatMap(({ execution, lease }) => {
      const job = catalog.get(execution.jobName);
      if (job === undefined || (lease !== null && lease.conductor !== null)) return [];
      const { id: executionId, queue, priority } = execution;
      return workOf({ executionId, queue, priority, capabilities: requiredCapabilities(job.definition) });
    });
    while (works.length > 0)
      await Promise.all(works.splice(0, mostAtOnce).map((work) => dispatcher.dispatch(work, true)));
  }

  /** @returns whether there may be more */
  async function handOnNext(pages: AsyncGenerator<number[]>): Promise<boolean> {
    const page = await pages.next();
    if (page.done === true) return false;
    await handOn(page.value);
    return true;
  }

  return {
    /**
     * Looks at what is in front.
     * @param queues those that are not paused: nobody would take what is handed on of others
     * @param due what was to wait until a time, and that has come: the longest due first
     * @throws BatchyError `store-unavailable`
     */
    async look(queues: readonly string[], due: readonly number[]): Promise<void> {
      const now = timers.monotonic();
      const front = due.slice(0, mostDue);
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
      const before = known;
      known = next;
      try {
        await handOn(overdue);
        for (let pages = 0; letGo !== null && pages < mostPagesAtOnce; pages += 1)
          if (!(await handOnNext(letGo))) letGo = null;
        if (now - furtherAt < furtherEvery) return;
        furtherAt = now;
        if (further === null) {
          further = waitingPages(stores, queues);
          // That is what is in front.
          await further.next();
        }
        if (!(await handOnNext(further))) further = null;
      } catch (error) {
        // What was read last may not have been handed on: the next look begins at the front.
        known = before;
        if (letGo !== null) letGo = waitingPages(stores, queues);
        further = null;
        furtherAt = now - furtherEvery;
        throw error;
      }
    },
    /** Hands on all that waits in these queues, look by look. */
    all(queues: readonly string[]): void {
      known = new Map();
      letGo = waitingPages(stores, queues);
    },
  };
}
