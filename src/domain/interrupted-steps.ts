import type { JobInstance, StepExecution } from './execution.ts';
import { moveStep, type StepEvent, stepTransitions } from './execution-transitions.ts';
import type { Instant } from './time.ts';

/** Steps that had not ended when their execution did, as that leaves them: nobody goes on with them. */
export function interruptedSteps(
  steps: Iterable<StepExecution>,
  event: StepEvent,
  exitMessage: string,
  at: Instant,
): StepExecution[] {
  return [...steps]
    .filter(({ status }) => event in stepTransitions[status])
    .map((step) => {
      const status = moveStep(step.status, event);
      return { ...step, status, exitCode: status, exitMessage, endedAt: step.endedAt ?? at };
    });
}

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
