import type { BatchRecord } from '../domain/change.ts';
import { instanceIndexes } from '../domain/document-index.ts';
import type { JobExecution, JobInstance, OwnedBatch } from '../domain/execution.ts';
import { documentKeys, doubtsDocument } from '../domain/execution-documents.ts';
import { isDisownable } from '../domain/execution-transitions.ts';
import { quoteBriefly } from '../domain/names.ts';
import type { Instant } from '../domain/time.ts';
import { isInDoubt, type UndoneWindow, withDoubts } from '../domain/windows-in-doubt.ts';
import type { Beside } from './commands.ts';
import { endExecution } from './end-execution.ts';
import { changeOf, type ExecutionRecords, type Kept } from './execution-records.ts';

/** Who declares a batch failed, when, and why. */
interface Declaration {
  readonly by: string;
  readonly now: Instant;
  readonly reason: string | null;
}

/**
 * What goes with a success that is declared failed: its window is in doubt for all instances that there are, and the execution that
 * loaded it is given up.
 * @param undone the record of its batch; `null` where it is none of ours
 */
export async function disown(
  records: ExecutionRecords,
  workflow: string,
  windows: readonly UndoneWindow[],
  undone: BatchRecord | null,
  declaration: Declaration,
): Promise<Beside | null> {
  const given = undone === null ? null : await disownExecution(records, workflow, undone, declaration);
  const page = { prefix: '', direction: 'descending', beyond: null, limit: 1 } as const;
  // A launch of the workflow that makes a newer one meanwhile is a change of the workflow: then this one is computed anew.
  const [lastInstance] = await records.ids({ ...page, index: instanceIndexes.all });
  if (lastInstance === undefined) return given;
  const known = await records.doubts(workflow);
  const doubts = withDoubts(known?.value ?? [], windows, lastInstance);
  return {
    documents: [changeOf(known, doubtsDocument(workflow, doubts)), ...(given?.documents ?? [])],
    guards: given?.guards ?? [],
    journal: given?.journal ?? [],
  };
}

/** Whether what an instance has done of its window is in doubt. */
export async function isWindowInDoubt(
  records: ExecutionRecords,
  window: OwnedBatch,
  { id }: JobInstance,
): Promise<boolean> {
  return isInDoubt((await records.doubts(window.workflow))?.value ?? [], window, id);
}

/**
 * The execution that loaded a batch becomes ABANDONED where that batch's success is declared failed: nothing goes on with what it
 * did, the window is run whole. One that runs, or of which nobody knows what it did, is left to its own end.
 * @param record of the batch
 * @returns `null` where there is no such execution: a client opened the batch, or the execution was forgotten
 */
async function disownExecution(
  records: ExecutionRecords,
  workflow: string,
  { id, opening }: BatchRecord,
  { by, now, reason }: Declaration,
): Promise<Beside | null> {
  const loader = opening.owner === undefined ? null : await records.execution(Number(opening.owner));
  if (loader === null) return null;
  const instance = await records.instance(loader.value.instanceId);
  const executions = [loader, ...(await leaningOn(records, loader.value, instance))];
  const why = `batch ${id} of workflow ${quoteBriefly(workflow)} was declared failed by ${by}`;
  const ended = executions
    .filter(({ value }) => isDisownable(value.status))
    .map((kept) => {
      const exitMessage = [kept.value.exitMessage, reason === null ? why : `${why}: ${reason}`]
        .filter(Boolean)
        .join('; ');
      return endExecution(kept, { events: ['disown'], exitMessage, by }, null, now).beside;
    });
  return {
    documents: ended.flatMap(({ documents }) => documents),
    // A launch of the instance meanwhile would make another one its last.
    guards: instance === null ? [] : [{ ...documentKeys.instance(instance.value.id), expected: instance.revision }],
    journal: ended.flatMap(({ journal }) => journal),
  };
}

/**
 * A later execution of a backfill's instance, of which its next launch learns what is left to do. It may have skipped what the
 * loader did, unless it has completed the window in a batch of its own: that stands until it is declared failed itself.
 */
async function leaningOn(
  records: ExecutionRecords,
  loader: JobExecution,
  instance: Kept<JobInstance> | null,
): Promise<Kept<JobExecution>[]> {
  const lastId = instance?.value.lastExecutionId ?? null;
  const last = lastId === null || lastId === loader.id ? null : await records.execution(lastId);
  if (last === null || (last.value.status === 'COMPLETED' && last.value.batch !== null)) return [];
  return [last];
}
