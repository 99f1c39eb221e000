import { BatchyError, isStoreAwayOrFull } from '../domain/errors.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { isLive } from '../domain/execution-transitions.ts';
import type { StoredPart } from '../domain/part.ts';
import type { StoredChange } from '../ports/store.ts';
import type { Stores } from '../ports/stores.ts';
import type { Timers } from '../ports/timers.ts';
import { Ahead, type Decided, takeDecided } from './ahead.ts';
import { draftOf } from './execution-draft.ts';
import { documentKey, loadSteps } from './execution-loading.ts';
import type { Decide, ExecutionState } from './execution-state.ts';
import { createLeaseAssurance } from './lease-assurance.ts';
import { areThere, type Claim } from './lease-taking.ts';
import { ownershipOfExecution, ownershipOfPart } from './ownership.ts';
import type { PendingLaunch } from './pending-launch.ts';
import type { StoredRun } from './run-counts.ts';
import { sleep } from './sleep.ts';

/** An execution that this process owns, or a part of one, in its memory and in the store. */
export interface ExecutionSession {
  /** As it is stored. */
  readonly state: ExecutionState;
  /** The revision of the lease, or of the part: every commit is refused once it is another's. */
  readonly fence: number;
  /** Aborted when somebody else owns it, or ended it: nothing may be written or run any more. */
  readonly lost: AbortSignal;
  /** Aborted when somebody asked it to stop. */
  readonly stopRequested: AbortSignal;
  /** Calls back whenever what others have written of it was read. */
  onNotice(listener: () => void): void;
  /** Resolves with the first commit; at once where the lease was taken before. */
  readonly owned: Promise<void>;
  /**
   * Stores changes, each of what the one before leaves, in one commit. What is asked for while another is being stored travels
   * together in the next one. While the store is away or full, it is tried again and again.
   * @throws OwnershipLost, BatchyError what the store or one of `decides` throws
   */
  commit(...decides: readonly Decide[]): Promise<void>;
  /**
   * Names a change that is not worth a commit of its own: it is stored with the next `commitAfterAhead`, before it. It must change
   * nothing where it was stored already.
   */
  goAhead(decide: Decide): void;
  /** Whether something waits to go ahead. */
  isAhead(): boolean;
  /** Stores what goes ahead, and then these. @throws as `commit`, also of what goes ahead */
  commitAfterAhead(...decides: readonly Decide[]): Promise<void>;
  /** Looks whether it is still ours and whether somebody asked it to stop. @throws as `commit` */
  refresh(): Promise<void>;
  /** Reads all of it anew: others may have written more of it than a refresh looks at. @throws OwnershipLost */
  reload(): Promise<void>;
  /** Reads rows of steps that others run, and the context. @param stepExecutionIds those that are not stored are left out @throws OwnershipLost */
  readSteps(stepExecutionIds: readonly number[]): Promise<void>;
  /**
   * Asks the store whether it is still ours, where it has not said so lately: a process that was paused does not know how long. To be
   * called right before anything is written elsewhere.
   * @param isDoubtful whether to ask in any case
   * @returns `null` where there is nothing to wait for. @throws OwnershipLost, while the store is away or full only when we give up
   */
  stillOurs(isDoubtful?: boolean): Promise<void> | null;
  /** Asks the store for what may be asked twice; while it is away or full, again and again. @throws OwnershipLost, what `ask` throws */
  patiently<T>(ask: () => Promise<T>): Promise<T>;
}

export class OwnershipLost extends Error {
  override readonly name = 'OwnershipLost';
  constructor(executionId: number) {
    super(`Execution ${executionId} is another’s now: nothing of it is run or written here any more.`);
  }
}

export interface SessionOptions {
  readonly stores: Pick<Stores, 'store' | 'documents'>;
  readonly executionId: number;
  readonly fence: number;
  /** Where the lease is yet to be taken: with the first commit. */
  readonly claim?: Claim;
  /** Where only a part of the execution is owned: the rest is another's. */
  readonly part?: StoredPart;
  /** Where it is yet to be launched: with the first commit, too. */
  readonly launch?: Pick<PendingLaunch, 'loaded' | 'isPending'>;
  /** Told before a commit is tried that ends it, and when that has met a conflict. */
  readonly onEnding?: (isEnding: boolean) => void;
  readonly operationId: () => string;
  readonly timers: Timers;
  /** For how long the store's word counts that it is ours: less than a lease lasts without a sign of life. */
  readonly trustMilliseconds: number;
  /** Ends the waiting for a store that is away or full. */
  readonly giveUp: AbortSignal;
  /** Told of each commit once it is stored. */
  readonly onStored?: (stored: StoredRun) => void;
}

interface Request extends Decided {
  /** Done before it. */
  readonly read: (() => Promise<void>) | null;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Between processes a conflict is rare and short. */
const mostConflicts = 100;
/** How long the store remembers a commit, so that it may be sent again when its answer was lost. */
const keepSeconds = 600;
const askAgainMilliseconds = 250;
/** Of a thousand steps that begin or end at once the first need not wait for the last, and no store is kept busy by one commit for long. */
const mostAtOnce = 200;

/** Takes up an execution whose lease was taken, or is with the first commit. @throws BatchyError `unknown-execution`, `store-unavailable` */
export async function openSession(options: SessionOptions): Promise<ExecutionSession> {
  const { stores, executionId, fence, operationId, timers, giveUp } = options;
  const assurance = createLeaseAssurance(timers, options.trustMilliseconds);
  const lost = new AbortController();
  const stopRequested = new AbortController();
  const queue: Request[] = [];
  const ahead = new Ahead();
  const listeners: (() => void)[] = [];
  const owned = Promise.withResolvers<void>();
  const { documents } = stores;
  const claim = options.claim ?? null;
  const ownership =
    options.part === undefined
      ? ownershipOfExecution({ documents, executionId, fence, claim, onOwned: owned.resolve })
      : ownershipOfPart(documents, options.part);
  if (!ownership.isPending()) owned.resolve();
  let loaded = options.launch?.loaded ?? (await ownership.open());
  let busy = false;
  noticeWhatOthersDid();

  function noticeWhatOthersDid(): void {
    const { status } = loaded.state.execution;
    if (status === 'STOPPING' && !stopRequested.signal.aborted) stopRequested.abort();
    for (const listener of listeners) listener();
  }

  async function work(): Promise<void> {
    busy = true;
    while (queue.length > 0) await serve(queue.splice(0, mostAtOnce));
    busy = false;
  }

  async function serve(requests: readonly Request[]): Promise<void> {
    try {
      if (requests.some(({ decides }) => decides === 'refresh') && (await hasChanged())) await reload();
      for (const { read } of requests) if (read !== null) await read();
      const upTo = Math.max(...requests.map((request) => request.ahead));
      while (upTo - ahead.stored > mostAtOnce) await store([], ahead.stored + mostAtOnce);
      await store(requests, upTo);
      for (const { resolve } of requests) resolve();
    } catch (error) {
      if (error instanceof OwnershipLost) lost.abort(error);
      // One of them is refused: the others must not suffer for it.
      if (requests.length > 1 && !lost.signal.aborted) for (const request of requests) await serve([request]);
      else for (const { reject } of requests) reject(error);
    }
  }

  /** @param upTo what goes ahead */
  async function store(requests: readonly Request[], upTo: number): Promise<void> {
    for (let tries = 0; tries < mostConflicts; tries += 1) {
      if (lost.signal.aborted) throw new OwnershipLost(executionId);
      const decide = () => takeDecided(draftOf(loaded), ahead, requests, upTo);
      const decided = decide();
      // What is decided may be read from the store, too.
      const draft =
        decided instanceof Promise ? await decided.catch((error: unknown) => again(error, decide)) : decided;
      const changes = draft.changes();
      if (changes.length === 0) return ahead.settle(upTo);
      const isEnding = !isLive(draft.state().execution.status);
      if (isEnding) options.onEnding?.(true);
      if (await write(changes, draft)) {
        const before = loaded.state.execution;
        loaded = draft.stored();
        ahead.settle(upTo);
        options.onStored?.({ before, after: loaded.state.execution, steps: draft.steps });
        noticeWhatOthersDid();
        return;
      }
      if (isEnding) options.onEnding?.(false);
    }
    throw new BatchyError(
      'contention',
      `Execution ${executionId} is being changed by others faster than its own progress can be stored.`,
    );
  }

  function patiently<T>(ask: () => Promise<T>): Promise<T> {
    return ask().catch((error: unknown) => again(error, ask));
  }

  /** @param failure of the first time that it was asked */
  async function again<T>(failure: unknown, ask: () => T | Promise<T>): Promise<T> {
    for (let error = failure; ;) {
      if (!isStoreAwayOrFull(error) || giveUp.aborted) throw error;
      // As long as its launch was not tried, that is not refused by us.
      if (options.launch?.isPending() === true) lost.abort(new OwnershipLost(executionId));
      await sleep(timers, askAgainMilliseconds, AbortSignal.any([giveUp, lost.signal]));
      if (lost.signal.aborted) throw new OwnershipLost(executionId);
      try {
        return await ask();
      } catch (next) {
        error = next;
      }
    }
  }

  /** @returns whether it is stored; else what it was computed from has changed */
  function write(changes: readonly StoredChange[], draft: ReturnType<typeof draftOf>): Promise<boolean> {
    const operation = { id: operationId(), fingerprint: '', answer: null, keepSeconds };
    let sendings = 0;
    return patiently(async () => {
      sendings += 1;
      const sent = assurance.now();
      const bound = ownership.bound(changes, loaded, draft.state());
      const outcome = await stores.store.commit({ operation, ...bound, journal: draft.journal });
      // One that is repeated was stored at an earlier sending.
      if (outcome.kind === 'committed') assurance.given(sent);
      // The store may have forgotten that it took it, where the answer was lost.
      if (outcome.kind !== 'conflict' || (sendings > 1 && (await areThere(documents, bound.changes)))) {
        ownership.stored();
        return true;
      }
      await reload();
      return false;
    });
  }

  /** Whether others have changed what they may: the lease, and the execution. */
  async function hasChanged(): Promise<boolean> {
    const key = documentKeys.execution(executionId);
    const sent = assurance.now();
    const [held, execution] = await documents.get([ownership.key, key]);
    if (!ownership.isOurs(held)) return true;
    if (!ownership.isPending()) assurance.given(sent);
    return execution?.revision !== loaded.documents.get(documentKey(key))?.revision;
  }

  async function reload(): Promise<void> {
    const [held] = await documents.get([ownership.key]);
    const isOurs = ownership.isOurs(held) && !(await ownership.isForfeited());
    if (isOurs) loaded = await ownership.load();
    if (!isOurs || !isLive(loaded.state.execution.status)) {
      lost.abort(new OwnershipLost(executionId));
      throw new OwnershipLost(executionId);
    }
    noticeWhatOthersDid();
  }

  function ask(decides: Request['decides'], upTo = 0, read: Request['read'] = null): Promise<void> {
    if (lost.signal.aborted) return Promise.reject(new OwnershipLost(executionId));
    return new Promise((resolve, reject) => {
      queue.push({ decides, ahead: upTo, read, resolve, reject });
      if (!busy) void work();
    });
  }

  async function askUntilFresh(): Promise<void> {
    // Long may have passed before the answer was heard.
    do {
      await patiently(() => ask('refresh'));
    } while (!assurance.isFresh());
  }

  return {
    get state() {
      return loaded.state;
    },
    fence,
    lost: lost.signal,
    stopRequested: stopRequested.signal,
    onNotice: (listener) => void listeners.push(listener),
    owned: owned.promise,
    commit: (...decides) => ask(decides),
    goAhead: (decide) => ahead.add(decide),
    isAhead: () => ahead.end > ahead.stored,
    commitAfterAhead: (...decides) => ask(decides, ahead.end),
    refresh: () => ask('refresh'),
    reload: () => patiently(() => ask([], 0, reload)),
    readSteps: (ids) =>
      patiently(() =>
        ask([], 0, async () => {
          loaded = await loadSteps(documents, loaded, ids);
        }),
      ),
    stillOurs: (isDoubtful = false) => (!isDoubtful && assurance.isFresh() ? null : askUntilFresh()),
    patiently,
  };
}
