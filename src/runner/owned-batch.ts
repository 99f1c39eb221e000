import { endBoundBatch } from '../domain/bound-batch.ts';
import type { WorkflowChange } from '../domain/change.ts';
import type { JobExecution } from '../domain/execution.ts';
import { decodeWorkflow, type StoredWorkflow } from '../domain/workflow.ts';
import type { BatchReader } from '../ports/batch-reader.ts';

export interface EndedBatch {
  readonly stored: StoredWorkflow;
  readonly change: WorkflowChange;
}

export interface BatchOutcome {
  readonly outcome: 'success' | 'failed';
  readonly reason: string | null;
  readonly by: string;
}

/**
 * What the end of an execution does to the batch that it owns; `null` where it owns none, or somebody took it away by force:
 * then the execution ends all the same.
 */
export async function endOwnedBatch(
  reader: BatchReader,
  { id, batch }: JobExecution,
  outcome: BatchOutcome,
): Promise<EndedBatch | null> {
  if (batch === null) return null;
  const stored = await reader.load(batch.workflow);
  const workflow = decodeWorkflow(batch.workflow, stored);
  if (workflow === null) return null;
  const recordId = String(batch.batchId);
  const record = batch.backfill ? await reader.record(batch.workflow, recordId) : null;
  const copies = record === null ? null : await reader.copy(batch.workflow, recordId);
  const change = endBoundBatch(workflow, batch, record === null ? null : { record, copies: copies ?? new Map() }, {
    ...outcome,
    owner: id,
    now: stored.now,
  });
  return change === null ? null : { stored, change };
}
