import { skippedIndex, stepsIndex } from '../domain/document-index.ts';
import { documentRemoval } from '../domain/execution-documents.ts';
import { lastParts, remainingParts, remainsIndex } from '../domain/execution-remains.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import type { StoredChange } from '../ports/store.ts';
import type { ExecutionRecords } from './execution-records.ts';

export interface RemainsOptions {
  readonly documents: DocumentReader;
  readonly records: Pick<ExecutionRecords, 'ids'>;
  /** Stores the changes; not when something has changed since it was read. @returns whether they are stored */
  readonly commit: (changes: readonly StoredChange[]) => Promise<boolean>;
}

/** Documents that go in one commit: between two, others have their turn. */
const most = 200;

/**
 * Removes what executions that were forgotten have left, about `limit` documents of it. Goes on where it, or another process,
 * stopped before.
 * @returns how many documents were removed
 */
export async function clearRemains(options: RemainsOptions, limit: number): Promise<number> {
  let removed = 0;
  while (removed < limit) {
    const [executionId] = await options.records.ids({ ...ascending, index: remainsIndex, limit: 1 });
    if (executionId === undefined) break;
    const count = await clearSome(options, executionId);
    // Another process is at it.
    if (count === null) break;
    removed += count;
  }
  return removed;
}

async function clearSome({ documents, commit }: RemainsOptions, executionId: number): Promise<number | null> {
  const steps = await documents.scan({ ...ascending, index: stepsIndex(executionId), limit: most });
  const room = most - steps.length;
  const skipped =
    room === 0 ? [] : await documents.scan({ ...ascending, index: skippedIndex(executionId), limit: room });
  const isLast = steps.length + skipped.length < most;
  const parts = [
    ...remainingParts(executionId, steps, skipped),
    // Only once nothing else is left: by it the rest is found.
    ...(isLast ? lastParts(executionId) : []),
  ];
  const found = await documents.get(parts);
  const removals = parts.flatMap((part, index) => {
    const { revision = null } = found[index] ?? {};
    return revision === null ? [] : [documentRemoval({ ...part, revision })];
  });
  if (removals.length === 0) return null;
  return (await commit(removals)) ? removals.length : null;
}

const ascending = { prefix: '', direction: 'ascending', beyond: null } as const;
