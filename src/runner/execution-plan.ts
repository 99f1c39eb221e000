import type { JobExecution, StepExecution } from '../domain/execution.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { decodeExecution, decodeStep } from '../domain/execution-text.ts';
import type { Graph } from '../domain/graph.ts';
import type { JobDefinition } from '../domain/job.ts';
import { withLatest } from '../domain/latest-steps.ts';
import type { Json } from '../domain/json.ts';
import { planRestart, type RestartPlan } from '../domain/restart-plan.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import type { ExecutionState } from './execution-state.ts';

export interface ExecutionPlan extends RestartPlan {
  /** Of steps that go on where an earlier execution of the instance left them. */
  readonly checkpoints: ReadonlyMap<string, Json>;
}

/** Of jobs of whose instance nothing has run: a definition never changes once it is made. */
const plansOfNew = new WeakMap<JobDefinition, ExecutionPlan>();

/** What is to be done in an execution before which nothing of its instance has run; `null` for any other. */
export function planOfNew(
  definition: JobDefinition,
  graph: Graph,
  { execution, instance, steps }: ExecutionState,
): ExecutionPlan | null {
  const { deselected = [], previousId } = execution;
  if (instance.steps.size > 0 || steps.size > 0 || deselected.length > 0 || previousId !== undefined) return null;
  const known = plansOfNew.get(definition);
  if (known !== undefined) return known;
  const plan = planRestart({
    definition,
    graph,
    steps: instance.steps,
    stepExecutions: new Map(),
    forced: false,
    deselected,
    executionId: null,
    lastCompleted: false,
  });
  const made = { ...plan, checkpoints: new Map() };
  plansOfNew.set(definition, made);
  return made;
}

/** What is left to do in an execution, by what the store knows of its instance. */
export async function planExecution(
  reader: DocumentReader,
  definition: JobDefinition,
  graph: Graph,
  { execution, instance: known, steps }: ExecutionState,
  previous: JobExecution | null,
): Promise<ExecutionPlan> {
  // Of an execution that is gone on with, its own steps come before what the instance was left with.
  const instance = withLatest(known, steps.values());
  const stepExecutions = new Map<string, StepExecution>();
  const latest = definition.steps.flatMap(({ name }) => instance.steps.get(name) ?? []);
  const found = await reader.get(latest.map((step) => documentKeys.step(step.executionId, step.stepExecutionId)));
  for (const document of found) {
    if (document === null) continue;
    const step = decodeStep(document.text);
    stepExecutions.set(step.stepName, step);
  }
  const plan = planRestart({
    definition,
    graph,
    steps: instance.steps,
    stepExecutions,
    forced: execution.forced,
    deselected: execution.deselected ?? [],
    revived: execution.revived ?? [],
    executionId: execution.id,
    lastCompleted: previous?.status === 'COMPLETED',
  });
  const checkpoints = new Map(
    plan.steps.flatMap(({ stepName, action }): [string, Json][] =>
      action === 'resume' ? [[stepName, stepExecutions.get(stepName)?.checkpoint ?? null]] : [],
    ),
  );
  return { ...plan, checkpoints };
}

/** The execution before this one in its instance, or `null`. */
export async function previousExecution(
  reader: DocumentReader,
  { previousId }: JobExecution,
): Promise<JobExecution | null> {
  if (previousId === undefined) return null;
  const [stored] = await reader.get([documentKeys.execution(previousId)]);
  return stored === null || stored === undefined ? null : decodeExecution(stored.text);
}
