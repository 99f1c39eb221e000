import { replayableIndex, skippedIndex, unreplayableIndex } from '../domain/document-index.ts';
import type { ExecutionRecords, KeptSkip } from './execution-records.ts';

export interface SkippedPage {
  /** The member of the last item of the page before, or `null`. */
  readonly after: string | null;
  readonly limit: number;
  /** Only items that no replay has carried through. */
  readonly missing: boolean;
}

type Records = Pick<ExecutionRecords, 'members' | 'skipped'>;

/** In the order in which they were left out, step by step. A page costs no more for there being others before it. */
export async function listSkipped(records: Records, executionId: number, page: SkippedPage): Promise<KeptSkip[]> {
  const { after: beyond, limit, missing } = page;
  const indexes = missing
    ? [replayableIndex(executionId), unreplayableIndex(executionId)]
    : [skippedIndex(executionId)];
  const found = await Promise.all(
    indexes.map((index) => records.members({ index, prefix: '', direction: 'ascending', beyond, limit })),
  );
  // All are of one length, so that they sort as texts.
  return records.skipped(executionId, found.flat().toSorted().slice(0, limit));
}

/** How many of an index begin with a prefix; counted up to `most`. */
export async function countMembers(records: Records, index: string, prefix: string, most: number): Promise<number> {
  let count = 0;
  for (let beyond: string | null = null; count < most;) {
    const limit = Math.min(stride, most - count);
    const members: string[] = await records.members({ index, prefix, direction: 'ascending', beyond, limit });
    count += members.length;
    if (members.length < limit) break;
    beyond = members.at(-1) ?? null;
  }
  return count;
}

const stride = 10_000;
