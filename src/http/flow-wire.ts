import type { JobExecution, StepExecution } from '../domain/execution.ts';
import type { FlowOutline } from '../domain/flow-text.ts';
import type { JsonObject } from '../domain/json.ts';
import type { FlowView } from '../service/executions.ts';
import { stateFields } from './job-wire.ts';

/**
 * The tasks of a flow, and the flows that they stand in, with what has become of each in an execution.
 * @param view `null` before anybody has picked it up: nobody knows its tasks
 */
export function flowGraphFields(
  execution: JobExecution,
  view: FlowView | null,
  steps: readonly StepExecution[],
): JsonObject {
  const { id, jobName, status } = execution;
  const nodes = view?.outline.nodes ?? [];
  const latest = new Map(steps.map((step) => [step.stepName, step]));
  const nameAt = (index: number): string => nodes[index]?.name ?? '';
  return {
    job_execution_id: id,
    job_name: jobName,
    status,
    nodes: nodes.map(({ name, kind, scope, retry, hasRevert }) => ({
      name,
      kind,
      ...stateFields(kind === 'task' ? latest.get(name) : undefined),
      task: null,
      scope: scope === null ? null : nameAt(scope),
      retry,
      has_revert: hasRevert,
      task_state: view === null || kind !== 'task' ? null : stateOf(view, name),
    })),
    edges: edgesOf(nodes).map(([from, to]) => ({ from: nameAt(from), to: nameAt(to), on: null, end: null })),
  };
}

function stateOf({ tasks }: FlowView, name: string): string | null {
  const known = tasks.get(name);
  return known === undefined ? 'PENDING' : known;
}

function edgesOf(nodes: FlowOutline['nodes']): [number, number][] {
  return nodes.flatMap(({ parents }, index) => parents.map((parent): [number, number] => [parent, index]));
}
