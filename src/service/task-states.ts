import type { BatchStatus, JobExecution, JobInstance, StepExecution } from '../domain/execution.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { buildGraph, type GraphState, type NodeOutcome } from '../domain/graph.ts';
import { createGraphRun } from '../domain/graph-run.ts';
import type { JobDefinition } from '../domain/job.ts';
import { withLatest } from '../domain/latest-steps.ts';
import { taskLetter } from '../domain/task-letters.ts';
import type { TaskLetter } from '../domain/task-list.ts';

/** What has become of a task of a list in an execution. */
export interface TaskState {
  readonly id: number;
  readonly name: string;
  readonly letter: TaskLetter;
  /** Why it has failed, or `''`. */
  readonly message: string;
}

/** @param steps of the execution */
export function taskStates(
  definition: JobDefinition,
  execution: JobExecution,
  instance: JobInstance,
  steps: readonly StepExecution[],
): TaskState[] {
  const deselected = new Set(execution.deselected);
  const statuses = new Map<string, BatchStatus>();
  // What a restart has not come to yet is as good as new, unless it was completed.
  for (const [name, { executionId, status }] of withLatest(instance, steps).steps)
    if (!deselected.has(name) && (executionId === execution.id || status === 'COMPLETED')) statuses.set(name, status);
  const nodes = new Map<string, NodeRecord>();
  for (const [name, status] of statuses) nodes.set(name, recordOf(status));
  for (const name of deselected) nodes.set(name, 'deselected');
  const run = createGraphRun(buildGraph(definition), { nodes, stopping: false });
  const messages = new Map(steps.map((step) => [step.stepName, step.status === 'FAILED' ? step.exitMessage : '']));
  return definition.steps.map(({ name, task }, index) => ({
    id: task?.id ?? index + 1,
    name,
    letter: taskLetter({
      status: statuses.get(name) ?? null,
      isDeselected: deselected.has(name),
      isDefaulted: run.stateOf(name) === 'defaulted',
      hasEnded: !isLive(execution.status),
    }),
    message: messages.get(name) ?? '',
  }));
}

type NodeRecord = GraphState['nodes'] extends ReadonlyMap<string, infer Record> ? Record : never;

function recordOf(status: BatchStatus): NodeRecord {
  if (isLive(status)) return 'running';
  const outcome = { COMPLETED: 'completed', STOPPED: 'stopped' } as const;
  const how: NodeOutcome['status'] = status === 'COMPLETED' || status === 'STOPPED' ? outcome[status] : 'failed';
  return { status: how, exitCode: status };
}
