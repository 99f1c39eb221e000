import type { JobInstance, StepExecution } from '../domain/execution.ts';

/** An instance that knows these as the latest of their steps. @param started whether they have just been started */
export function withLatest(instance: JobInstance, steps: readonly StepExecution[], started: boolean): JobInstance {
  if (steps.length === 0) return instance;
  const latest = new Map(instance.steps);
  for (const { id, executionId, stepName, status } of steps) {
    const starts = (latest.get(stepName)?.starts ?? 0) + Number(started);
    latest.set(stepName, { stepExecutionId: id, executionId, status, starts });
  }
  return { ...instance, steps: latest };
}
