import { documentKeys, type StateDocumentKey } from '../domain/execution-documents.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { partKey, partRemoval, type StoredPart } from '../domain/part.ts';
import type { StoredDocument } from '../ports/document-reader.ts';
import type { Commit, StoredChange } from '../ports/store.ts';
import type { Stores } from '../ports/stores.ts';
import { documentKey, loadExecution, loadPart, loadUnstarted, type LoadedExecution } from './execution-loading.ts';
import type { ExecutionState } from './execution-state.ts';
import type { Claim } from './lease-taking.ts';

/** By what a process may write of an execution: a document at a revision, which every commit is held against. */
export interface Ownership {
  readonly key: StateDocumentKey;
  /** Whether it is yet to be had, with the first commit. */
  isPending(): boolean;
  /** What is known of it at first. */
  open(): Promise<LoadedExecution>;
  /** As it is stored now. */
  load(): Promise<LoadedExecution>;
  /** A change with what it is held against. @param after what it leaves */
  bound(
    changes: readonly StoredChange[],
    loaded: LoadedExecution,
    after: ExecutionState,
  ): Pick<Commit, 'changes' | 'guards'>;
  /** A commit was stored. */
  stored(): void;
  /** Whether it is ours, or still to be had. @param found its document, as the store has it now */
  isOurs(found: StoredDocument | null | undefined): boolean;
  /** Whether it is not to be had any more, though nobody has it: what it was to be taken under has changed. */
  isForfeited(): Promise<boolean>;
}

export interface ExecutionOwnershipOptions {
  readonly documents: Stores['documents'];
  readonly executionId: number;
  readonly fence: number;
  /** Where the lease is yet to be taken. */
  readonly claim: Claim | null;
  readonly onOwned: () => void;
}

/** Of a whole execution, by its lease. */
export function ownershipOfExecution(options: ExecutionOwnershipOptions): Ownership {
  const { documents, executionId, fence, onOwned } = options;
  const key = documentKeys.lease(executionId);
  let { claim } = options;
  const owned = (): void => {
    claim = null;
    onOwned();
  };
  if (claim === null) onOwned();
  return {
    key,
    isPending: () => claim !== null,
    open: () => (claim === null ? loadExecution(documents, executionId) : loadUnstarted(documents, claim)),
    load: () => loadExecution(documents, executionId),
    bound(changes, loaded) {
      if (claim === null) return { changes, guards: [{ ...key, expected: fence }] };
      // By then nobody else may have changed the execution.
      const guards = [...executionAsRead(executionId, changes, loaded), ...claim.guards];
      return { changes: [claim.lease, ...changes], guards };
    },
    stored: owned,
    isOurs(found) {
      if (claim === null) return found?.revision === fence;
      // A first commit whose answer was lost may have taken it: its text says whose it is.
      if (found?.revision === fence && found.text === claim.lease.text) {
        owned();
        return true;
      }
      return (found?.revision ?? null) === claim.lease.expected;
    },
    async isForfeited() {
      const guards = claim?.guards ?? [];
      if (guards.length === 0) return false;
      const found = await documents.get(guards);
      return guards.some(({ expected }, place) => (found[place]?.revision ?? null) !== expected);
    },
  };
}

/**
 * Of a part of an execution that is another's. The execution must be as it was read, too: so its end, a stop and its passing on to another are
 * noticed with the next commit. With the change by which its row has ended the part's document goes.
 */
export function ownershipOfPart(documents: Stores['documents'], stored: StoredPart): Ownership {
  const { part, revision } = stored;
  const key = partKey(part);
  return {
    key,
    isPending: () => false,
    open: () => loadPart(documents, part),
    load: () => loadPart(documents, part),
    bound(changes, loaded, after) {
      const row = after.steps.get(part.stepName);
      const hasEnded = row?.id === part.stepExecutionId && !isLive(row.status);
      const execution = executionAsRead(part.executionId, changes, loaded);
      return hasEnded
        ? { changes: [...changes, partRemoval(stored)], guards: execution }
        : { changes, guards: [{ ...key, expected: revision }, ...execution] };
    },
    stored: () => {},
    isOurs: (found) => found?.revision === revision,
    isForfeited: async () => false,
  };
}

/** Where it changes, it is compared with what was read in any case. */
function executionAsRead(
  executionId: number,
  changes: readonly StoredChange[],
  { documents }: LoadedExecution,
): Commit['guards'] & {} {
  const execution = documentKeys.execution(executionId);
  const key = documentKey(execution);
  if (changes.some((change) => change.kind === 'document' && documentKey(change) === key)) return [];
  return [{ ...execution, expected: documents.get(key)?.revision ?? null }];
}
