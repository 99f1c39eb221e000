import { requiredCapabilities } from '../domain/capability.ts';
import type { Operation } from '../ports/store.ts';
import type { Capabilities } from './capabilities.ts';
import type { ConductorOptions } from './conductor-options.ts';
import { createEndTelling } from './end-telling.ts';
import { runExecution } from './engine.ts';
import { endingOf } from './execution-ending.ts';
import { type ExecutionSession, openSession, type SessionOptions } from './execution-session.ts';
import type { GateCommit, Gates } from './gates.ts';
import type { RunnableJob } from './job.ts';
import { type Claimable, prepareClaim, releaseLease, takeLease } from './lease-taking.ts';
import { guardsOfLoss, logOwnerLoss, type LostOwner, ownAttempt } from './owner-loss.ts';
import type { PartTaking } from './parts/conductor-parts.ts';
import type { PendingLaunch } from './pending-launch.ts';
import { countRun } from './run-counts.ts';
import type { EngineTools } from './running-execution.ts';
import type { createSlots } from './slots.ts';

/**
 * What became of an execution that was to be run here. `over`: it has ended, or is somebody else's. `refused`: nothing was taken, since a
 * capability is not there now. `held`: nothing was, since a gate holds it back. `handed-back`: whoever comes first goes on with it.
 */
export type Seen = 'over' | 'refused' | 'held' | 'handed-back';

export interface OwnedRuns {
  /** Takes an execution and sees it to its end. @param lost how its last owner ended; `null`: it had none */
  see(claimable: Claimable, job: RunnableJob, lost: LostOwner | null): Promise<Seen>;
  /** The same of one that is launched here, now. */
  seeLaunched(executionId: number, launch: PendingLaunch, job: RunnableJob): Promise<Seen>;
  /** Resolves when whoever was to be told of an end has been. */
  told(): Promise<void>;
  /** Waits for nothing any more. */
  giveUp(): void;
}

export interface OwnedRunsOptions extends Omit<ConductorOptions, 'capabilities'> {
  readonly capabilities: Capabilities;
  readonly gates: Gates;
  readonly slots: ReturnType<typeof createSlots>;
  readonly parts: Pick<PartTaking, 'share'>;
  /** Told when only the end of one of them is left to store: there is room for another. */
  readonly onRoom: () => void;
}

interface TakenHere {
  readonly session: ExecutionSession;
  /** Whether it may not go on: only its end is left to store. */
  readonly isOver: boolean;
}

const keepSeconds = 600;
const mostRemembered = 1000;

/** Takes executions for a conductor, and runs them as their owner. */
export function createOwnedRuns(options: OwnedRunsOptions): OwnedRuns {
  const { stores, id, leaseSeconds, timers, operationId, onProblem, capabilities, gates, slots, onRoom } = options;
  const tools: EngineTools = { ...options, reader: stores.reader, journal: stores.journal, by: `conductor ${id}` };
  const giveUp = new AbortController();
  const ends = createEndTelling(tools, onProblem);
  /** Those that had no owner, and whose taking here came to grief: what is found of them in our name has lost nobody. */
  const cameToGrief = new Set<number>();

  function operation(): Operation {
    return { id: operationId(), fingerprint: '', answer: null, keepSeconds };
  }

  function remember(executionId: number): void {
    // Most of what was refused is begun elsewhere.
    const [oldest] = cameToGrief;
    if (cameToGrief.size >= mostRemembered && oldest !== undefined) cameToGrief.delete(oldest);
    cameToGrief.add(executionId);
  }

  async function see(claimable: Claimable, job: RunnableJob, found: LostOwner | null): Promise<Seen> {
    const { id: executionId } = claimable.execution;
    const lost = cameToGrief.delete(executionId) && found === ownAttempt ? null : found;
    if (lost === null) remember(executionId);
    const taken = await take(claimable, job, lost);
    // Refused or held back, it stands in our name still, where its taking was stored.
    if (taken === 'refused' || taken === 'held') return taken;
    cameToGrief.delete(executionId);
    if (typeof taken === 'string') return taken;
    const { session, isOver } = taken;
    if (lost === null || !isOver) return runTaken(executionId, session, job);
    const exitMessage = lost.because === null ? 'owner lost' : `owner lost: its process ${lost.because}`;
    await options.parts.share(session, job.definition).revokeAll();
    const ending = { event: 'lose-owner', exitCode: 'FAILED', exitMessage } as const;
    await session.commit((state) => endingOf(state, ending, tools));
    ends.tell(job, session.state);
    return 'over';
  }

  async function runTaken(executionId: number, session: ExecutionSession, job: RunnableJob): Promise<Seen> {
    let isOwned = false;
    void session.owned.then(() => (isOwned = true));
    const seen = await run(executionId, session, job);
    // Somebody else was faster, or what is decided on queues has changed: who has it is told by the store.
    if (!isOwned) gates.letGo(executionId);
    return seen;
  }

  /** @throws BatchyError `store-unavailable`: it may be ours by then */
  async function take(claimable: Claimable, job: RunnableJob, lost: LostOwner | null): Promise<TakenHere | Seen> {
    const { id: executionId, takeovers } = claimable.execution;
    const { onOwnerLost, maxTakeovers } = job.definition;
    // What another execution did to the process is none of its takeovers.
    const isItsOwn = lost !== null && (lost.by === null || lost.by === executionId);
    const isOver = lost !== null && (onOwnerLost === 'fail' || (isItsOwn && takeovers >= maxTakeovers));
    // Nothing was taken: no attempt is lost, and others may have what it needs.
    if (
      !isOver &&
      !(await capabilities.ask(requiredCapabilities(job.definition), { ...claimable.execution, executionId }))
    )
      return 'refused';
    const takeLeaseWith = ({ changes, guards }: GateCommit): Promise<number | null> => {
      const countsAsTakeover = isItsOwn && !isOver;
      const beside = { changes, guards: [...guards, ...guardsOfLoss(lost)] };
      return takeLease(stores, claimable, { conductor: id, operation: operation(), countsAsTakeover, beside });
    };
    // What only has its end stored takes nobody's place.
    const guards = isOver ? [] : gates.freeOf(claimable.execution, job.definition);
    const isUnstarted = lost === null && claimable.execution.startedAt === null;
    const claim = isUnstarted && guards !== null ? await prepareClaim(stores, claimable, id, guards) : null;
    let fence = claim?.fence ?? null;
    if (claim === null && guards !== null) fence = await takeLeaseWith({ changes: [], guards });
    if (guards === null) {
      const passing = await gates.pass({ claimable, definition: job.definition, lost, take: takeLeaseWith });
      if (passing.kind === 'held') return 'held';
      if (passing.kind === 'taken') ({ fence } = passing);
    }
    if (fence === null) {
      if (guards !== null) gates.letGo(executionId);
      return 'over';
    }
    if (options.counts !== undefined && lost !== null && !isOver)
      options.counts.of(claimable.execution.jobName).takeovers += 1;
    const session = await open(executionId, job, { stores, fence, ...(claim === null ? {} : { claim }) });
    if (lost !== null) {
      const takeover = isItsOwn ? `, takeover ${takeovers + 1} of ${maxTakeovers} at most` : '';
      const outcome = isOver ? 'it may not be taken over again' : `it goes on here${takeover}`;
      logOwnerLoss(tools.logs, executionId, lost, outcome);
    }
    return { session, isOver };
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
        onRoom();
      },
      ...(counts === undefined ? {} : { onStored: (stored) => countRun(counts, job, stored) }),
    });
    slots.opened(executionId, session);
    return session;
  }

  async function run(executionId: number, session: ExecutionSession, job: RunnableJob): Promise<Seen> {
    const result = await runExecution(session, job, tools, slots.handBackOf(executionId));
    if (result === 'ended') ends.tell(job, session.state);
    if (result !== 'handed-back') return 'over';
    const owned = { fence: session.fence, conductor: id };
    const release = operation();
    // Left in our name, it would count as the loss of its owner.
    await session.patiently(() => releaseLease(stores, executionId, owned, release));
    return 'handed-back';
  }

  return {
    see,
    async seeLaunched(executionId, launch, job) {
      const { claim, store } = launch;
      const how = { stores: { ...stores, store }, fence: claim.fence, claim, launch };
      try {
        return await run(executionId, await open(executionId, job, how), job);
      } finally {
        launch.giveBack();
      }
    },
    told: () => ends.told(),
    giveUp: () => giveUp.abort(),
  };
}
