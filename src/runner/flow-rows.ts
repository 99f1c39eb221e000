import { type FlowStep, type JobExecution, noCounters, type StepExecution } from '../domain/execution.ts';
import { isLive, moveStep } from '../domain/execution-transitions.ts';
import type { FlowEvent } from '../domain/flow-event.ts';
import type { TaskState, TaskStatus } from '../domain/flow-state.ts';
import type { Instant } from '../domain/time.ts';
import type { StateChange } from './execution-state.ts';
import { taskEntry } from './journal-entries.ts';

/** A task that an event has changed. */
export interface TouchedTask {
  readonly name: string;
  /** What happened to it; `null`: it was passed over, or put back to pending, with what happened to another. */
  readonly event: Exclude<FlowEvent, { kind: 'decided' }> | null;
  readonly before: TaskStatus;
  /** `null`: PENDING. */
  readonly task: TaskState | null;
  /** Of the row that it may need. */
  readonly rowId: number | null;
}

/** The phase that an event is about. */
function phaseOf(event: TouchedTask['event']): FlowStep['phase'] {
  return event === null || event.kind.startsWith('revert') ? 'revert' : 'execute';
}

/** Whether a task goes on in the row that it has: one that an owner who is gone has begun in this execution. */
export function goesOnIn(row: StepExecution | undefined, event: TouchedTask['event']): row is StepExecution {
  if (row === undefined) return false;
  if (event === null || !event.kind.endsWith('started')) return true;
  return isLive(row.status) && row.flow?.phase === phaseOf(event);
}

/** What is stored of tasks that have changed: the row of each, and what the journal tells. */
export function rowsOf(
  execution: JobExecution,
  steps: ReadonlyMap<string, StepExecution>,
  touched: readonly TouchedTask[],
  { at, by }: { readonly at: Instant; readonly by: string },
): Required<Pick<StateChange, 'steps' | 'journal'>> {
  const rows = touched.map((each) => rowOf(execution, steps.get(each.name), each, at));
  const journal = touched.map(({ name, before, task, event }) =>
    taskEntry(execution, {
      stepName: name,
      before,
      after: task?.status ?? 'PENDING',
      at,
      by,
      reason: event !== null && 'error' in event ? event.error.message : null,
    }),
  );
  return { steps: rows, journal };
}

function rowOf(
  execution: JobExecution,
  found: StepExecution | undefined,
  { name, event, task, rowId }: TouchedTask,
  at: Instant,
): StepExecution {
  const row = goesOnIn(found, event) ? found : newRow(execution, name, rowId, at);
  const flow: FlowStep = { phase: found === row ? (row.flow?.phase ?? phaseOf(event)) : phaseOf(event), task };
  const end = (by: 'complete' | 'fail', exitMessage: string): StepExecution => {
    const status = moveStep(row.status, by);
    return { ...row, status, exitCode: status, exitMessage, endedAt: at, flow };
  };
  const kind = event?.kind ?? 'passed-over';
  if (kind === 'started' || kind === 'revert-started') return { ...row, flow };
  if (event !== null && 'error' in event) return end('fail', event.error.message);
  if (kind !== 'passed-over') return end('complete', '');
  if (!isLive(row.status)) return { ...row, flow };
  return found === row
    ? end('fail', 'it was interrupted, and something else failed')
    : end('complete', 'nothing to undo');
}

function newRow(execution: JobExecution, stepName: string, id: number | null, at: Instant): StepExecution {
  if (id === null) throw new RangeError(`no row was made ready for the task ${stepName}`);
  return {
    id,
    executionId: execution.id,
    instanceId: execution.instanceId,
    stepName,
    status: 'STARTED',
    exitCode: 'EXECUTING',
    exitMessage: '',
    startedAt: at,
    endedAt: null,
    counters: noCounters,
    checkpoint: null,
  };
}
