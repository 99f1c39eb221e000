import { BatchyError } from '../domain/errors.ts';
import { type Flow, scopeAt, taskAt } from '../domain/flow.ts';
import type { FlowEvent, FlowFinish, FlowRun } from '../domain/flow-event.ts';
import { checkStore, untakenNames } from '../domain/flow-requirements.ts';
import { createFlowRun } from '../domain/flow-run.ts';
import { outlineOf } from '../domain/flow-text.ts';
import { argumentsOf, attemptsAt } from '../domain/flow-values.ts';
import { runIdParameter, windowParameters } from '../domain/given-parameters.ts';
import type { JobDefinition } from '../domain/job.ts';
import { joinedFailures } from '../domain/joined-failures.ts';
import { stepParameters } from '../domain/parameters.ts';
import { templateNames } from '../domain/template.ts';
import { errorKind, errorText } from './error-text.ts';
import type { FlowTaskBody, RunnableFlow } from './flow-body.ts';
import { loadFlowState } from './flow-loading.ts';
import { storeFlowEvents } from './flow-storing.ts';
import { type FlowTaskEnd, type FlowTaskWork, type FlowWork, runFlowTask } from './flow-task-run.ts';
import type { RunningExecution } from './running-execution.ts';
import type { ContextOverlay } from './shared-context.ts';
import type { StepLog } from './step-log.ts';
import { ownStrayErrors, type StrayErrorTarget } from './stray-errors.ts';

/** Tasks that are stored as begun in one commit: more would keep the store, and all others, from everything else. */
const mostStartedAtOnce = 256;

/**
 * Runs a reversible flow from where it stands to its end, as `FlowRun` says what is next. Each event goes into a commit before anything is done
 * because of it: a task that is run or reverted is stored as that first, a failure before the controllers are asked about it.
 * @returns `null` where it was stopped, or its time is over: what ran has ended, and whoever goes on finds where it stands
 * @throws what the author's function throws, BatchyError `invalid-job`, `invalid-parameters` for what cannot run: nothing of it has
 */
export async function runFlowExecution(running: RunningExecution, log: StepLog): Promise<FlowFinish | null> {
  if (running.aborted.aborted) return null;
  const built = build(running, log);
  return driveFlow(running, built, await prepareFlow(running, built, log), log);
}

function build({ job, session }: RunningExecution, log: StepLog): RunnableFlow {
  const { id, parameters } = session.state.execution;
  const given = stepParameters(parameters);
  const { buildFlow } = job;
  if (buildFlow === undefined) throw new TypeError(`${job.definition.name} is no flow`);
  // Should it never come back, or end the process, its execution is to blame, and no other.
  const target: StrayErrorTarget = {
    executionId: id,
    jobName: job.definition.name,
    stepName: 'that makes the flow',
    fail: () => false,
    note: (text) => log.write('error', text),
  };
  const built = ownStrayErrors(target, () => madeBy(() => buildFlow(given), id));
  checkStore(built.flow, new Map([...parameters].map(([name, { value }]) => [name, value])));
  const untaken = untakenNames(built.flow, undeclaredNames(job.definition, Object.keys(given)));
  if (untaken.length > 0)
    log.write(
      'warn',
      `posted, but neither a parameter of the flow nor what a task of it requires: ${joinedFailures(untaken)}`,
    );
  return built;
}

function undeclaredNames({ parameters, bond }: JobDefinition, names: readonly string[]): string[] {
  // What the launch itself gives, and what names the workflow, is nobody's slip.
  const given = bond === null ? [runIdParameter] : [...windowParameters, ...templateNames(bond.workflow)];
  return names.filter((name) => !parameters.has(name) && !given.includes(name));
}

/** @throws BatchyError `invalid-job`: what is wrong with the flow, or what its author's function has thrown */
function madeBy(make: () => RunnableFlow, executionId: number): RunnableFlow {
  try {
    return make();
  } catch (error) {
    const isTold = error instanceof BatchyError && error.code === 'invalid-job';
    const restart = `restart it (batchy restart ${executionId})`;
    if (isTold) throw new BatchyError('invalid-job', `${error.message.replace(/\.$/, '')}, then ${restart}.`, error);
    const thrown = error instanceof Error ? `${errorKind(error)}: ${errorText(error)}` : errorText(error);
    throw new BatchyError(
      'invalid-job',
      `The flow's function threw ${thrown}. Mend it, then ${restart}, or post other values.`,
      { cause: error },
    );
  }
}

/** A run of the flow that begins where what is stored of it ends. */
async function prepareFlow(
  { session, tools, goAhead }: RunningExecution,
  { flow }: RunnableFlow,
  log: StepLog,
): Promise<FlowRun> {
  const { state, departed } = await session.patiently(() => loadFlowState(tools.stores.documents, flow, session.state));
  if (departed.length > 0)
    log.write('warn', `not reverted, since the flow has them no more: ${joinedFailures(departed)}`);
  goAhead(() => ({ flowOutline: outlineOf(flow) }));
  return createFlowRun(flow, state);
}

async function driveFlow(
  running: RunningExecution,
  { flow, bodies }: RunnableFlow,
  run: FlowRun,
  log: StepLog,
): Promise<FlowFinish | null> {
  const { session, aborted, job, commit } = running;
  const storing = storeFlowEvents(running, flow, run);
  const capacity = job.definition.maxProcs ?? Number.POSITIVE_INFINITY;
  const active = new Set<Promise<void>>();
  const ended: { readonly event: FlowEvent; readonly overlay: ContextOverlay }[] = [];
  let broken: { readonly error: unknown } | null = null;
  let wake = (): void => {};

  const seeToItsEnd = async (task: FlowTaskWork, phase: FlowWork['phase']): Promise<void> => {
    const letGo = running.holdOn();
    try {
      const { end, overlay } = await runFlowTask(running, task);
      const event = eventOf(task.name, phase, end);
      if (event !== null) ended.push({ event, overlay });
    } catch (error) {
      broken ??= { error };
    } finally {
      letGo();
    }
  };

  const begin = (name: string, phase: FlowWork['phase']): void => {
    const body = bodies.get(name) as FlowTaskBody;
    const attempt = attemptAt(flow, run, name);
    const task = { name, body, attempt, work: () => workOf(flow, run, name, phase) };
    const work = seeToItsEnd(task, phase).finally(() => {
      active.delete(work);
      wake();
    });
    active.add(work);
  };

  const beginAll = async (names: readonly string[], phase: FlowWork['phase']): Promise<void> => {
    for (const task of names) await storing.apply({ kind: phase === 'execute' ? 'started' : 'revert-started', task });
    await commit();
    for (const name of names) begin(name, phase);
  };

  /** @returns whether there is something to wait for, or how it ends */
  const advance = async (): Promise<'again' | 'wait' | FlowFinish | null> => {
    for (const { event, overlay } of ended.splice(0)) await storing.apply(event, overlay);
    const isOver = aborted.aborted || broken !== null || running.isLeaving();
    const decision = run.next(isOver ? 0 : Math.min(capacity - active.size, mostStartedAtOnce));
    if (decision.kind === 'finish') return decision;
    if (isOver && active.size === 0) return null;
    if (!isOver && decision.kind === 'run') {
      await beginAll(decision.names, 'execute');
    } else if (!isOver && decision.kind === 'revert') {
      await beginAll(decision.names, 'revert');
    } else if (!isOver && decision.kind === 'decide') {
      // Whoever goes on finds the failure, and what was decided about it, each by itself.
      if (running.isAhead()) await commit();
      await storing.decide(log);
    } else if (running.isAhead() && running.cannotGoOn() === undefined) {
      await commit();
    } else {
      return 'wait';
    }
    return 'again';
  };

  for (;;) {
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const next = await advance().catch((error: unknown) => {
      broken ??= { error };
      return 'wait' as const;
    });
    if (broken !== null && active.size === 0) throw (broken as { error: unknown }).error;
    if (next === 'wait' || broken !== null) await woken;
    else if (next !== 'again') {
      session.lost.throwIfAborted();
      return next;
    }
  }
}

function eventOf(task: string, phase: FlowWork['phase'], end: FlowTaskEnd): FlowEvent | null {
  if (end.kind === 'interrupted') return null;
  if (phase === 'execute')
    return end.kind === 'done'
      ? { kind: 'succeeded', task, result: end.result }
      : { kind: 'failed', task, error: end.error };
  return end.kind === 'done' ? { kind: 'reverted', task } : { kind: 'revert-failed', task, error: end.error };
}

function workOf(flow: Flow, { state }: FlowRun, name: string, phase: FlowWork['phase']): FlowWork {
  if (phase === 'execute') return { phase, values: argumentsOf(flow, state, name) };
  const { result = null, ended = null, failure = null } = state.tasks.get(name) ?? {};
  // One that was interrupted has no end.
  const succeeded = ended !== null && failure === null;
  return { phase, succeeded, result, failures: state.unwinding?.failures ?? [] };
}

/** At the nearest scope around a task that has a controller. */
function attemptAt(flow: Flow, { state }: FlowRun, name: string): number {
  const { controller } = taskAt(flow, flow.indexOf.get(name) as number);
  return controller === null ? 1 : attemptsAt(state, scopeAt(flow, controller)).length;
}
