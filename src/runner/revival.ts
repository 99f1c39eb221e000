import type { JobExecution, StepExecution } from '../domain/execution.ts';
import type { ExecutionState } from './execution-state.ts';

/** Whether somebody had a failed step tried anew, which has not begun yet: once it has, another step execution stands for it. */
export function isToRevive({ revived = [] }: JobExecution, { id, status }: StepExecution): boolean {
  return status === 'FAILED' && revived.includes(id);
}

export function stepsToRevive({ execution, steps }: ExecutionState): StepExecution[] {
  if (execution.revived === undefined) return [];
  return [...steps.values()].filter((step) => isToRevive(execution, step));
}
