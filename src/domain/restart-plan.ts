import { placeProblem } from './chunk-place.ts';
import type { BatchStatus, LatestStep, StepExecution } from './execution.ts';
import type { Graph, GraphState, NodeOutcome } from './graph.ts';
import { ruledTarget } from './graph.ts';
import { createGraphRun } from './graph-run.ts';
import type { JobDefinition, StepDefinition } from './job.ts';
import type { Json } from './json.ts';

export interface PlannedStep {
  readonly stepName: string;
  /** `revert`: of a task of a flow (`flow-restart-plan.ts`). */
  readonly action: 'skip' | 'run' | 'resume' | 'revert';
  /** For a person. */
  readonly why: string;
  /** Where a chunk step goes on, for `resume`; `null`: at the beginning. */
  readonly checkpoint: Json;
  /** It runs only if the steps before it lead to it, which is not known yet. */
  readonly conditional: boolean;
  /** Its `startLimit` is reached: it may not run again. */
  readonly overLimit: boolean;
}

export interface RestartPlan {
  /** In the order of the definition. */
  readonly steps: readonly PlannedStep[];
  /** What a run of the graph begins with: what is completed already. */
  readonly state: GraphState;
  /** Nothing is left to run: it would complete at once. */
  readonly isComplete: boolean;
}

export interface RestartPlanInput {
  readonly definition: JobDefinition;
  /** Of `definition`. */
  readonly graph: Graph;
  /** Of the instance: by step, its latest step execution. Partitions (`name:partition1`) may be among them. */
  readonly steps: ReadonlyMap<string, LatestStep>;
  /** The same step executions in full. Only those with a checkpoint or an exit code that decides matter. */
  readonly stepExecutions: ReadonlyMap<string, StepExecution>;
  /** Everything afresh. */
  readonly forced: boolean;
  /** Steps that the launch leaves out. */
  readonly deselected: readonly string[];
  /** Step executions of the execution that is gone on with which have failed and are to run again. */
  readonly revived?: readonly number[];
  /**
   * The execution that is gone on with after its owner was lost: what it has done is done, forced or not. `null` for a new
   * execution.
   */
  readonly executionId: number | null;
  /** Whether the last execution of the instance is COMPLETED: failures that decisions handled in it need no repetition. */
  readonly lastCompleted: boolean;
}

/**
 * What a new execution of an instance does with each step, or what one does that is gone on with. Steps whose latest step
 * execution is COMPLETED are skipped, the others run; an interrupted chunk step goes on at its checkpoint.
 */
export function planRestart(input: RestartPlanInput): RestartPlan {
  const settled = settledSteps(input, false);
  const state: GraphState = { nodes: withDeselected(input, settled), stopping: false };
  const run = createGraphRun(input.graph, state);
  const decision = run.next();
  const ready = new Set(decision.kind === 'run' ? decision.names : []);
  const undecided = undecidedSteps(input.graph, settled);
  const steps = input.definition.steps.map((step): PlannedStep => {
    const nodeState = run.stateOf(step.name);
    if (nodeState === 'deselected') return skipped(step, 'the launch leaves it out');
    if (nodeState === 'unreached') return skipped(step, 'the decisions that were taken do not lead to it');
    if (nodeState === 'defaulted') return skipped(step, 'a step that it needs has failed');
    const outcome = settled.get(step.name);
    if (outcome !== undefined) return skipped(step, whySettled(input, step, outcome));
    if (decision.kind === 'finish') return skipped(step, 'the execution ends before it');
    return {
      stepName: step.name,
      ...planned(input, step),
      conditional: undecided.has(step.name) && !ready.has(step.name),
      overLimit: isOverLimit(input, step),
    };
  });
  return { steps, state, isComplete: isComplete(input) };
}

function withDeselected(
  { deselected }: RestartPlanInput,
  settled: ReadonlyMap<string, NodeOutcome>,
): GraphState['nodes'] {
  if (deselected.length === 0) return settled;
  const nodes = new Map<string, NodeOutcome | 'deselected'>(settled);
  for (const name of deselected) nodes.set(name, 'deselected');
  return nodes;
}

function skipped(step: StepDefinition, why: string): PlannedStep {
  return { stepName: step.name, action: 'skip', why, checkpoint: null, conditional: false, overLimit: false };
}

/** What restarts may repeat (`allowStartIfComplete`) does not make an instance incomplete. */
function isComplete(input: RestartPlanInput): boolean {
  if (input.forced) return false;
  // What a flow has left to do only its code knows.
  if (input.definition.isFlow === true) return input.lastCompleted;
  const settled = settledSteps(input, true);
  // Of nothing settled something is left; a job without steps has nothing to do.
  if (settled.size === 0 && input.definition.steps.length > 0) return false;
  const decision = createGraphRun(input.graph, { nodes: withDeselected(input, settled), stopping: false }).next();
  return decision.kind === 'finish' && decision.status === 'COMPLETED';
}

function settledSteps(input: RestartPlanInput, ignoreAllowance: boolean): Map<string, NodeOutcome> {
  const settled = new Map<string, NodeOutcome>();
  for (const step of input.definition.steps) {
    const outcome = settledOutcome(input, step, ignoreAllowance);
    if (outcome !== null) settled.set(step.name, outcome);
  }
  return settled;
}

const outcomeOf: Readonly<Partial<Record<BatchStatus, NodeOutcome['status']>>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  STOPPED: 'stopped',
};

/** How a step that is not run (again) ended; `null` for one that is. */
function settledOutcome(input: RestartPlanInput, step: StepDefinition, ignoreAllowance: boolean): NodeOutcome | null {
  const latest = input.steps.get(step.name);
  if (latest === undefined) return null;
  const exitCode = exitCodeOf(input, step, latest);
  const target = ruledTarget(input.graph.nodes[input.graph.indexOf.get(step.name) as number]?.rules ?? [], exitCode);
  if (input.executionId !== null && latest.executionId === input.executionId) {
    const status = outcomeOf[latest.status];
    if (status === 'failed' && input.revived?.includes(latest.stepExecutionId) === true) return null;
    return status === undefined ? null : { status, exitCode };
  }
  if (input.forced) return null;
  if (latest.status === 'FAILED') return input.lastCompleted && target !== null ? { status: 'failed', exitCode } : null;
  if (latest.status !== 'COMPLETED' || (step.allowStartIfComplete && !ignoreAllowance)) return null;
  // What decided that the execution fails or stops is asked again, else no restart would ever get further.
  if (target?.kind === 'end' && target.status !== 'COMPLETED') return null;
  return { status: 'completed', exitCode };
}

/** The exit code of a step execution that is not at hand, or of an older one under the name, is its status. */
function exitCodeOf({ stepExecutions }: RestartPlanInput, step: StepDefinition, latest: LatestStep): string {
  const found = stepExecutions.get(step.name);
  return found?.id === latest.stepExecutionId ? found.exitCode : latest.status;
}

function planned(input: RestartPlanInput, step: StepDefinition): Pick<PlannedStep, 'action' | 'why' | 'checkpoint'> {
  const latest = input.steps.get(step.name);
  const run = (why: string) => ({ action: 'run', why, checkpoint: null }) as const;
  if (latest === undefined) return run('it has not run yet');
  const isOwn = latest.executionId === input.executionId;
  if (input.forced && !isOwn) return run('every step runs afresh, since it is forced');
  if (latest.status === 'COMPLETED') {
    return step.allowStartIfComplete
      ? run('it is completed, and may start all the same (allowStartIfComplete)')
      : run(`it is completed and decided how execution ${latest.executionId} ended: it decides again`);
  }
  const before = isOwn
    ? latest.status === 'FAILED'
      ? 'it has failed in this execution and was revived'
      : 'it was interrupted when the owner of the execution was lost'
    : `it is ${latest.status} in execution ${latest.executionId}`;
  if (step.kind === 'partition')
    return { action: 'resume', why: `${before}; its completed partitions are kept`, checkpoint: null };
  const found = input.stepExecutions.get(step.name);
  const checkpoint = found?.id === latest.stepExecutionId ? found.checkpoint : null;
  if (step.kind === 'chunk' && checkpoint !== null) {
    const problem = placeProblem(checkpoint);
    const where =
      problem === null
        ? 'it goes on behind its last committed chunk'
        : `it will fail at once: ${problem} Only force=true begins it anew`;
    return { action: 'resume', why: `${before}; ${where}`, checkpoint };
  }
  return run(before);
}

function whySettled(input: RestartPlanInput, step: StepDefinition, { status }: NodeOutcome): string {
  const executionId = input.steps.get(step.name)?.executionId;
  const isOwn = executionId === input.executionId;
  const where = isOwn ? 'in this execution' : `in execution ${executionId}`;
  if (status === 'completed') return `it was completed ${where}`;
  if (status === 'stopped') return `it was stopped ${where}`;
  return isOwn ? `it has failed ${where}` : `it has failed ${where}, and a decision handled that`;
}

/** Going on with an execution is no further start. */
function isOverLimit({ forced, steps, executionId }: RestartPlanInput, step: StepDefinition): boolean {
  const latest = steps.get(step.name);
  if (forced || step.startLimit === null || latest === undefined) return false;
  return latest.executionId !== executionId && latest.starts >= step.startLimit;
}

/** Steps behind a decision that is still to come: it may lead to them, or away from them. */
function undecidedSteps({ nodes }: Graph, settled: ReadonlyMap<string, NodeOutcome>): Set<string> {
  const undecided = new Set<string>();
  const toVisit = nodes.flatMap(({ name, rules, children, targets }) =>
    rules.length > 0 && !settled.has(name) ? [...children, ...targets] : [],
  );
  for (let index = toVisit.pop(); index !== undefined; index = toVisit.pop()) {
    const node = nodes[index];
    if (node === undefined || undecided.has(node.name)) continue;
    undecided.add(node.name);
    toVisit.push(...node.children, ...node.targets);
  }
  return undecided;
}
