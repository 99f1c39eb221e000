import type { JobExecution } from '../domain/execution.ts';
import {
  documentChange,
  documentKeys,
  executionDocument,
  executionMembers,
  leaseDocument,
  type ReadDocument,
} from '../domain/execution-documents.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { decodeExecution } from '../domain/execution-text.ts';
import { decodeLease, type Lease } from '../domain/lease.ts';
import { floorToMicrosecond } from '../domain/time.ts';
import type { DocumentReader, StoredDocument } from '../ports/document-reader.ts';
import type { Commit, DocumentGuard, Operation, StoredChange, StoredDocumentChange } from '../ports/store.ts';
import type { Stores } from '../ports/stores.ts';

/** An execution that waits for a conductor, or has one. */
export interface Claimable {
  readonly execution: JobExecution;
  readonly executionRevision: number;
  readonly lease: Lease | null;
  readonly leaseRevision: number | null;
}

/** What takes the lease of an execution that nobody has begun, together with its first change. */
export interface Claim extends Pick<Claimable, 'execution' | 'executionRevision'> {
  readonly lease: StoredDocumentChange;
  /** The fencing token, once it is stored. */
  readonly fence: number;
  /** What must be as it was, or it is not taken. */
  readonly guards: readonly DocumentGuard[];
}

type LeaseStores = Pick<Stores, 'store' | 'documents' | 'clock'>;

/**
 * Those of the executions that are not over, with their leases.
 * @param onUnread told of one that cannot be read, as something newer may have written it: so it keeps nobody from the others
 * @throws BatchyError `store-unavailable`, and `foreign-data` where nobody is to be told
 */
export async function claimables(
  { documents }: LeaseStores,
  ids: readonly number[],
  onUnread: (executionId: number, error: unknown) => void = (_id, error) => {
    throw error;
  },
): Promise<Claimable[]> {
  const found = await documents.get([...ids.map(documentKeys.execution), ...ids.map(documentKeys.lease)]);
  return ids.flatMap((id, index): Claimable[] => {
    const stored = found[index] ?? null;
    if (stored === null) return [];
    try {
      const claimable = claimableOf(stored, found[ids.length + index] ?? null);
      return isLive(claimable.execution.status) ? [claimable] : [];
    } catch (error) {
      onUnread(id, error);
      return [];
    }
  });
}

/** @throws BatchyError `foreign-data` */
function claimableOf(stored: StoredDocument, lease: StoredDocument | null): Claimable {
  return {
    execution: decodeExecution(stored.text),
    executionRevision: stored.revision,
    lease: lease === null ? null : decodeLease(lease.text),
    leaseRevision: lease?.revision ?? null,
  };
}

/**
 * Prepares to take the lease with the first commit: only where nobody has begun the execution, so that nothing of it but itself can
 * change in between.
 */
export async function prepareClaim(
  { clock }: Pick<LeaseStores, 'clock'>,
  claimable: Claimable,
  conductor: string,
  guards: Claim['guards'] = [],
): Promise<Claim> {
  const { execution, executionRevision, leaseRevision } = claimable;
  const takenAt = floorToMicrosecond(await clock.now());
  const after = leaseDocument({ executionId: execution.id, conductor, takenAt });
  return {
    execution,
    executionRevision,
    lease: documentChange(readLease(claimable), after),
    fence: (leaseRevision ?? 0) + 1,
    guards,
  };
}

function readLease({ lease, leaseRevision }: Claimable): ReadDocument | null {
  return lease === null || leaseRevision === null ? null : { members: [], revision: leaseRevision };
}

export interface Taking {
  readonly conductor: string;
  readonly operation: Operation;
  /** Whether its owner was lost, rather than that it had none. */
  readonly countsAsTakeover: boolean;
  /** What else changes with it, and what must be as it was. */
  readonly beside?: Pick<Commit, 'changes' | 'guards'>;
}

/**
 * Takes the lease.
 * @returns the fencing token, or `null` when somebody else was faster
 */
export async function takeLease(
  { store, clock }: LeaseStores,
  claimable: Claimable,
  { conductor, operation, countsAsTakeover, beside = { changes: [] } }: Taking,
): Promise<number | null> {
  const { execution, executionRevision, leaseRevision } = claimable;
  const takenAt = floorToMicrosecond(await clock.now());
  const after = leaseDocument({ executionId: execution.id, conductor, takenAt });
  const known = { members: executionMembers(execution), revision: executionRevision };
  const counted = executionDocument({ ...execution, takeovers: execution.takeovers + 1, updatedAt: takenAt });
  const outcome = await store.commit({
    operation,
    changes: [
      documentChange(readLease(claimable), after),
      ...(countsAsTakeover ? [documentChange(known, counted)] : []),
      ...beside.changes,
    ],
    // What has ended in between is not taken.
    guards: [
      ...(countsAsTakeover ? [] : [{ ...documentKeys.execution(execution.id), expected: executionRevision }]),
      ...(beside.guards ?? []),
    ],
    journal: [],
  });
  return outcome.kind === 'conflict' ? null : (leaseRevision ?? 0) + 1;
}

/**
 * Gives a lease back, so that any conductor may take it at once. It counts as no takeover. Of a first taking that was never stored the
 * number may be another conductor's: theirs stays.
 */
export async function releaseLease(
  { store, documents, clock }: LeaseStores,
  executionId: number,
  { fence, conductor }: { fence: number; conductor: string },
  operation: Operation,
): Promise<void> {
  const [stored] = await documents.get([documentKeys.lease(executionId)]);
  if (stored === null || stored === undefined || stored.revision !== fence) return;
  const lease = decodeLease(stored.text);
  if (lease.conductor !== conductor) return;
  const before = { members: [], revision: fence };
  const takenAt = floorToMicrosecond(await clock.now());
  await store.commit({
    operation,
    changes: [documentChange(before, leaseDocument({ executionId, conductor: null, takenAt }))],
    journal: [],
  });
}

/** Whether what was to be written is there, so that nobody can have written since. */
export async function areThere(reader: DocumentReader, changes: readonly StoredChange[]): Promise<boolean> {
  const documents = changes.filter((change) => change.kind === 'document');
  const found = await reader.get(documents);
  return documents.every(({ text }, index) => (found[index]?.text ?? null) === text);
}
