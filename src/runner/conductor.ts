import { requiredCapabilities } from '../domain/capability.ts';
import { idOfMember } from '../domain/document-index.ts';
import type { JobExecution } from '../domain/execution.ts';
import { defaultQueue, type Line } from '../domain/work.ts';
import type { Consumer, Taken } from '../ports/dispatcher.ts';
import type { ExecutionTaker } from '../ports/execution-taker.ts';
import { createCapabilities } from './capabilities.ts';
import type { ConductorOptions } from './conductor-options.ts';
import { createDue } from './due-executions.ts';
import { OwnershipLost } from './execution-session.ts';
import { createGates } from './gates.ts';
import { createHandingOn } from './handing-on.ts';
import { createHeartbeat } from './heartbeat.ts';
import type { RunnableJob } from './job.ts';
import { type Claimable, claimables } from './lease-taking.ts';
import { createLooks } from './looks.ts';
import { createOrphans } from './orphans.ts';
import { createOwnedRuns, type Seen } from './owned-runs.ts';
import type { LostOwner } from './owner-loss.ts';
import { createOwnerWatch } from './owner-watch.ts';
import { createPartTaking } from './parts/conductor-parts.ts';
import { prepareLaunch } from './pending-launch.ts';
import { createResting, createSettingAside } from './resting.ts';
import { createSlots } from './slots.ts';
import { createStrayTaking } from './stray-taking.ts';
import { firstBefore, waitingPages } from './waiting-executions.ts';

export interface Conductor extends ExecutionTaker {
  /** What runs here now, oldest first. */
  runs(): { readonly id: number; readonly jobName: string }[];
  /** @throws BatchyError `store-unavailable` */
  start(): Promise<void>;
  /** Looks at once for what there is to do. */
  look(): void;
  /** Takes nothing new; resolves when what runs has ended. */
  drain(): Promise<void>;
  /** Ends: running steps get their signal, executions stay resumable and may be taken by others at once. */
  stop(): Promise<void>;
}

const fewest = 8;
const usualLines: readonly Line[] = [{ queue: defaultQueue, capabilities: [] }];
/** Of what waits while others hand it on: what is held back stands in front. Those of which all is known to be do not count. */
const mostHeldPages = 5;
const over: Taken = { kind: 'over' };

/**
 * What runs executions: takes those that nobody owns, or whose owner is gone, and sees each to its end. Any number of conductors
 * may look at one store. What waits is handed to it, or, without anybody who does, found in the store.
 */
export function createConductor(options: ConductorOptions): Conductor {
  const { stores, catalog, id, leaseSeconds, timers, dispatcher, lines = usualLines, onProblem } = options;
  const queues = [...new Set(lines.map(({ queue }) => queue))];
  const owners = createOwnerWatch(stores.documents, timers, leaseSeconds, id);
  const heartbeat =
    options.heartbeat ?? createHeartbeat({ ...options, conductor: id, everyMilliseconds: (leaseSeconds * 1000) / 3 });
  const slots = createSlots(options.concurrency);
  const capabilities = options.capabilities ?? createCapabilities([], [], options);
  const gates = createGates({ stores, onWait: lookAgainAfter, onUnread: onProblem });
  const parts = createPartTaking({ ...options, capabilities, slots, queues, mayTake, onRoom: offerRoom });
  const runs = createOwnedRuns({ ...options, capabilities, gates, slots, parts, onRoom: offerRoom });
  const due = createDue(stores);
  const orphans = createOrphans(timers, leaseSeconds, onProblem);
  const looks = createLooks({ ...options, journal: stores.journal, look: lookAround, onOffer: parts.lookSoon });
  const resting = createResting(timers, options.lookEveryMilliseconds, () => {
    strayTaking.expect();
    looks.lookForStrays();
  });
  const onUnread = createSettingAside(resting, onProblem);
  const strayTaking = createStrayTaking({
    ...options,
    owners,
    queues,
    slots,
    resting,
    gates,
    runnable,
    mayTake,
    onUnread,
    run: (claimable, job, lost) => void runUnlessRefused(claimable, job, lost),
  });
  const handingOn = dispatcher === undefined ? null : createHandingOn({ ...options, dispatcher, onUnread });
  let consumer: Consumer | null = null;
  let cancelLook = (): void => {};
  let isStarted = false;
  let isTaking = true;
  /** Who waits for a slot, as far as is known: nobody who comes later is served before somebody. */
  let waiting: 'nobody' | 'perhaps' | 'somebody' = 'nobody';
  /** Something that has lost its owner waits for a slot: it comes before all that was never begun, as parts of what runs do. */
  let strayWaits = false;

  const openQueues = (): string[] => queues.filter((queue) => !gates.isPaused(queue));
  const mayTakeNew = (): boolean => mayTake() && !strayWaits && !parts.isWaiting();
  const setRoom = (): void => consumer?.setRoom(mayTakeNew() ? slots.free() : 0);

  function mayTake(): boolean {
    return isStarted && isTaking && slots.free() > 0;
  }

  function offerRoom(): void {
    setRoom();
    if (parts.isWaiting()) parts.look();
    if (strayWaits) looks.lookForStrays();
    else if (waiting !== 'nobody') looks.lookForWork();
  }

  /** A wait ends by itself before the next look by the clock. */
  function lookAgainAfter(milliseconds: number): void {
    if (milliseconds >= options.lookEveryMilliseconds || !isTaking) return;
    cancelLook();
    cancelLook = timers.after(milliseconds, () => {
      gates.reopen();
      looks.lookForWork();
    });
  }

  function refreshAll(): void {
    for (const session of slots.sessions())
      session.refresh().catch((error: unknown) => {
        if (!(error instanceof OwnershipLost)) onProblem(error);
      });
  }

  async function lookAround(refreshes: boolean): Promise<void> {
    if (refreshes) {
      refreshAll();
      // What a queue held back was let go of by all.
      if (await gates.refresh()) handingOn?.all(openQueues());
      if (isTaking) strayWaits = await strayTaking.take();
      setRoom();
      // By the clock of the store: whoever hands on goes by one of its own.
      if (mayTakeNew() || (isTaking && handingOn !== null)) await due.look(openQueues(), mayTakeNew());
      if (isTaking) await handingOn?.look(openQueues(), due.oldest()).catch(onProblem);
      if (dispatcher !== undefined && mayTakeNew()) await takeWaiting(due.members().map(idOfMember));
    }
    // What a gate holds back is found here, in its order, however it came to us.
    const isHeldBack = gates.hasHeldBack();
    if (dispatcher !== undefined && !isHeldBack) {
      waiting = 'nobody';
      return;
    }
    const open = openQueues();
    if (!mayTakeNew() && waiting === 'nobody') waiting = 'perhaps';
    if (!mayTakeNew()) return;
    let pages = 0;
    for await (const page of waitingPages(stores, open, due.members())) {
      if (!page.every((executionId) => gates.isKnownHeld(executionId))) pages += 1;
      if (dispatcher !== undefined && pages > mostHeldPages) return;
      const left = await takeWaiting(page);
      waiting = left || !mayTakeNew() ? 'somebody' : 'nobody';
      if (!mayTakeNew()) return;
    }
    waiting = 'nobody';
    if (open.length === queues.length) gates.lookedThrough();
  }

  /** @returns whether some are left, for want of room */
  async function takeWaiting(page: readonly number[]): Promise<boolean> {
    const others = page.filter(
      (executionId) => !slots.has(executionId) && !resting.has(executionId) && !gates.isKnownHeld(executionId),
    );
    // Of many that wait only as many are read as may be taken; a few more where others are somebody's.
    while (others.length > 0 && mayTakeNew())
      for (const claimable of await claimables(stores, others.splice(0, Math.max(fewest, slots.free())), onUnread))
        considerWaiting(claimable);
    return others.length > 0;
  }

  function considerWaiting(claimable: Claimable): void {
    const { execution, lease } = claimable;
    // Whoever has it sees it to its end.
    if ((lease?.conductor ?? null) !== null || !mayTakeNew() || slots.has(execution.id)) return;
    const job = runnable(execution);
    if (job === null || gates.isHeld(execution, job.definition)) return;
    // What is handed on comes by itself, unless it came, and was held back.
    const isHandedOn = dispatcher !== undefined && execution.notBefore === undefined;
    const comesByItself = isHandedOn && !gates.mayHaveHeld(execution, job.definition);
    if (!comesByItself || execution.startedAt !== null) void runUnlessRefused(claimable, job, null);
  }

  /** Its job, where that can be run here. */
  function runnable(execution: JobExecution): RunnableJob | null {
    const job = catalog.get(execution.jobName);
    if (job === undefined) orphans.found(execution);
    return job !== undefined && capabilities.mayHave(requiredCapabilities(job.definition)) ? job : null;
  }

  async function runUnlessRefused(claimable: Claimable, job: RunnableJob, lost: LostOwner | null): Promise<void> {
    const { execution } = claimable;
    const seen = await begin(execution, () => runs.see(claimable, job, lost));
    // Others may have what it needs. Of what has begun before, nobody knows that a gate holds it back: it would be tried without end.
    if (seen === 'refused' || (seen === 'held' && (lost !== null || execution.startedAt !== null)))
      resting.add(execution.id);
  }

  function begin({ id: executionId, jobName }: JobExecution, see: () => Promise<Seen>): Promise<Seen> {
    const { promise, resolve } = Promise.withResolvers<Seen>();
    const seeIt = (): Promise<void> =>
      see()
        .catch((error: unknown): Seen => {
          onProblem(error);
          strayTaking.expect();
          return 'refused';
        })
        .then(resolve);
    slots.run(executionId, jobName, seeIt, () => {
      const isPlaceFree = gates.left(executionId);
      offerRoom();
      if (isPlaceFree) looks.lookForWork();
    });
    due.begun(executionId);
    setRoom();
    return promise;
  }

  /** What was handed to this conductor. */
  async function takeHanded(executionId: number): Promise<Taken> {
    const later: Taken = { kind: 'later', milliseconds: options.lookEveryMilliseconds };
    if (!mayTakeNew()) {
      // Else it would come again at once, and again.
      setRoom();
      return { kind: 'later', milliseconds: 0 };
    }
    const [claimable] = await claimables(stores, [executionId]);
    // Whoever has it sees it to its end; should they be gone, it is found as a stray.
    if (claimable === undefined || slots.has(executionId) || (claimable.lease?.conductor ?? null) !== null) return over;
    const { execution } = claimable;
    const early = await due.isIn(execution);
    if (early > 0) return { kind: 'later', milliseconds: early };
    const job = runnable(execution);
    if (job === null) return later;
    // Once something was held back, messages do not come in the order in which what they tell of is to be begun.
    if (!gates.isHeld(execution, job.definition) && gates.mayHaveHeld(execution, job.definition))
      await takeWaiting(await firstBefore(stores.documents, execution, fewest));
    // What came twice, or was found by a look, has begun here meanwhile. What is held back we look for ourselves.
    if (slots.has(executionId) || gates.isHeld(execution, job.definition)) return over;
    if (!mayTakeNew()) return { kind: 'later', milliseconds: 0 };
    const seen = await begin(execution, () => runs.see(claimable, job, null));
    return seen === 'over' || seen === 'held' ? over : seen === 'refused' ? later : { kind: 'later', milliseconds: 0 };
  }

  async function settled(): Promise<void> {
    await Promise.all([slots.settled(), parts.settled()]);
    await runs.told();
  }

  return {
    async start() {
      // Before the first sign of life nothing may be owned.
      await heartbeat.start();
      isStarted = true;
      consumer = dispatcher?.consume({ lines, take: takeHanded, onProblem }) ?? null;
      offerRoom();
      looks.start();
      parts.start();
    },
    async take(launched, commit) {
      const { id: executionId, jobName, notBefore } = launched.execution;
      const job = catalog.get(jobName);
      if (job === undefined || slots.has(executionId) || notBefore !== undefined) return null;
      if (!capabilities.hasForGood(requiredCapabilities(job.definition))) return null;
      if (!mayTakeNew()) waiting = 'somebody';
      if (waiting === 'somebody') return null;
      const guards = gates.freeOf(launched.execution, job.definition);
      if (guards === null) return null;
      const launch = await prepareLaunch({ stores, conductor: id, launched, commit, guards });
      if (!mayTake() || slots.has(executionId)) return null;
      void begin(launched.execution, () => runs.seeLaunched(executionId, launch, job));
      const outcome = await launch.outcome;
      if (outcome?.kind === 'conflict') gates.forget();
      return outcome;
    },
    runs: slots.runs,
    look: () => looks.look(),
    async drain() {
      isTaking = false;
      await Promise.all([consumer?.stop(), settled()]);
    },
    async stop() {
      isTaking = false;
      const handedBack = consumer?.stop();
      slots.handBack();
      parts.handBack();
      const patience = (options.finishMilliseconds ?? 0) + options.graceMilliseconds * 2;
      const cancel = timers.after(patience, () => {
        runs.giveUp();
        parts.giveUp();
      });
      await settled();
      cancel();
      cancelLook();
      await handedBack;
      resting.end();
      await looks.stop();
      await parts.stop();
      await heartbeat.stop();
    },
  };
}
