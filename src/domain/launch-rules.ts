import { BatchyError, type ErrorCode } from './errors.ts';
import type { JobExecution, JobInstance, StepExecution } from './execution.ts';
import { isLive } from './execution-transitions.ts';
import type { Graph } from './graph.ts';
import { firstInstance, instanceNumber } from './instance-number.ts';
import type { JobDefinition } from './job.ts';
import { quoteBriefly } from './names.ts';
import { planRestart, type RestartPlan } from './restart-plan.ts';
import { isTaskList } from './task-list.ts';

/** The newest instance with the parameters of a launch, whatever its number, or that of a restart; and what became of it. */
export interface LaunchedBefore {
  readonly instance: JobInstance;
  /** Its last execution. */
  readonly last: JobExecution;
  /** By step: the latest step execution in full, of those that have a checkpoint or an exit code that decides. */
  readonly stepExecutions: ReadonlyMap<string, StepExecution>;
}

export interface LaunchInput {
  readonly definition: JobDefinition;
  /** Of `definition`. */
  readonly graph: Graph;
  /** `null`: there is no instance with these parameters. */
  readonly before: LaunchedBefore | null;
  /** Executions of the job, of whatever instance, that are live. */
  readonly running: number;
  /** Every step runs afresh. */
  readonly forced: boolean;
  /** Steps that the launch leaves out. */
  readonly deselected: readonly string[];
  /** Somebody restarts an execution, and means its instance: never another one in its stead. */
  readonly restarts: boolean;
  /**
   * The window of a job that is bound to a workflow; `null` where there is none. `due`: the next one of the watermark; `named`: the
   * launch names it. `loadedSince`: why the window needs no restart any more, or `null`. `inDoubt`: whether a success of it was
   * declared failed since the instance of `before` was made.
   */
  readonly window: {
    readonly kind: 'due' | 'named';
    readonly loadedSince: string | null;
    readonly inDoubt: boolean;
  } | null;
}

export type LaunchDecision =
  /** A new execution of the same instance that is COMPLETED from the start. */
  | { readonly kind: 'complete-at-once' }
  | {
      readonly kind: 'run';
      /** `same`: the instance of `before`. `new`: one is made, with the parameter of this number (`instance-number.ts`). */
      readonly instance: { readonly kind: 'same' } | { readonly kind: 'new'; readonly number: number };
    };

/**
 * The launch rules: whether a launch runs, restarts, completes at once, or is refused.
 * @throws BatchyError `already-running`, `not-recovered`, `window-superseded`, `already-complete`, `abandoned`, `not-restartable`,
 * `start-limit`, `too-many-running`; facts: `execution_id`, `job_instance_id` of what stands in the way
 */
export function decideLaunch(input: LaunchInput): LaunchDecision {
  const { before } = input;
  checkWindow(input);
  if (before === null) return newInstance(input, firstInstance);
  checkUndisturbed(before);
  if (isUndone(input, before)) throw undone(before);
  if (input.restarts && isInDoubt(input, before)) throw inDoubt(before);
  const number = instanceNumber(input.definition, before.instance.parameters);
  if (isDoneWith(input, before)) return newInstance(input, number + 1);
  const plan = planOf(input, before);
  // A window that is due was not closed, its end was lost after the last step: a run in which no step runs closes it. What has
  // completed has closed what it had.
  if (plan.isComplete && (input.window?.kind !== 'due' || before.last.status === 'COMPLETED')) {
    if (input.definition.refuseIfComplete) throw alreadyComplete(before);
    return { kind: 'complete-at-once' };
  }
  const obstacle = obstacleToRestart(input, before, plan);
  if (obstacle !== null) {
    // No window is ever stuck: what may not be restarted is begun anew.
    if (input.window !== null && !input.restarts) return newInstance(input, number + 1);
    throw obstacle;
  }
  checkRoom(input);
  return { kind: 'run', instance: { kind: 'same' } };
}

/** Who restarts an execution wants its window, and never the next one in its stead. */
function checkWindow({ definition, window }: LaunchInput): void {
  if (window === null || window.loadedSince === null) return;
  throw new BatchyError(
    'window-superseded',
    `Job ${quoteBriefly(definition.name)}: The window of this execution is not due any more: ${window.loadedSince}. Launch the job: it gets the window that is due.`,
  );
}

/** Nothing, force included, launches an instance that runs, or of which nobody knows what it did. */
function checkUndisturbed({ last }: LaunchedBefore): void {
  if (isLive(last.status))
    throw refusal('already-running', last, `It is running as execution ${last.id}. Wait for its end, or stop it.`);
  if (last.status === 'UNKNOWN') throw notRecovered(last);
}

/** What an execution UNKNOWN does to a launch of its instance, or of the window that it has open. */
export function notRecovered(last: JobExecution): BatchyError {
  return refusal(
    'not-recovered',
    last,
    `What became of execution ${last.id} could not be stored. Look at what it has written, then POST /executions/${last.id}/recover.`,
  );
}

/**
 * Whether the newest instance needs no other execution, so that another instance follows: where each launch has its own (of task lists
 * and flows whatever became of the one before it, since who means to go on with that restarts it); where a
 * window is due although an instance of it has succeeded (its batch was declared failed while it ran, or by another program); and
 * where a window was given up, or its success declared failed. The last execution tells, since a forced one that failed leaves the
 * instance unfinished.
 */
function isDoneWith(input: LaunchInput, before: LaunchedBefore): boolean {
  const { definition, window, restarts } = input;
  const { last } = before;
  if (restarts) return false;
  if (isInDoubt(input, before) || isTaskList(definition)) return true;
  if (definition.isFlow === true && definition.newInstancePerLaunch) return true;
  if (last.status === 'ABANDONED') return definition.newInstancePerLaunch || window !== null;
  return last.status === 'COMPLETED' && (definition.newInstancePerLaunch || window?.kind === 'due');
}

/** What is left half-way in a window in doubt. What has completed in a batch of its own stands until that one is declared failed. */
function isInDoubt({ window }: LaunchInput, { last }: LaunchedBefore): boolean {
  return window?.inDoubt === true && last.status !== 'COMPLETED' && last.status !== 'ABANDONED';
}

/** A success that was not let stand is no restart's to mend: the window is run whole, by a launch. */
function isUndone({ definition: { bond }, window, restarts }: LaunchInput, { last }: LaunchedBefore): boolean {
  return restarts && bond !== null && window?.kind === 'due' && last.status === 'COMPLETED';
}

function planOf(
  { definition, graph, forced, deselected }: LaunchInput,
  { instance, last, stepExecutions }: LaunchedBefore,
) {
  const lastCompleted = last.status === 'COMPLETED';
  return planRestart({
    definition,
    graph,
    steps: instance.steps,
    stepExecutions,
    forced,
    deselected,
    lastCompleted,
    executionId: null,
  });
}

function newInstance(input: LaunchInput, number: number): LaunchDecision {
  checkRoom(input);
  return { kind: 'run', instance: { kind: 'new', number } };
}

function obstacleToRestart(
  { definition }: LaunchInput,
  { last }: LaunchedBefore,
  plan: RestartPlan,
): BatchyError | null {
  if (last.status === 'ABANDONED')
    return refusal(
      'abandoned',
      last,
      `Execution ${last.id} was abandoned, so its instance is not run again, by force neither. ${definition.bond === null ? 'Give other identifying parameters.' : 'Launch the job: it runs the window whole, as another instance.'}`,
    );
  if (last.status !== 'COMPLETED' && !definition.restartable)
    return refusal(
      'not-restartable',
      last,
      `Execution ${last.id} is ${last.status}, and the job says restartable: false. Give other identifying parameters.`,
    );
  const over = plan.steps.find(({ overLimit, conditional }) => overLimit && !conditional);
  if (over === undefined) return null;
  return refusal(
    'start-limit',
    last,
    `Step ${quoteBriefly(over.stepName)} was started as often as its startLimit allows. Raise it, or use force=true.`,
  );
}

function checkRoom({ definition: { name, maxConcurrent }, running }: LaunchInput): void {
  if (maxConcurrent === null || running < maxConcurrent) return;
  throw new BatchyError(
    'too-many-running',
    `Job ${quoteBriefly(name)}: ${running} executions run, and its maxConcurrent is ${maxConcurrent}. Launch it when one has ended.`,
    { facts: { running, max_concurrent: maxConcurrent } },
  );
}

function alreadyComplete({ instance, last }: LaunchedBefore): BatchyError {
  return refusal(
    'already-complete',
    last,
    `Instance ${instance.id} is complete, and the job says refuseIfComplete. Give other identifying parameters, or force=true.`,
  );
}

function undone({ last }: LaunchedBefore): BatchyError {
  return refusal(
    'already-complete',
    last,
    `Execution ${last.id} has completed, and its window is due again since its batch was declared failed. Launch the job: it runs the window whole.`,
  );
}

function inDoubt({ last }: LaunchedBefore): BatchyError {
  return refusal(
    'abandoned',
    last,
    `A success of the window of execution ${last.id} was declared failed since, so nothing goes on with what it has done. Launch the job: it runs the window whole, as another instance.`,
  );
}

function refusal(code: ErrorCode, last: JobExecution, detail: string): BatchyError {
  return new BatchyError(code, `Job ${quoteBriefly(last.jobName)}: ${detail}`, {
    facts: { execution_id: last.id, job_instance_id: last.instanceId },
  });
}
