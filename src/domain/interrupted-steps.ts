import type { StepExecution } from './execution.ts';
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
