import type { JobInstance, LatestStep, StepExecution } from './execution.ts';

/**
 * What an instance knows of its steps is written once, with the end of an execution: written with each step of it, the text
 * would grow with every one of them. Until then the steps of the execution are what is known beyond it.
 */

/** An instance that knows these step executions as the latest of their steps. Told twice it is as told once. */
export function withLatest(instance: JobInstance, steps: Iterable<StepExecution>): JobInstance {
  let latest: Map<string, LatestStep> | null = null;
  for (const step of steps) {
    latest ??= new Map(instance.steps);
    latest.set(step.stepName, latestAfter(instance.steps.get(step.stepName), step));
  }
  return latest === null ? instance : { ...instance, steps: latest };
}

/** The latest step execution of one step, in an execution whose own steps are `steps`. */
export function latestStep(
  instance: JobInstance,
  steps: ReadonlyMap<string, StepExecution>,
  stepName: string,
): LatestStep | undefined {
  const known = instance.steps.get(stepName);
  const own = steps.get(stepName);
  return own === undefined ? known : latestAfter(known, own);
}

/** Going on with an execution whose owner was lost is no further start. */
function latestAfter(known: LatestStep | undefined, { id, executionId, status }: StepExecution): LatestStep {
  const before = known?.starts ?? 0;
  const starts = known?.executionId === executionId ? before : before + 1;
  return { stepExecutionId: id, executionId, status, starts };
}
