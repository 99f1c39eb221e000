import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import type { JobCounts } from '../domain/job-counts.ts';
import type { Ending } from '../domain/heartbeat.ts';
import type { ExecutionTaker } from '../ports/execution-taker.ts';
import type { Operation } from '../ports/store.ts';
import type { Stores } from '../ports/stores.ts';
import { requiredCapabilities } from '../domain/capability.ts';
import { type Capabilities, createCapabilities } from './capabilities.ts';
import { createEndTelling } from './end-telling.ts';
import { runExecution } from './engine.ts';
import { endingOf } from './execution-ending.ts';
import { openSession, OwnershipLost, type ExecutionSession, type SessionOptions } from './execution-session.ts';
import { createHeartbeat, type HeartbeatSender } from './heartbeat.ts';
import type { RunnableJob } from './job.ts';
import { type Claimable, claimables, prepareClaim, releaseLease, takeLease } from './lease-taking.ts';
import { createLooks } from './looks.ts';
import { createOrphans } from './orphans.ts';
import { logOwnerLoss } from './owner-loss.ts';
import { createOwnerWatch } from './owner-watch.ts';
import { type PendingLaunch, prepareLaunch } from './pending-launch.ts';
import { countRun } from './run-counts.ts';
import { createResting } from './resting.ts';
import type { EngineTools } from './running-execution.ts';
import { createSlots } from './slots.ts';
import type { Logs } from './step-log.ts';
import type { StepTools } from './steps/step-run.ts';

export interface ConductorOptions {
  readonly stores: Stores;
  /** The jobs that this process can run; what is not among them is left to others. */
  readonly catalog: { get(jobName: string): RunnableJob | undefined };
  /** An id that no other conductor has or had. Printable ASCII without spaces. */
  readonly id: string;
  /** A conductor whose sign of life stands still for so long is gone. */
  readonly leaseSeconds: number;
  /** Gives its sign of life. On this very event loop, which job code may hold up, unless one is given. */
  readonly heartbeat?: HeartbeatSender;
  /** Executions at a time. */
  readonly concurrency: number;
  readonly logs: Logs;
  /** A fresh, unique id for each commit. */
  readonly operationId: () => string;
  readonly timers: StepTools['timers'];
  readonly random: StepTools['random'];
  readonly environment: StepTools['environment'];
  /** What it can do beside what every conductor can; nothing if not said. */
  readonly capabilities?: Capabilities;
  /** How long what must end is waited for, in milliseconds. */
  readonly graceMilliseconds: number;
  /** Where what runs is counted. */
  readonly counts?: JobCounts;
  /** How often it looks by itself, in milliseconds; the journal wakes it at once. */
  readonly lookEveryMilliseconds: number;
  /** Of what went wrong and is tried again. */
  readonly onProblem: (error: unknown) => void;
}

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

/** Of an attempt of ours that came to grief. */
const unseen: Ending = { because: null, by: null };

const keepSeconds = 600;
const pageSize = 100;
const fewest = 8;

/**
 * What runs executions: takes those that nobody owns, or whose owner is gone, and sees each to its end. Any number of conductors
 * may look at one store.
 */
export function createConductor(options: ConductorOptions): Conductor {
  const { stores, catalog, id, leaseSeconds, concurrency, timers, operationId, onProblem } = options;
  const owners = createOwnerWatch(stores.documents, timers, leaseSeconds);
  const heartbeat =
    options.heartbeat ??
    createHeartbeat({
      stores,
      conductor: id,
      everyMilliseconds: (leaseSeconds * 1000) / 3,
      timers,
      operationId,
      onProblem,
    });
  const tools: EngineTools = { ...options, reader: stores.reader, journal: stores.journal, by: `conductor ${id}` };
  const giveUp = new AbortController();
  const ends = createEndTelling(tools, onProblem);
  const slots = createSlots(concurrency);
  let isStarted = false;
  let isTaking = true;
  /** Who waits for a slot, as far as is known: nobody who comes later is served before somebody. */
  let waiting: 'nobody' | 'perhaps' | 'somebody' = 'nobody';
  const orphans = createOrphans(timers, leaseSeconds, onProblem);
  const capabilities = options.capabilities ?? createCapabilities([], [], options);
  const looks = createLooks({ ...options, journal: stores.journal, look: lookAround });
  const resting = createResting(timers, options.lookEveryMilliseconds, () => looks.lookForWork());

  function operation(): Operation {
    return { id: operationId(), fingerprint: '', answer: null, keepSeconds };
  }

  function mayTake(): boolean {
    return isStarted && isTaking && slots.free() > 0;
  }

  function refreshAll(): void {
    for (const session of slots.sessions())
      session.refresh().catch((error: unknown) => {
        if (!(error instanceof OwnershipLost)) onProblem(error);
      });
  }

  async function lookAround(refreshes: boolean): Promise<void> {
    if (refreshes) refreshAll();
    if (!mayTake() && waiting === 'nobody') waiting = 'perhaps';
    for (let beyond: string | null = null; mayTake();) {
      const members: string[] = await stores.documents.scan({
        index: executionIndexes.live,
        prefix: '',
        direction: 'ascending',
        beyond,
        limit: pageSize,
      });
      const others = members
        .map(idOfMember)
        .filter((executionId) => !slots.has(executionId) && !resting.has(executionId));
      // Of many that wait only as many are read as may be taken; a few more where others are somebody's.
      while (others.length > 0 && mayTake())
        await claim(await claimables(stores, others.splice(0, Math.max(fewest, slots.free()))));
      waiting = others.length > 0 || !mayTake() ? 'somebody' : 'nobody';
      if (members.length < pageSize) return;
      beyond = members.at(-1) ?? null;
    }
  }

  function lookIfAnyoneWaits(): void {
    if (waiting !== 'nobody') looks.lookForWork();
  }

  async function claim(found: readonly Claimable[]): Promise<void> {
    // An owner of this name that does not run here is an attempt of ours that came to grief.
    const named = found.flatMap(({ lease }) =>
      lease?.conductor == null || lease.conductor === id ? [] : lease.conductor,
    );
    const gone = named.length === 0 ? new Map<string, Ending>() : await owners.gone(named);
    for (const claimable of found) {
      const owner = claimable.lease?.conductor ?? null;
      if (!mayTake()) return;
      if (owner !== null && owner !== id && !gone.has(owner)) continue;
      const job = catalog.get(claimable.execution.jobName);
      if (job === undefined) orphans.found(claimable.execution);
      // It waits for whoever can run it.
      else if (!capabilities.mayHave(requiredCapabilities(job.definition))) continue;
      else begin(claimable.execution, () => see(claimable, job, owner === null ? null : (gone.get(owner) ?? unseen)));
    }
  }

  function begin({ id: executionId, jobName }: Claimable['execution'], see: () => Promise<void>): void {
    const grieve = (error: unknown): void => {
      onProblem(error);
      resting.add(executionId);
    };
    slots.run(executionId, jobName, () => see().catch(grieve), lookIfAnyoneWaits);
  }

  /** Sees an execution to its end. */
  async function see(claimable: Claimable, job: RunnableJob, lost: Ending | null): Promise<void> {
    const { id: executionId, takeovers } = claimable.execution;
    const { onOwnerLost, maxTakeovers } = job.definition;
    // What another execution did to the process is none of its takeovers.
    const isItsOwn = lost !== null && (lost.by === null || lost.by === executionId);
    const isOver = lost !== null && (onOwnerLost === 'fail' || (isItsOwn && takeovers >= maxTakeovers));
    if (
      !isOver &&
      !(await capabilities.ask(requiredCapabilities(job.definition), { ...claimable.execution, executionId }))
    ) {
      // Nothing was taken: no attempt is lost, and others may have what it needs.
      resting.add(executionId);
      return;
    }
    const isUnstarted = lost === null && claimable.execution.startedAt === null;
    const claim = isUnstarted ? await prepareClaim(stores, claimable, id) : null;
    const fence =
      claim?.fence ??
      (await takeLease(stores, claimable, {
        conductor: id,
        operation: operation(),
        countsAsTakeover: isItsOwn && !isOver,
      }));
    if (fence === null) return;
    if (options.counts !== undefined && lost !== null && !isOver)
      options.counts.of(claimable.execution.jobName).takeovers += 1;
    const session = await open(executionId, job, { stores, fence, ...(claim === null ? {} : { claim }) });
    if (lost !== null) {
      const takeover = isItsOwn ? `, takeover ${takeovers + 1} of ${maxTakeovers} at most` : '';
      const outcome = isOver ? 'it may not be taken over again' : `it goes on here${takeover}`;
      logOwnerLoss(tools.logs, executionId, lost, outcome);
    }
    if (isOver) {
      const exitMessage = lost?.because == null ? 'owner lost' : `owner lost: its process ${lost.because}`;
      const ending = { event: 'lose-owner', exitCode: 'FAILED', exitMessage } as const;
      await session.commit((state) => endingOf(state, ending, tools));
      return ends.tell(job, session.state);
    }
    await run(executionId, session, job);
  }

  /** The same of one that is launched here, now. */
  async function seeLaunched(executionId: number, launch: PendingLaunch, job: RunnableJob): Promise<void> {
    const { claim, store } = launch;
    const how = { stores: { ...stores, store }, fence: claim.fence, claim, launch };
    try {
      await run(executionId, await open(executionId, job, how), job);
    } finally {
      launch.giveBack();
    }
  }

  async function open(
    executionId: number,
    job: RunnableJob,
    how: Pick<SessionOptions, 'stores' | 'fence' | 'claim' | 'launch'>,
  ): Promise<ExecutionSession> {
    const { counts } = options;
    const session = await openSession({
      ...how,
      executionId,
      operationId,
      timers,
      trustMilliseconds: (leaseSeconds * 1000) / 3,
      giveUp: giveUp.signal,
      onEnding(isEnding) {
        slots.setEnding(executionId, isEnding);
        lookIfAnyoneWaits();
      },
      ...(counts === undefined ? {} : { onStored: (stored) => countRun(counts, job, stored) }),
    });
    slots.opened(executionId, session);
    return session;
  }

  async function run(executionId: number, session: ExecutionSession, job: RunnableJob): Promise<void> {
    const result = await runExecution(session, job, tools, slots.handBackOf(executionId));
    if (result === 'ended') ends.tell(job, session.state);
    if (result === 'handed-back')
      await releaseLease(stores, executionId, { fence: session.fence, conductor: id }, operation());
  }

  async function settled(): Promise<void> {
    await slots.settled();
    await ends.told();
  }

  return {
    async start() {
      // Before the first sign of life nothing may be owned.
      await heartbeat.start();
      isStarted = true;
      looks.start();
    },
    async take(launched, commit) {
      const { id: executionId, jobName } = launched.execution;
      const job = catalog.get(jobName);
      if (job === undefined || slots.has(executionId)) return null;
      if (!capabilities.hasForGood(requiredCapabilities(job.definition))) return null;
      if (!mayTake()) waiting = 'somebody';
      if (waiting === 'somebody') return null;
      const launch = await prepareLaunch({ stores, conductor: id, launched, commit });
      if (!mayTake() || slots.has(executionId)) return null;
      begin(launched.execution, () => seeLaunched(executionId, launch, job));
      return launch.outcome;
    },
    runs: slots.runs,
    look: () => looks.look(),
    async drain() {
      isTaking = false;
      await settled();
    },
    async stop() {
      isTaking = false;
      slots.handBack();
      const cancel = timers.after(options.graceMilliseconds * 2, () => giveUp.abort());
      await settled();
      cancel();
      resting.end();
      await looks.stop();
      await heartbeat.stop();
    },
  };
}
