import type { StoredWorkflow } from '../../../src/domain/workflow.ts';
import type { Commit } from '../../../src/ports/store.ts';
import { at, change, commit, entry, listing, loaded, operation, record } from '../../contract/fixtures.ts';

/** A commit that counts a workflow up by one, in its head, ledger, records, coverage and journal alike. */
export function countingCommit(
  workflow: string,
  expected: StoredWorkflow,
  operationId: string,
): { readonly commit: Commit; readonly count: number } {
  const count = expected.ledger === null ? 1 : (JSON.parse(expected.ledger) as { revision: number }).revision + 1;
  const start = at('2026-01-01') + BigInt(count) * 1_000_000_000n;
  const outcome = { ...loaded('2026-01-01', '2026-01-02'), until: start };
  const counted = change({
    name: workflow,
    expected,
    head: new Map([['job1', JSON.stringify({ batch_id: count })]]),
    ledger: JSON.stringify({ revision: count }),
    records: [record(count, { job1: { outcome, copy: new Map([['batch_id', count]]) } })],
    listing: listing({ status: 'success' }),
  });
  return {
    count,
    commit: commit([counted], {
      operation: operation({ id: operationId }),
      journal: [entry({ workflow, batchId: count })],
    }),
  };
}
