import { buildGraph, type EndStatus } from '../domain/graph.ts';
import type { FlowFinish } from '../domain/flow-event.ts';
import { emptyFlowRecord, failuresText } from '../domain/flow-text.ts';
import { interruptedSteps } from '../domain/interrupted-steps.ts';
import { floorToMicrosecond } from '../domain/time.ts';
import { atNow } from '../ports/clock.ts';
import { HandedBack, TimedOut } from './abort-reasons.ts';
import { errorStack, errorText } from './error-text.ts';
import { type ExecutionPlan, planExecution, planOfNew, previousExecution } from './execution-plan.ts';
import { endingOf, latestAtEnd, movedExecution } from './execution-ending.ts';
import { guardExecution } from './execution-guard.ts';
import { type ExecutionSession, OwnershipLost } from './execution-session.ts';
import type { Decide, ExecutionState, StateChange } from './execution-state.ts';
import { runFlowExecution } from './flow-execution.ts';
import { earlierRecord } from './flow-loading.ts';
import { isWorthStoring } from './flow-storing.ts';
import { type GraphEnd, messageOfGraph, runGraph } from './graph-execution.ts';
import type { RunnableJob } from './job.ts';
import { jobToRun } from './replaying-job.ts';
import type { EngineTools, RunningExecution } from './running-execution.ts';
import { stepsToRevive } from './revival.ts';
import { saidOnceOwned } from './owned-log.ts';
import type { StepLog } from './step-log.ts';

/**
 * What became of an execution here. `lost`: somebody else owns it, or ended it. `handed-back`: it is as it was, for another to
 * go on with. `unknown`: its outcome could not be stored.
 */
export type RunResult = 'ended' | 'lost' | 'handed-back' | 'unknown';

/**
 * Runs an execution from where it stands to its end, as the graph of its job says. The one place where steps are started; every
 * change of its state is a commit of the session.
 * @param handBack aborted when the conductor ends
 */
export async function runExecution(
  session: ExecutionSession,
  job: RunnableJob,
  tools: EngineTools,
  handBack: AbortSignal,
): Promise<RunResult> {
  const log = saidOnceOwned(tools.logs.open(session.state.execution.id, null), session);
  const toRun = jobToRun(job, session.state.execution.parameters, tools.stores.documents);
  const guard = guardExecution(session, toRun, tools, handBack);
  try {
    if (toRun.definition.timeoutSeconds !== null) await guard.limitTime();
    await runToItsEnd(guard.running, log);
    return 'ended';
  } catch (error) {
    if (guard.running.cannotGoOn() instanceof HandedBack) await storeAhead(guard.running, log);
    if (error instanceof OwnershipLost || session.lost.aborted) return 'lost';
    if (error instanceof HandedBack) {
      log.write('info', error.message);
      return 'handed-back';
    }
    log.write('error', errorStack(error));
    return await breakOff(guard.running, error);
  } finally {
    guard.release();
    log.close();
  }
}

async function runToItsEnd(running: RunningExecution, log: StepLog): Promise<void> {
  const { session, job, tools, commit } = running;
  const { documents } = tools.stores;
  const isNew = session.state.execution.startedAt === null;
  const previous =
    session.state.execution.previousId === undefined
      ? null
      : await session.patiently(() => previousExecution(documents, session.state.execution));
  if (job.buildFlow !== undefined) {
    const found = isNew
      ? await session.patiently(() => earlierRecord(documents, session.state.execution, previous))
      : emptyFlowRecord;
    beginExecution(running, isNew, log, isWorthStoring(found) ? { flow: found } : {});
    // Its author's function runs next: should that end the process, or never come back, somebody must be known to have run it.
    if (isNew) await commit();
    await finishExecution(running, flowEnd(await runFlowExecution(running, log)), log);
    return;
  }
  beginExecution(running, isNew, log);
  const graph = buildGraph(job.definition);
  const makePlan = (): ExecutionPlan | Promise<ExecutionPlan> =>
    planOfNew(job.definition, graph, session.state) ??
    session.patiently(() => planExecution(documents, job.definition, graph, session.state, previous));
  // What was revived while it was about to end is run all the same.
  while (!(await finishExecution(running, graphEnd(await runGraph(running, makePlan, log)), log)));
}

/** @param more is stored with its start */
function beginExecution(
  { session, job, tools, goAhead }: RunningExecution,
  isNew: boolean,
  log: StepLog,
  more: StateChange = {},
): void {
  if (isNew) {
    goAhead(({ execution }) => {
      if (execution.startedAt !== null) return {};
      return atNow<StateChange>(tools.stores.clock, (at) => {
        // Somebody may have asked it to stop before it began.
        if (execution.status !== 'STARTING')
          return { ...more, execution: { ...execution, startedAt: at, updatedAt: at } };
        return { ...more, ...movedExecution(execution, 'start', at, tools.by, { startedAt: at }) };
      });
    });
  }
  log.write(
    'info',
    `execution ${session.state.execution.id} of ${job.definition.name} ${isNew ? 'begins' : 'goes on'} (${tools.by}${job.version === undefined ? '' : `, version ${job.version} of its file`})`,
  );
}

/** What ended after another branch had broken off has nothing to be stored with: whoever goes on with it would run it again. */
async function storeAhead({ isAhead, commit }: RunningExecution, log: StepLog): Promise<void> {
  if (isAhead()) await commit().catch((error: unknown) => log.write('error', errorStack(error)));
}

/** How an execution ends. */
interface ExecutionEnd {
  readonly status: EndStatus | 'REVERTED';
  readonly exitCode: string;
  readonly messageOf: (state: ExecutionState) => string;
}

const eventOf = { COMPLETED: 'complete', FAILED: 'fail', STOPPED: 'halt', REVERTED: 'revert' } as const;

/** @returns whether it has ended: not where somebody has revived what failed in it */
async function finishExecution(running: RunningExecution, end: ExecutionEnd, log: StepLog): Promise<boolean> {
  const { session, tools, aborted, commit } = running;
  const hindrance = running.cannotGoOn();
  if (hindrance !== undefined) throw hindrance;
  // What is done, or undone, as a whole needs no more time.
  const isWhole = end.status === 'COMPLETED' || end.status === 'REVERTED';
  const timedOut = aborted.reason instanceof TimedOut && !isWhole ? aborted.reason : null;
  const status = timedOut === null ? end.status : 'FAILED';
  const exitCode = timedOut === null ? end.exitCode : 'FAILED';
  let isRevived = false;
  await running.sharing?.revokeAll();
  await commit((state) => {
    isRevived = timedOut === null && !aborted.aborted && stepsToRevive(state).length > 0;
    if (isRevived) return {};
    const exitMessage = timedOut?.message ?? (status === 'STOPPED' ? stopText(state) : end.messageOf(state));
    return endingOf(state, { event: eventOf[status], exitCode, exitMessage }, tools);
  });
  if (isRevived) return false;
  const { status: ended, exitMessage } = session.state.execution;
  log.write('info', `ended: ${ended}${exitMessage === '' ? '' : `, ${exitMessage}`}`);
  return true;
}

function stopText({ execution: { stopRequestedBy } }: ExecutionState): string {
  return stopRequestedBy === null ? '' : `stopped by ${stopRequestedBy}`;
}

function graphEnd(end: GraphEnd): ExecutionEnd {
  return { ...end, messageOf: (state) => messageOfGraph(end, state) };
}

const flowEndings = { SUCCESS: 'COMPLETED', REVERTED: 'REVERTED', FAILED: 'FAILED' } as const;

/** @param finish `null`: it was stopped */
function flowEnd(finish: FlowFinish | null): ExecutionEnd {
  const status = finish === null ? 'STOPPED' : flowEndings[finish.status];
  return { status, exitCode: status, messageOf: () => failuresText(finish?.failures ?? []) };
}

/**
 * The end of an execution that could not be carried through. As long as its state can be stored, it has failed; else what became
 * of it is not known to the store, and says so as soon as that can be stored.
 */
async function breakOff(running: RunningExecution, error: unknown): Promise<RunResult> {
  const { commit, session, tools, cannotGoOn } = running;
  // Whoever goes on with it meets the same error, or not.
  if (cannotGoOn() instanceof HandedBack) return 'handed-back';
  if (cannotGoOn() === undefined) {
    const ending = { event: 'fail', exitCode: 'FAILED', exitMessage: errorText(error) } as const;
    const end = async (): Promise<void> => {
      await running.sharing?.revokeAll();
      await commit((state) => endingOf(state, ending, tools));
    };
    const isStored = await end().then(
      () => true,
      () => false,
    );
    if (isStored) return 'ended';
  }
  const lose: Decide = async ({ execution, instance, steps }) => {
    const at = floorToMicrosecond(await tools.stores.clock.now());
    const exitMessage = `Its outcome could not be stored: ${errorText(error)}`;
    const lost = interruptedSteps(steps.values(), 'lose-outcome', exitMessage, at);
    return {
      ...movedExecution(execution, 'lose-outcome', at, tools.by, { exitMessage, endedAt: at }),
      steps: lost,
      ...latestAtEnd(instance, steps, lost),
    };
  };
  try {
    // What was to go ahead may be what cannot be stored.
    await commit(lose).catch(() => session.commit(lose));
    return 'unknown';
  } catch (second) {
    return second instanceof OwnershipLost ? 'lost' : 'unknown';
  }
}
