import type { StepExecution } from '../../domain/execution.ts';
import { isLive, moveStep, type StepEvent } from '../../domain/execution-transitions.ts';
import type { Part, StoredPart } from '../../domain/part.ts';
import { HandedBack } from '../abort-reasons.ts';
import type { Capabilities } from '../capabilities.ts';
import type { ConductorOptions } from '../conductor-options.ts';
import { errorStack, errorText } from '../error-text.ts';
import { guardExecution } from '../execution-guard.ts';
import { openSession, OwnershipLost, type ExecutionSession } from '../execution-session.ts';
import type { Decide } from '../execution-state.ts';
import type { RunnableJob } from '../job.ts';
import { movedEntry } from '../journal-entries.ts';
import { guardsOfLoss, type LostOwner } from '../owner-loss.ts';
import { jobToRun } from '../replaying-job.ts';
import { countRun } from '../run-counts.ts';
import type { EngineTools, RunningExecution } from '../running-execution.ts';
import type { StepWork } from '../step-dispatch.ts';
import { outcomeOf, runStep } from '../step-execution.ts';
import type { PartOutcome } from '../steps/partition.ts';
import type { FoundPart, PartStore } from './part-store.ts';

/** What became of a part here. `elsewhere`: others have it, or it is over. `refused`: it was not begun, since it cannot be run here now. */
export type PartResult = PartOutcome | 'elsewhere' | 'refused';

/** The parts that run in this process, of executions that may be anybody's. */
export interface PartRuns {
  /** Whether it runs here, or is about to. */
  has(stepExecutionId: number): boolean;
  /** Takes a part and sees it to its end. @param how `lost`: how its last owner ended; `null`: it had none */
  see(found: FoundPart, job: RunnableJob, how: SeePart): Promise<PartResult>;
  /** Looks which of them are still ours, and which are to stop. */
  refresh(): void;
}

export interface SeePart {
  readonly lost: LostOwner | null;
  /** Aborted when it may not go on here: anybody may take it then. */
  readonly handBack: AbortSignal;
}

export interface PartRunsOptions extends Omit<ConductorOptions, 'capabilities'> {
  readonly capabilities: Capabilities;
  readonly store: PartStore;
  /** Ends the waiting for a store that is away or full. */
  readonly giveUp: AbortSignal;
}

export function createPartRuns(options: PartRunsOptions): PartRuns {
  const { stores, id, leaseSeconds, timers, operationId, capabilities, store, giveUp, counts, onProblem } = options;
  const tools: EngineTools = { ...options, reader: stores.reader, journal: stores.journal, by: `conductor ${id}` };
  const running = new Map<number, ExecutionSession | null>();

  async function takeAndRun(found: FoundPart, job: RunnableJob, { lost, handBack }: SeePart): Promise<PartResult> {
    const { part, execution } = found;
    if (execution === null) {
      // Its execution has ended, or is forgotten: nobody needs it any more.
      await store.remove(found);
      return 'elsewhere';
    }
    const { id: executionId } = execution;
    const { onOwnerLost, maxTakeovers } = job.definition;
    // What another execution did to the process is none of its takeovers.
    const isItsOwn = lost !== null && (lost.by === null || lost.by === executionId);
    const isOver = lost !== null && (onOwnerLost === 'fail' || (isItsOwn && part.takeovers >= maxTakeovers));
    if (!isOver && !(await capabilities.ask(part.capabilities, { ...execution, executionId }))) {
      // It was ours, and came to grief; others may have what it needs.
      if (part.conductor === id) await store.giveBack(found);
      return 'refused';
    }
    const taken = await store.take(found, isItsOwn && !isOver, guardsOfLoss(lost));
    if (taken === null) return 'elsewhere';
    if (counts !== undefined && isItsOwn && !isOver) counts.of(part.jobName).takeovers += 1;
    const session = await open(taken, job);
    running.set(part.stepExecutionId, session);
    const row = rowOf(session, part);
    if (row !== undefined && !isLive(row.status)) {
      await store.remove(taken);
      return outcomeOf(row);
    }
    if (row === undefined || !isOver) return runTaken(taken, session, job, handBack);
    const exitMessage = lost.because === null ? 'owner lost' : `owner lost: its process ${lost.because}`;
    await session.commit(endOf(part, 'lose-owner', exitMessage, tools));
    return outcomeOf(rowOf(session, part) ?? row);
  }

  function open(taken: StoredPart, job: RunnableJob): Promise<ExecutionSession> {
    return openSession({
      stores,
      executionId: taken.part.executionId,
      fence: taken.revision,
      part: taken,
      operationId,
      timers,
      trustMilliseconds: (leaseSeconds * 1000) / 3,
      giveUp,
      ...(counts === undefined ? {} : { onStored: (stored) => countRun(counts, job, stored) }),
    });
  }

  async function runTaken(
    taken: StoredPart,
    session: ExecutionSession,
    job: RunnableJob,
    handBack: AbortSignal,
  ): Promise<PartResult> {
    const { part } = taken;
    const toRun = jobToRun(job, session.state.execution.parameters, stores.documents);
    const guard = guardExecution(session, toRun, tools, handBack);
    try {
      await guard.limitTime();
      const outcome = await runStep(guard.running, workOf(part, toRun), () => undefined);
      // The end of a step that is no partition is left to be stored with what comes next: nothing does here.
      if (guard.running.isAhead()) await guard.running.commit();
      return outcome;
    } catch (error) {
      if (error instanceof OwnershipLost || session.lost.aborted) return 'elsewhere';
      if (guard.running.cannotGoOn() instanceof HandedBack) {
        await handOver(guard.running, taken);
        return 'elsewhere';
      }
      // What cannot be stored, or read: as long as that can be stored, the part has failed by it.
      onProblem(error);
      await session.commit(endOf(part, 'fail', errorText(error), tools));
      const row = rowOf(session, part);
      if (row !== undefined) return outcomeOf(row);
      // Not even its beginning could be stored: elsewhere that may be different.
      await store.giveBack(taken);
      return 'refused';
    } finally {
      guard.release();
    }
  }

  /** What has ended after it was handed back is stored, and nobody needs it back. */
  async function handOver({ isAhead, commit, session }: RunningExecution, taken: StoredPart): Promise<void> {
    const log = tools.logs.open(taken.part.executionId, taken.part.stepName);
    try {
      if (isAhead()) await commit().catch((error: unknown) => log.write('error', errorStack(error)));
      const row = rowOf(session, taken.part);
      if (row !== undefined && !isLive(row.status)) return;
      log.write('info', 'the conductor that ran it ends; it goes on, where it stands now, on another');
      // Left in our name, it would count as the loss of its owner.
      await session.patiently(() => store.giveBack(taken));
    } finally {
      log.close();
    }
  }

  return {
    has: (stepExecutionId) => running.has(stepExecutionId),
    async see(found, job, how) {
      const { stepExecutionId } = found.part;
      if (running.has(stepExecutionId)) return 'elsewhere';
      running.set(stepExecutionId, null);
      try {
        return await takeAndRun(found, job, how);
      } catch (error) {
        if (error instanceof OwnershipLost) return 'elsewhere';
        throw error;
      } finally {
        running.delete(stepExecutionId);
      }
    },
    refresh() {
      for (const session of running.values())
        session?.refresh().catch((error: unknown) => {
          if (!(error instanceof OwnershipLost)) onProblem(error);
        });
    },
  };
}

/** A part as the job says how it is run. @throws Error where the job has no code for it */
function workOf(part: Part, { definition, bodies }: RunnableJob): StepWork {
  const { stepName, step, partition, checkpoint, stepExecutionId } = part;
  const stepDefinition = definition.steps.find(({ name }) => name === step);
  const body = bodies.get(step);
  if (stepDefinition === undefined || body === undefined)
    throw new Error(`The job has no code for its step ${step}, as it is on this conductor.`);
  return {
    stepName,
    definition: stepDefinition,
    body: stepName !== step && body.kind === 'partition' ? body.body : body,
    partition,
    checkpoint,
    stepExecutionId,
  };
}

function rowOf({ state }: ExecutionSession, { stepName, stepExecutionId }: Part): StepExecution | undefined {
  const row = state.steps.get(stepName);
  return row?.id === stepExecutionId ? row : undefined;
}

/** Ends a part that nobody goes on with. */
function endOf(
  { stepName, stepExecutionId }: Part,
  event: StepEvent,
  exitMessage: string,
  { stores, by }: Pick<EngineTools, 'stores' | 'by'>,
): Decide {
  return async ({ execution, steps }) => {
    const row = steps.get(stepName);
    if (row === undefined || row.id !== stepExecutionId || !isLive(row.status)) return {};
    const at = await stores.clock.now();
    const status = moveStep(row.status, event);
    return {
      steps: [{ ...row, status, exitCode: status, exitMessage, endedAt: at }],
      journal: [movedEntry(execution, { stepName, before: row.status, after: status, at, by, reason: exitMessage })],
    };
  };
}
