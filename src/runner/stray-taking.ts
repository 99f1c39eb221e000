import type { JobExecution } from '../domain/execution.ts';
import { defaultQueue } from '../domain/work.ts';
import type { Stores } from '../ports/stores.ts';
import type { ConductorOptions } from './conductor-options.ts';
import type { Gates } from './gates.ts';
import type { RunnableJob } from './job.ts';
import { type Claimable, claimables } from './lease-taking.ts';
import type { LostOwner } from './owner-loss.ts';
import type { OwnerWatch } from './owner-watch.ts';
import type { createResting } from './resting.ts';
import type { createSlots } from './slots.ts';
import { createStrays, type StrayExecution } from './stray-executions.ts';

export interface StrayTakingOptions {
  readonly stores: Stores;
  readonly owners: OwnerWatch;
  /** Who takes. */
  readonly id: string;
  readonly queues: readonly string[];
  readonly catalog: ConductorOptions['catalog'];
  readonly slots: Pick<ReturnType<typeof createSlots>, 'free' | 'has'>;
  /** What came to grief a moment ago is not looked at. */
  readonly resting: Pick<ReturnType<typeof createResting>, 'has'>;
  readonly gates: Pick<Gates, 'isPaused' | 'isHeld'>;
  /** The job of an execution, where that can be run here. */
  readonly runnable: (execution: JobExecution) => RunnableJob | null;
  readonly mayTake: () => boolean;
  /** Told of one that cannot be read: it is not looked at for a while. */
  readonly onUnread: (executionId: number, error: unknown) => void;
  readonly run: (claimable: Claimable, job: RunnableJob, lost: LostOwner | null) => void;
}

const fewest = 8;

/** Has a conductor go on with what nobody goes on with. */
export function createStrayTaking(options: StrayTakingOptions) {
  const { stores, queues, catalog, slots, resting, gates, runnable, mayTake, onUnread, run } = options;
  const strays = createStrays({
    ...options,
    documents: stores.documents,
    conductor: options.id,
    isLeftOut: (executionId) => slots.has(executionId) || resting.has(executionId),
  });
  /** Since others had a turn: what is refused again and again would leave them none. */
  const tried = new Set<number>();

  /** Where its job waits in another queue since then, nobody stands at the one that it was launched in. */
  function standsAt({ jobName, queue = defaultQueue }: JobExecution): boolean {
    if (queues.includes(queue)) return true;
    const job = catalog.get(jobName);
    const since = job?.definition.queue ?? defaultQueue;
    return job !== undefined && queue !== since && queues.includes(since);
  }

  function jobOf({ execution, lease }: Claimable, stray: StrayExecution | undefined): RunnableJob | null {
    const { queue = defaultQueue } = execution;
    // Somebody was faster.
    if (stray === undefined || (lease?.conductor ?? null) !== stray.owner || slots.has(execution.id)) return null;
    const isOurs = standsAt(execution);
    if (!isOurs) strays.passBy(execution.id);
    const job = isOurs ? runnable(execution) : null;
    const isHeld = job !== null && (gates.isPaused(queue) || gates.isHeld(execution, job.definition));
    return stray.lost === null && isHeld ? null : job;
  }

  return {
    /** Something may be found soon. */
    expect: strays.expect,
    /** @returns whether one is left, for want of room. @throws BatchyError `store-unavailable` */
    async take(): Promise<boolean> {
      const found = (await strays.find()).filter(({ id }) => !tried.has(id));
      let hasTried = false;
      while (found.length > 0) {
        const batch = new Map(found.splice(0, Math.max(fewest, slots.free())).map((stray) => [stray.id, stray]));
        for (const claimable of await claimables(stores, [...batch.keys()], onUnread)) {
          const stray = batch.get(claimable.execution.id);
          const job = jobOf(claimable, stray);
          if (job === null || stray === undefined) continue;
          if (!mayTake()) return true;
          tried.add(stray.id);
          hasTried = true;
          run(claimable, job, stray.lost);
        }
      }
      if (!hasTried) tried.clear();
      return false;
    },
  };
}
