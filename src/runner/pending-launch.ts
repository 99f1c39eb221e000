import { BatchyError } from '../domain/errors.ts';
import {
  documentChange,
  documentKeys,
  executionMembers,
  type IndexMember,
  instanceMembers,
  leaseDocument,
  type ReadDocument,
  type StateDocumentKey,
} from '../domain/execution-documents.ts';
import { emptyFlowRecord } from '../domain/flow-text.ts';
import { floorToMicrosecond } from '../domain/time.ts';
import type { LaunchedExecution } from '../ports/execution-taker.ts';
import type { Commit, CommitOutcome, Store, StoredChange } from '../ports/store.ts';
import type { Stores } from '../ports/stores.ts';
import { documentKey, type LoadedExecution } from './execution-loading.ts';
import { OwnershipLost } from './execution-session.ts';
import type { Claim } from './lease-taking.ts';

/** An execution that is run before it is there: its launch is stored with its first change and its lease, in one commit. */
export interface PendingLaunch {
  readonly claim: Claim;
  readonly loaded: LoadedExecution;
  /** To be written through: the first commit is that of the launch. */
  readonly store: Store;
  /** Whether its launch is still the launcher's. */
  isPending(): boolean;
  /** Leaves it to the launcher, if it was not sent. */
  giveBack(): void;
  /** How its launch ended; `null`: it was given back. */
  readonly outcome: Promise<CommitOutcome | null>;
}

export interface PendingLaunchOptions {
  readonly stores: Pick<Stores, 'store' | 'documents' | 'clock'>;
  readonly conductor: string;
  readonly launched: LaunchedExecution;
  readonly commit: Commit;
  /** What must be as it was, or it is not taken. */
  readonly guards: Claim['guards'];
}

export async function prepareLaunch(options: PendingLaunchOptions): Promise<PendingLaunch> {
  const { stores, launched, commit: launch } = options;
  const { execution, instance, instanceBefore, context } = launched;
  const lease = documentKeys.lease(execution.id);
  const takenAt = floorToMicrosecond(stores.clock.told?.() ?? (await stores.clock.now()));
  const after = leaseDocument({ executionId: execution.id, conductor: options.conductor, takenAt });
  const claim = {
    execution,
    executionRevision: 0,
    lease: documentChange(null, after),
    fence: 1,
    guards: options.guards,
  };
  const documents = new Map<string, ReadDocument>();
  if (instanceBefore !== null) documents.set(documentKey(documentKeys.instance(instance.id)), instanceBefore);
  const outcome = Promise.withResolvers<CommitOutcome | null>();
  // Whoever launches hears of it; nobody else has to.
  outcome.promise.catch(() => undefined);
  let state: 'pending' | 'unheard' | 'over' = 'pending';

  async function storeFirst(first: Commit): Promise<CommitOutcome> {
    const stored = await stores.store.commit(joined(launch, first, options.guards)).catch((error: unknown) => {
      outcome.reject(error);
      if (error instanceof BatchyError && error.code === 'store-unavailable') state = 'unheard';
      throw state === 'unheard' ? error : new OwnershipLost(execution.id);
    });
    outcome.resolve(stored);
    return ours(stored.kind === 'committed' ? stored : null, first);
  }

  /** The launcher was told that nobody knows: whether it is there after all is told by the lease. */
  async function askAgain(first: Commit): Promise<CommitOutcome> {
    const [found] = await stores.documents.get([lease]);
    state = 'over';
    return ours(found?.text === claim.lease.text ? { kind: 'committed', sequences: [] } : null, first);
  }

  function ours(stored: CommitOutcome | null, { changes }: Commit): CommitOutcome {
    if (stored === null) throw new OwnershipLost(execution.id);
    const written = new Set(changes.map(keyOf));
    const note = (key: StateDocumentKey, before: ReadDocument | null, members: () => readonly IndexMember[]): void => {
      if (!written.has(documentKey(key)))
        documents.set(documentKey(key), { revision: (before?.revision ?? 0) + 1, members: members() });
    };
    note(documentKeys.execution(execution.id), null, () => executionMembers(execution));
    note(documentKeys.instance(instance.id), instanceBefore, () => instanceMembers(instance));
    if (context.size > 0) note(documentKeys.context(execution.id), null, () => []);
    return stored;
  }

  return {
    claim,
    loaded: { state: { execution, instance, steps: new Map(), context, flow: emptyFlowRecord }, documents },
    store: {
      commit(commit) {
        if (state === 'unheard') return askAgain(commit);
        if (state === 'over') return stores.store.commit(commit);
        state = 'over';
        return storeFirst(commit);
      },
    },
    isPending: () => state === 'pending',
    giveBack() {
      if (state === 'pending') state = 'over';
      outcome.resolve(null);
    },
    outcome: outcome.promise,
  };
}

/** The launch and the first change as one; of what both write, the second is what is stored. */
function joined(launch: Commit, first: Commit, guards: Claim['guards']): Commit {
  const written = new Set(first.changes.map(keyOf));
  return {
    operation: launch.operation,
    changes: [...launch.changes.filter((change) => !written.has(keyOf(change))), ...first.changes],
    guards: [...(launch.guards ?? []), ...guards],
    journal: [...launch.journal, ...first.journal],
  };
}

function keyOf(change: StoredChange): string {
  return change.kind === 'document' ? documentKey(change) : change.name;
}
