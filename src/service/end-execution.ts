import { endBoundBatch } from '../domain/bound-batch.ts';
import type { JournalEntry, WorkflowChange } from '../domain/change.ts';
import type { BatchStatus, JobExecution, JobInstance, StepExecution } from '../domain/execution.ts';
import {
  type DocumentChange,
  executionDocument,
  instanceDocument,
  stepDocument,
} from '../domain/execution-documents.ts';
import { type ExecutionEvent, isLive, moveExecution, type StepEvent } from '../domain/execution-transitions.ts';
import { interruptedSteps } from '../domain/interrupted-steps.ts';
import { withLatest } from '../domain/latest-steps.ts';
import { floorToMicrosecond, type Instant } from '../domain/time.ts';
import type { Workflow } from '../domain/workflow.ts';
import type { BatchReader } from '../ports/batch-reader.ts';
import type { Beside } from './commands.ts';
import { changeOf, type Kept } from './execution-records.ts';

/** Ends an execution that no conductor runs: one that nobody has taken yet, or whose owner is gone. */
export interface Ending {
  readonly events: readonly ExecutionEvent[];
  readonly exitMessage: string;
  readonly by: string;
  /** Step executions that are to run again, beside those that were to before. */
  readonly revived?: readonly number[];
}

export interface Ended {
  readonly execution: JobExecution;
  readonly beside: Beside;
}

/** What an execution that ends leaves behind: its instance, and its steps, those that have not ended among them. */
export interface LeftBehind {
  readonly instance: Kept<JobInstance>;
  readonly steps: readonly Kept<StepExecution>[];
}

/** Whether the events take an execution from where somebody has to care for it to where nobody has. */
export function endsBy(status: BatchStatus, events: Ending['events']): boolean {
  return (isLive(status) || status === 'UNKNOWN') && !isLive(events.reduce(moveExecution, status));
}

/** @throws BatchyError `illegal-transition` */
export function endExecution(
  kept: Kept<JobExecution>,
  { events, exitMessage, by, revived }: Ending,
  left: LeftBehind | null,
  now: Instant,
): Ended {
  const before = kept.value;
  const status = events.reduce(moveExecution, before.status);
  const at = floorToMicrosecond(now);
  const execution: JobExecution = {
    ...before,
    status,
    exitCode: events.includes('revive') ? before.exitCode : status,
    exitMessage,
    ...(revived === undefined ? {} : { revived: [...(before.revived ?? []), ...revived] }),
    // One that is asked to stop goes on until its owner has heard of it.
    endedAt: isLive(status) ? null : isLive(before.status) ? at : (before.endedAt ?? at),
    updatedAt: at,
    stopRequestedBy: events.includes('stop') ? by : before.stopRequestedBy,
  };
  return {
    execution,
    beside: {
      documents: [
        changeOf(kept, executionDocument(execution)),
        ...(left === null ? [] : endSteps(left, events.includes('recover') ? 'recover' : 'halt', exitMessage, at)),
      ],
      journal: [executionEntry(before, execution, at, by)],
    },
  };
}

/** A step that nobody goes on with does not stay STARTED. */
function endSteps({ instance, steps }: LeftBehind, event: StepEvent, why: string, at: Instant): DocumentChange[] {
  const values = steps.map(({ value }) => value);
  if (values.length === 0) return [];
  const ended = interruptedSteps(values, event, why, at);
  const before = new Map(steps.map((kept) => [kept.value.id, kept]));
  return [
    ...ended.map((step) => changeOf(before.get(step.id) ?? null, stepDocument(step))),
    changeOf(instance, instanceDocument(withLatest(withLatest(instance.value, values), ended))),
  ];
}

/** What the journal says of an execution that changed. @param before `null`: it is new */
export function executionEntry(
  before: JobExecution | null,
  after: JobExecution,
  at: Instant,
  by: string,
): JournalEntry {
  return {
    type: 'execution-changed',
    workflow: after.batch?.workflow ?? null,
    at,
    by,
    reason: after.exitMessage === '' ? null : after.exitMessage,
    batchId: after.batch?.batchId ?? null,
    jobs: [],
    execution: {
      id: after.id,
      jobName: after.jobName,
      stepName: null,
      before: before?.status ?? null,
      after: after.status,
    },
  };
}

/** Fails the batch that an execution owns. @returns `null` where it owns none, or none any more */
export async function failBatchOf(
  reader: BatchReader,
  workflow: Workflow | null,
  execution: JobExecution,
  { reason, now, by }: { readonly reason: string; readonly now: Instant; readonly by: string },
): Promise<WorkflowChange | null> {
  const { batch, id } = execution;
  if (batch === null || workflow === null) return null;
  const recordId = String(batch.batchId);
  const record = batch.backfill ? await reader.record(batch.workflow, recordId) : null;
  const copies = record === null ? null : await reader.copy(batch.workflow, recordId);
  return endBoundBatch(workflow, batch, record === null ? null : { record, copies: copies ?? new Map() }, {
    outcome: 'failed',
    reason,
    owner: id,
    now,
    by,
  });
}
