import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Commit } from '../../../src/ports/store.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { countingCommit } from './counting-commit.ts';

/** Commits on top of what is stored until it succeeds, and says what the workflow counted to. */
export async function countUp(stores: Stores, workflow: string): Promise<number> {
  for (;;) {
    const { head, ledger } = await stores.reader.load(workflow);
    const { commit, count } = countingCommit(workflow, { head, ledger }, randomUUID());
    if ((await stores.store.commit(commit)).kind === 'committed') return count;
  }
}

/** That all that the commits of a workflow wrote agrees: each is there whole, or not at all. @returns how far it counted */
export async function expectWhole(stores: Stores, workflow: string): Promise<number> {
  const { head, ledger } = await stores.reader.load(workflow);
  const count = ledger === null ? 0 : (JSON.parse(ledger) as { revision: number }).revision;
  expect(head).toEqual(count === 0 ? null : new Map([['job1', JSON.stringify({ batch_id: count })]]));

  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const records = await stores.reader.records(workflow, { before: null, limit: count + 1, kinds: [] });
  expect(records.map(({ opening }) => opening.number)).toEqual(numbers.toReversed());
  const windows = await stores.reader.windows(workflow, 'job1', { after: null, limit: count + 1 });
  expect(windows.map(({ batchId }) => batchId)).toEqual(numbers);
  const journal = await stores.journal.read({ workflow, direction: 'ascending', beyond: null, limit: count + 1 });
  expect(journal.map(({ entry }) => entry.batchId)).toEqual(numbers);
  return count;
}

/** The operation's effect and its memory are there together or not. */
export async function expectRemembered(stores: Stores, { operation }: Commit, remembered: boolean): Promise<void> {
  expect((await stores.reader.operation(operation.id)) !== null).toBe(remembered);
}
