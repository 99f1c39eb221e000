import { buildGraph, type EndStatus, type Finish, type NodeOutcome } from '../domain/graph.ts';
import { createGraphRun } from '../domain/graph-run.ts';
import { interruptedSteps } from '../domain/interrupted-steps.ts';
import { floorToMicrosecond } from '../domain/time.ts';
import { HandedBack, TimedOut } from './abort-reasons.ts';
import { errorStack, errorText } from './error-text.ts';
import { type ExecutionPlan, planExecution, previousExecution } from './execution-plan.ts';
import { endingOf, latestAtEnd, movedExecution } from './execution-ending.ts';
import { guardExecution } from './execution-guard.ts';
import { type ExecutionSession, OwnershipLost } from './execution-session.ts';
import type { Decide, ExecutionState } from './execution-state.ts';
import type { RunnableJob } from './job.ts';
import { jobToRun } from './replaying-job.ts';
import type { EngineTools, RunningExecution } from './running-execution.ts';
import { stepsToRevive } from './revival.ts';
import { runStep } from './step-execution.ts';
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
    await guard.limitTime();
    const makePlan = await startExecution(guard.running, log);
    // What was revived while it was about to end is run all the same.
    while (!(await finishExecution(guard.running, await runGraph(guard.running, makePlan, log), log)));
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

/** @returns what tells what is left to do, as it stands when it is asked */
async function startExecution(
  { session, job, tools, goAhead }: RunningExecution,
  log: StepLog,
): Promise<() => Promise<ExecutionPlan>> {
  const { documents, clock } = tools.stores;
  const previous = await session.patiently(() => previousExecution(documents, session.state.execution));
  const isNew = session.state.execution.startedAt === null;
  if (isNew) {
    goAhead(async (state) => {
      if (state.execution.startedAt !== null) return {};
      const at = await clock.now();
      // Somebody may have asked it to stop before it began.
      if (state.execution.status !== 'STARTING')
        return { execution: { ...state.execution, startedAt: at, updatedAt: at } };
      return movedExecution(state.execution, 'start', at, tools.by, { startedAt: at });
    });
  }
  log.write(
    'info',
    `execution ${session.state.execution.id} of ${job.definition.name} ${isNew ? 'begins' : 'goes on'} (${tools.by}${job.version === undefined ? '' : `, version ${job.version} of its file`})`,
  );
  const graph = buildGraph(job.definition);
  return () => session.patiently(() => planExecution(documents, job.definition, graph, session.state, previous));
}

interface GraphEnd extends Finish {
  /** Steps that failed before they began, with the reason. */
  readonly notBegun: ReadonlyMap<string, string>;
}

async function runGraph(
  running: RunningExecution,
  makePlan: () => Promise<ExecutionPlan>,
  log: StepLog,
): Promise<GraphEnd> {
  const { job, aborted, session } = running;
  let plan = await makePlan();
  let graph = createGraphRun(buildGraph(job.definition), plan.state);
  let overLimit = stepsOverLimit(plan);
  const steps = new Map(job.definition.steps.map((step) => [step.name, step]));
  const active = new Map<Promise<void>, string>();
  const ended = new Map<string, NodeOutcome>();
  const end = (name: string, outcome: NodeOutcome): void => {
    ended.set(name, outcome);
    graph.end(name, outcome);
  };
  let isToBeRevived = false;
  const notBegun = new Map<string, string>();
  /** Steps that are about to be stored as begun: with them goes what is ahead. */
  const beginning = new Set<string>();
  let broken: { readonly error: unknown } | null = null;
  let wake = (): void => {};
  for (const { stepName, action, why } of plan.steps) log.write('info', `${stepName}: ${action}, ${why}`);
  session.onNotice(() => {
    isToBeRevived = stepsToRevive(session.state).length > 0;
    if (isToBeRevived) wake();
  });

  /** The plan is made anew by what is stored, but what has ended here, stored or not, has ended, and what runs goes on. */
  const revive = async (): Promise<void> => {
    for (const { stepName } of stepsToRevive(session.state)) {
      ended.delete(stepName);
      log.write('info', `${stepName}: revived`);
    }
    plan = await makePlan();
    overLimit = stepsOverLimit(plan);
    const nodes = new Map<string, NodeOutcome | 'running' | 'deselected'>([...plan.state.nodes, ...ended]);
    for (const name of active.values()) nodes.set(name, 'running');
    graph = createGraphRun(buildGraph(job.definition), { nodes, stopping: false });
  };

  const carryOut = async (name: string): Promise<void> => {
    try {
      const definition = steps.get(name);
      const body = job.bodies.get(name);
      if (definition === undefined || body === undefined || overLimit.has(name)) {
        notBegun.set(
          name,
          overLimit.has(name)
            ? `Step ${name} has reached its startLimit. Launch with force=true to start it all the same.`
            : `The job has no code for its step ${name}.`,
        );
        end(name, { status: 'failed', exitCode: 'FAILED' });
        return;
      }
      const checkpoint = plan.checkpoints.get(name) ?? null;
      beginning.add(name);
      const work = { stepName: name, definition, body, partition: null, checkpoint };
      const outcome = await runStep(running, work, () => {
        beginning.delete(name);
        wake();
      });
      log.write('info', `${name}: ${outcome.status}${outcome.message === '' ? '' : `, ${outcome.message}`}`);
      end(name, outcome);
    } catch (error) {
      broken ??= { error };
    } finally {
      beginning.delete(name);
    }
  };

  for (;;) {
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    if (isToBeRevived && !aborted.aborted && broken === null) {
      isToBeRevived = false;
      await revive().catch((error: unknown) => {
        broken ??= { error };
      });
    }
    if (aborted.aborted || broken !== null) graph.stop();
    const decision = graph.next((job.definition.maxProcs ?? Number.POSITIVE_INFINITY) - active.size);
    // The end of a step is stored with what begins at once, or with the end of all; by itself where neither comes.
    const isJoined = decision.kind === 'wait' ? beginning.size > 0 : running.cannotGoOn() === undefined;
    if (running.isAhead() && broken === null && !isJoined) {
      await running.commit().catch((error: unknown) => {
        broken ??= { error };
      });
      continue;
    }
    if (decision.kind === 'finish') {
      if (broken !== null) throw (broken as { error: unknown }).error;
      return { ...decision, notBegun };
    }
    if (decision.kind === 'run') {
      for (const name of decision.names) {
        graph.start(name);
        const work = carryOut(name).finally(() => {
          active.delete(work);
          wake();
        });
        active.set(work, name);
      }
      continue;
    }
    if (broken !== null && active.size === 0) throw (broken as { error: unknown }).error;
    await woken;
  }
}

/** What ended after another branch had broken off has nothing to be stored with: whoever goes on with it would run it again. */
async function storeAhead({ isAhead, commit }: RunningExecution, log: StepLog): Promise<void> {
  if (isAhead()) await commit().catch((error: unknown) => log.write('error', errorStack(error)));
}

const eventOf = { COMPLETED: 'complete', FAILED: 'fail', STOPPED: 'halt' } as const;

/** @returns whether it has ended: not where somebody has revived what failed in it */
async function finishExecution(running: RunningExecution, finish: GraphEnd, log: StepLog): Promise<boolean> {
  const { session, tools, aborted, commit } = running;
  const hindrance = running.cannotGoOn();
  if (hindrance !== undefined) throw hindrance;
  const timedOut = aborted.reason instanceof TimedOut && finish.status !== 'COMPLETED' ? aborted.reason : null;
  const status: EndStatus = timedOut === null ? finish.status : 'FAILED';
  const exitCode = timedOut === null ? finish.exitCode : 'FAILED';
  let isRevived = false;
  await commit(async (state) => {
    isRevived = timedOut === null && !aborted.aborted && stepsToRevive(state).length > 0;
    if (isRevived) return {};
    const exitMessage = timedOut?.message ?? messageOf(status, finish, state);
    return endingOf(state, { event: eventOf[status], exitCode, exitMessage }, tools);
  });
  if (isRevived) return false;
  const { status: ended, exitMessage } = session.state.execution;
  log.write('info', `ended: ${ended}${exitMessage === '' ? '' : `, ${exitMessage}`}`);
  return true;
}

function stepsOverLimit(plan: ExecutionPlan): ReadonlySet<string> {
  return new Set(plan.steps.flatMap((step) => (step.overLimit ? [step.stepName] : [])));
}

/** The error's text; of several, each with its step. */
function messageOf(status: EndStatus, finish: GraphEnd, { execution, steps }: ExecutionState): string {
  if (status === 'STOPPED') return execution.stopRequestedBy === null ? '' : `stopped by ${execution.stopRequestedBy}`;
  const messages = finish.failed.map((name) => ({
    name,
    message: finish.notBegun.get(name) ?? steps.get(name)?.exitMessage ?? '',
  }));
  if (messages.length <= 1) return messages[0]?.message ?? '';
  return messages.map(({ name, message }) => `${name}: ${message}`).join('; ');
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
    const isStored = await commit((state) => endingOf(state, ending, tools)).then(
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
