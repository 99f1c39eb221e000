import type { JobDefinition } from '../../domain/job.ts';
import { type Part, partsIndex, type StoredPart } from '../../domain/part.ts';
import type { Stores } from '../../ports/stores.ts';
import type { Timers } from '../../ports/timers.ts';
import type { Capabilities } from '../capabilities.ts';
import type { ConductorOptions } from '../conductor-options.ts';
import type { ExecutionSession } from '../execution-session.ts';
import { type LostOwner, ownAttempt } from '../owner-loss.ts';
import { createOwnerWatch } from '../owner-watch.ts';
import { createResting, createSettingAside } from '../resting.ts';
import type { createSlots } from '../slots.ts';
import { createOthersOnline, type OthersOnline } from './others-online.ts';
import { createPartRuns, type PartRuns } from './part-runs.ts';
import { createPartStore, type OnUnread, type PartStore } from './part-store.ts';
import { createSharing, type Sharing } from './sharing.ts';

/** What executions that run here need of their conductor to have others run parts of them. */
export interface ConductorParts {
  readonly id: string;
  /** Its name in the journal. */
  readonly by: string;
  readonly stores: Pick<Stores, 'documents' | 'clock'>;
  readonly timers: Timers;
  readonly store: PartStore;
  readonly capabilities: Capabilities;
  readonly runs: PartRuns;
  readonly others: OthersOnline;
  /** How a conductor ended that gives no sign of life any more, or whose part we had ourselves; `undefined`: it does, as far as is known. */
  lost(conductor: string): LostOwner | undefined;
  /** Whether all that is left of an execution is run by others, so that it takes up no slot. */
  setWaiting(executionId: number, isWaiting: boolean): void;
  /** Resolves when the journal tells of something, and from time to time. */
  heard(): Promise<void>;
}

/** Parts of executions: those of ours that others run, and those of others that run here. */
export interface PartTaking {
  /** What an execution that runs here is given, to share its parts. */
  share(session: ExecutionSession, job: JobDefinition): Sharing;
  /** Looks for parts to run here from now on: from time to time, and whenever it is told to. What it is not told it finds late. */
  start(): void;
  /** Looks now, or once more when a look is under way. */
  look(): void;
  /** Looks, though no more often than is good for the store: some were offered. */
  readonly lookSoon: () => void;
  /** Whether a part that could run here waits for room. */
  isWaiting(): boolean;
  /** None that runs goes on here. */
  handBack(): void;
  /** Resolves when none runs. */
  settled(): Promise<void>;
  /** Waits for nothing any more. */
  giveUp(): void;
  stop(): Promise<void>;
}

export interface PartTakingOptions extends Omit<ConductorOptions, 'capabilities'> {
  readonly capabilities: Capabilities;
  readonly slots: Pick<ReturnType<typeof createSlots>, 'has' | 'holdForPart' | 'setWaiting'>;
  /** Whose parts it takes. */
  readonly queues: readonly string[];
  /** Whether there is room, and something may be taken at all. */
  readonly mayTake: () => boolean;
  /** Told when there is room again. */
  readonly onRoom: () => void;
}

/** However often something happens, parts are looked for no more often, in milliseconds. */
const pause = 100;
/** Nor is anybody told of news more often. */
const breath = 20;

export function createPartTaking(options: PartTakingOptions): PartTaking {
  const { stores, id, catalog, leaseSeconds, timers, queues, slots, capabilities, mayTake, onRoom } = options;
  const { lookEveryMilliseconds, random, onProblem } = options;
  const store = createPartStore({ ...options, conductor: id });
  const giveUp = new AbortController();
  const runs = createPartRuns({ ...options, store, giveUp: giveUp.signal });
  const owners = createOwnerWatch(stores.documents, timers, leaseSeconds, id);
  const resting = createResting(timers, lookEveryMilliseconds, () => soon());
  const setAside = createSettingAside(resting, onProblem);
  // It is met at each look.
  const onUnread: OnUnread = (id, error) => (resting.has(id) ? undefined : setAside(id, error));
  const own = new Map<Promise<void>, AbortController>();
  let gone: ReadonlyMap<string, LostOwner> = new Map();
  let hearing = Promise.withResolvers<void>();
  let heardAt = Number.NEGATIVE_INFINITY;
  let cancelHearing = (): void => {};
  let lookedAt = Number.NEGATIVE_INFINITY;
  let regularAt = Number.NEGATIVE_INFINITY;
  let cancel = (): void => {};
  let unsubscribe = (): void => {};
  let looking: Promise<void> | null = null;
  let again = false;
  let hasTaken = false;
  let isStopped = false;
  let waits = false;

  const parts: ConductorParts = {
    id,
    by: `conductor ${id}`,
    stores,
    timers,
    store,
    capabilities,
    runs,
    others: createOthersOnline({ ...options, conductor: id }),
    lost: lostOwner,
    setWaiting(executionId, isWaiting) {
      slots.setWaiting(executionId, isWaiting);
      if (isWaiting) onRoom();
    },
    heard: () => hearing.promise,
  };

  function lostOwner(conductor: string): LostOwner | undefined {
    return conductor === id ? ownAttempt : gone.get(conductor);
  }

  function hear(): void {
    cancelHearing();
    cancelHearing = (): void => {};
    heardAt = timers.monotonic();
    hearing.resolve();
    hearing = Promise.withResolvers();
  }

  function hearSoon(): void {
    const left = heardAt + breath - timers.monotonic();
    if (left <= 0) return hear();
    cancelHearing();
    cancelHearing = timers.after(left, hear);
  }

  function lookNow(): void {
    cancel();
    if (isStopped) return;
    if (looking !== null) {
      again = true;
      return;
    }
    lookedAt = timers.monotonic();
    // However often something happens.
    const isRegular = lookedAt - regularAt >= lookEveryMilliseconds;
    if (isRegular) {
      regularAt = lookedAt;
      runs.refresh();
    }
    looking = lookAround(isRegular)
      .catch(onProblem)
      .finally(() => {
        looking = null;
        if (isRegular) hear();
        if (isStopped) return;
        cancel = timers.after(lookEveryMilliseconds, lookNow);
        // There may be more of what was found.
        if (hasTaken) lookNow();
        else if (again) soon();
        again = hasTaken = false;
      });
  }

  function soon(): void {
    if (isStopped) return;
    const left = lookedAt + pause - timers.monotonic();
    if (left <= 0) return lookNow();
    cancel();
    cancel = timers.after(left, lookNow);
  }

  async function lookAround(tidies: boolean): Promise<void> {
    const found = await store.list(partsIndex, onUnread);
    // All owners at once: who is gone is told by watching them.
    const named = found.flatMap(({ part: { conductor } }) => (conductor === null || conductor === id ? [] : conductor));
    gone = named.length === 0 ? new Map() : await owners.gone(named);
    if (tidies) await tidy(found.filter(({ part }) => !runs.has(part.stepExecutionId)));
    const free = found.filter(isFree);
    // One by one, any of them: others look, too, and each is to have its share.
    while (free.length > 0 && mayTake()) {
      const [stored] = free.splice(Math.floor(random() * free.length), 1);
      if (stored !== undefined && (await begin(stored))) return void (hasTaken = true);
    }
    setWaits(free.length > 0);
  }

  function setWaits(next: boolean): void {
    const hadWaited = waits;
    waits = next;
    if (hadWaited && !next) onRoom();
  }

  async function tidy(found: readonly StoredPart[]): Promise<void> {
    for (const stored of await store.withExecutions(found, onUnread)) {
      const { part, execution } = stored;
      // Nobody needs parts of what has ended, whoever has them: all that they may still write is refused.
      if (execution === null) await store.remove(stored);
      // Nobody else may take what is ours: it was taken away from others, or came to grief, and cannot go on here.
      else if (part.conductor === id && !slots.has(part.executionId) && !isForUs(part)) await store.giveBack(stored);
    }
  }

  function isForUs({ jobName, step, queue, capabilities: required }: Part): boolean {
    if (!queues.includes(queue) || !capabilities.mayHave(required)) return false;
    return catalog.get(jobName)?.bodies.has(step) === true;
  }

  function isFree({ part }: StoredPart): boolean {
    const { stepExecutionId, executionId, conductor } = part;
    // Those of an execution that runs here its owner sees to.
    if (runs.has(stepExecutionId) || slots.has(executionId) || resting.has(stepExecutionId)) return false;
    return (conductor === null || lostOwner(conductor) !== undefined) && isForUs(part);
  }

  /** @returns whether it may be one that runs here now */
  async function begin(stored: StoredPart): Promise<boolean> {
    const { stepExecutionId, jobName, conductor } = stored.part;
    const lost = conductor === null ? null : lostOwner(conductor);
    const job = catalog.get(jobName);
    const [found] = await store.withExecutions([stored], onUnread);
    if (found === undefined || lost === undefined || !mayTake() || runs.has(stepExecutionId)) return false;
    if (found.execution === null || job === undefined) return false;
    const handBack = new AbortController();
    const release = slots.holdForPart();
    const see = async (): Promise<void> => {
      try {
        if ((await runs.see(found, job, { lost, handBack: handBack.signal })) === 'refused')
          resting.add(stepExecutionId);
      } catch (error) {
        onProblem(error);
        resting.add(stepExecutionId);
      }
    };
    const done = see().finally(() => {
      own.delete(done);
      release();
      onRoom();
    });
    own.set(done, handBack);
    return true;
  }

  return {
    look: lookNow,
    lookSoon: soon,
    isWaiting: () => waits,
    share: (session, job) => createSharing(session, job, parts),
    start() {
      unsubscribe = stores.journal.subscribe(hearSoon);
      if (isStopped) unsubscribe();
      lookNow();
    },
    handBack() {
      for (const handBack of own.values()) handBack.abort();
    },
    async settled() {
      while (own.size > 0) await Promise.all(own.keys());
    },
    giveUp: () => giveUp.abort(),
    async stop() {
      isStopped = true;
      cancel();
      unsubscribe();
      resting.end();
      hear();
      await looking;
    },
  };
}
