import type { JobExecution, JobInstance, StepExecution } from '../domain/execution.ts';
import { type ExecutionEvent, isLive, moveExecution } from '../domain/execution-transitions.ts';
import { interruptedSteps } from '../domain/interrupted-steps.ts';
import { withLatest } from '../domain/latest-steps.ts';
import { floorToMicrosecond, type Instant } from '../domain/time.ts';
import { atNow } from '../ports/clock.ts';
import type { ExecutionState, StateChange } from './execution-state.ts';
import { movedEntry } from './journal-entries.ts';
import { type EndedBatch, endOwnedBatch } from './owned-batch.ts';
import type { EngineTools } from './running-execution.ts';

export interface ExecutionEnding {
  readonly event: 'complete' | 'fail' | 'halt' | 'revert' | 'lose-owner';
  readonly exitCode: string;
  readonly exitMessage: string;
}

/** The last commit of an execution: its final state, that of steps that nobody goes on with, and the end of its batch. */
export function endingOf(
  state: ExecutionState,
  ending: ExecutionEnding,
  { stores, by }: Pick<EngineTools, 'stores' | 'by'>,
): StateChange | Promise<StateChange> {
  const { event, exitCode, exitMessage } = ending;
  const endWith = (batch: EndedBatch | null) =>
    atNow(stores.clock, (at) => endedState(state, ending, batch, floorToMicrosecond(at), by));
  if (state.execution.batch === null) return endWith(null);
  return endOwnedBatch(stores.reader, state.execution, {
    outcome: event === 'complete' ? 'success' : 'failed',
    reason: event === 'complete' ? null : exitMessage || exitCode,
    by,
  }).then(endWith);
}

function endedState(
  { execution, instance, steps }: ExecutionState,
  { event, exitCode, exitMessage }: ExecutionEnding,
  workflow: EndedBatch | null,
  at: Instant,
  by: string,
): StateChange {
  // What runs on when all else has ended was nobody's to wait for.
  const stepEvent = event === 'complete' || event === 'revert' ? 'halt' : event;
  const interrupted = interruptedSteps(steps.values(), stepEvent, 'it was interrupted', at);
  return {
    ...movedExecution(execution, event, at, by, { exitCode, exitMessage, endedAt: at }),
    steps: interrupted,
    ...latestAtEnd(instance, steps, interrupted),
    ...(workflow === null ? {} : { workflow }),
  };
}

/** What the instance knows of its steps once an execution has ended; those that ended with it come after what they were before. */
export function latestAtEnd(
  instance: JobInstance,
  steps: ReadonlyMap<string, StepExecution>,
  interrupted: readonly StepExecution[],
): Pick<StateChange, 'instance'> {
  return steps.size === 0 ? {} : { instance: withLatest(withLatest(instance, steps.values()), interrupted) };
}

export function movedExecution(
  execution: JobExecution,
  event: ExecutionEvent,
  at: Instant,
  by: string,
  fields: Partial<Pick<JobExecution, 'startedAt' | 'endedAt' | 'exitCode' | 'exitMessage'>>,
): Required<Pick<StateChange, 'execution' | 'journal'>> {
  const status = moveExecution(execution.status, event);
  const reason = fields.exitMessage === undefined || fields.exitMessage === '' ? null : fields.exitMessage;
  return {
    execution: { ...execution, status, exitCode: isLive(status) ? 'EXECUTING' : status, updatedAt: at, ...fields },
    journal: [movedEntry(execution, { stepName: null, before: execution.status, after: status, at, by, reason })],
  };
}
