import { buildGraph, type Finish, type NodeOutcome } from '../domain/graph.ts';
import { createGraphRun } from '../domain/graph-run.ts';
import { joinedFailures } from '../domain/joined-failures.ts';
import type { ExecutionPlan } from './execution-plan.ts';
import type { ExecutionState } from './execution-state.ts';
import { stepsToRevive } from './revival.ts';
import type { RunningExecution } from './running-execution.ts';
import { runStep } from './step-execution.ts';
import type { StepLog } from './step-log.ts';

/** How the graph of a job ended. */
export interface GraphEnd extends Finish {
  /** Steps that failed before they began, with the reason. */
  readonly notBegun: ReadonlyMap<string, string>;
}

/** Runs the steps of a job from where they stand, as its graph says. @param makePlan tells what is left to do, as it stands when it is asked */
export async function runGraph(
  running: RunningExecution,
  makePlan: () => ExecutionPlan | Promise<ExecutionPlan>,
  log: StepLog,
): Promise<GraphEnd> {
  const { job, aborted, session } = running;
  let revivedThen = session.state.execution.revived;
  const planned = makePlan();
  let plan = planned instanceof Promise ? await planned : planned;
  let graph = createGraphRun(buildGraph(job.definition), plan.state);
  let overLimit = stepsOverLimit(plan);
  const steps = new Map(job.definition.steps.map((step) => [step.name, step]));
  const active = new Set<string>();
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
  let isWoken = false;
  let goOn: (() => void) | null = null;
  const wake = (): void => {
    isWoken = true;
    goOn?.();
  };
  for (const { stepName, action, why } of plan.steps) log.write('info', `${stepName}: ${action}, ${why}`);
  session.onNotice(() => {
    // To look at all steps, and to plan anew, at every commit would cost the square of their number.
    if (session.state.execution.revived === revivedThen) return;
    revivedThen = session.state.execution.revived;
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
    for (const name of active) nodes.set(name, 'running');
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
      active.delete(name);
      wake();
    }
  };

  for (;;) {
    isWoken = false;
    if (isToBeRevived && !aborted.aborted && !running.isLeaving() && broken === null) {
      isToBeRevived = false;
      await revive().catch((error: unknown) => {
        broken ??= { error };
      });
    }
    if (aborted.aborted || broken !== null || running.isLeaving()) graph.stop();
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
        active.add(name);
        void carryOut(name);
      }
      continue;
    }
    if (broken !== null && active.size === 0) throw (broken as { error: unknown }).error;
    // As long as it is told of what happened while it looked, it looks again.
    if (!isWoken)
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
  }
}

function stepsOverLimit(plan: ExecutionPlan): ReadonlySet<string> {
  return new Set(plan.steps.flatMap((step) => (step.overLimit ? [step.stepName] : [])));
}

/** The error's text; of several, each with its step; of very many, the first. */
export function messageOfGraph(finish: GraphEnd, { steps }: ExecutionState): string {
  const messages = finish.failed.map((name) => ({
    name,
    message: finish.notBegun.get(name) ?? steps.get(name)?.exitMessage ?? '',
  }));
  if (messages.length <= 1) return messages[0]?.message ?? '';
  return joinedFailures(messages.map(({ name, message }) => `${name}: ${message}`));
}
