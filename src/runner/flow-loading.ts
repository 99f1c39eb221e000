import type { JobExecution } from '../domain/execution.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { decodeStep } from '../domain/execution-text.ts';
import { type Flow, taskIndex } from '../domain/flow.ts';
import { type FlowState, newFlowState, reconcile, type TaskState } from '../domain/flow-state.ts';
import { decodeFlowRecord, emptyFlowRecord, type FlowRecord } from '../domain/flow-text.ts';
import type { Json } from '../domain/json.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import { previousExecution } from './execution-plan.ts';
import type { ExecutionState } from './execution-state.ts';

const pageSize = 500;

export interface FlowStanding {
  readonly state: FlowState;
  /** Tasks that have done something, or may have, and that the flow has no more: nobody reverts them. */
  readonly departed: readonly string[];
}

/**
 * Where a flow stands: what earlier executions of the instance have left, over that what this one has stored before its owner was lost.
 * Whatever was under way then is lost, since whoever worked on it is gone.
 */
export async function loadFlowState(
  reader: DocumentReader,
  flow: Flow,
  { execution, instance, steps, flow: record }: ExecutionState,
): Promise<FlowStanding> {
  const parameters = [...execution.parameters].map(([name, { value }]): [string, Json] => [name, value]);
  const tasks = execution.forced ? new Map<string, TaskState>() : await earlierTasks(reader, execution, instance.steps);
  for (const [name, step] of steps) {
    const task = step.flow?.task ?? null;
    if (task === null) tasks.delete(name);
    else tasks.set(name, task);
  }
  let moves = 0;
  for (const { started, ended } of tasks.values()) moves = Math.max(moves, started, ended ?? 0);
  const departed = [...tasks].filter(
    ([name, task]) => taskIndex(flow, name) === undefined && task.status !== 'REVERTED',
  );
  return {
    state: reconcile(flow, { ...newFlowState(new Map(parameters)), ...record, tasks, moves }),
    departed: departed.map(([name, { status }]) => `${name} (${status})`),
  };
}

/**
 * What the run before this one has left beside its tasks. One that has ended REVERTED has carried out its decision: its controllers begin anew.
 * @param previous the execution before it in its instance, or `null`
 */
export async function earlierRecord(
  reader: DocumentReader,
  { forced }: JobExecution,
  previous: JobExecution | null,
): Promise<FlowRecord> {
  if (forced) return emptyFlowRecord;
  for (let before = previous; before !== null; before = await previousExecution(reader, before)) {
    if (before.status === 'REVERTED') break;
    const [record = null, outline = null] = await reader.get([
      documentKeys.flow(before.id),
      documentKeys.flowOutline(before.id),
    ]);
    if (record !== null) return decodeFlowRecord(record.text);
    // One that nobody could make, or that was stopped before anybody did, has left what it had found.
    if (outline !== null) break;
  }
  return emptyFlowRecord;
}

/** The tasks of earlier executions of the instance, as this one finds them. */
async function earlierTasks(
  reader: DocumentReader,
  { id }: JobExecution,
  latest: ExecutionState['instance']['steps'],
): Promise<Map<string, TaskState>> {
  const keys = [...latest.values()]
    .filter(({ executionId }) => executionId !== id)
    .map(({ executionId, stepExecutionId }) => documentKeys.step(executionId, stepExecutionId));
  const tasks = new Map<string, TaskState>();
  for (let from = 0; from < keys.length; from += pageSize) {
    for (const document of await reader.get(keys.slice(from, from + pageSize))) {
      if (document === null) continue;
      const { stepName, flow } = decodeStep(document.text);
      const task = flow?.task ?? null;
      // What was undone begins anew. A revert that has failed is tried again, since somebody has mended what it failed of.
      if (task === null || task.status === 'REVERTED') continue;
      tasks.set(
        stepName,
        task.status === 'REVERT_FAILURE' ? { ...task, status: 'REVERTING', revertFailure: null } : task,
      );
    }
  }
  return tasks;
}
