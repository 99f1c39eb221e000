import { readListing } from '../../src/domain/archive-text.ts';
import type {
  JournalEntry,
  RecordJob,
  RecordJobWrite,
  RecordKind,
  RecordWrite,
  WriteOnly,
} from '../../src/domain/change.ts';
import { type Instant, parseInstant } from '../../src/domain/time.ts';
import type { Status } from '../../src/domain/transitions.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type {
  Commit,
  Operation,
  StoredChange,
  StoredDocumentChange,
  StoredWorkflowChange,
} from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';

/** A database of its own, that several stores may be open on. */
export interface ContractDatabase {
  /** Another call: what another process would open. Closed by the suite. */
  open(options?: { readonly clock?: Clock }): Promise<Stores>;
  /** Whether a second `open` sees the first one's data. */
  readonly shared: boolean;
  /** Called once all of its stores are closed. */
  remove(): Promise<void>;
}

/** Makes an empty database. Called more than once, it gives databases that know nothing of one another. */
export type CreateDatabase = () => Promise<ContractDatabase>;

export function at(text: string): Instant {
  const instant = parseInstant(text);
  if (instant === null) throw new TypeError(`no instant: ${text}`);
  return instant;
}

let operations = 0;

export function operation(facts: Partial<Operation> = {}): Operation {
  return { id: `operation-${++operations}`, fingerprint: 'asked', answer: null, keepSeconds: 3600, ...facts };
}

export function change(
  facts: Partial<Omit<StoredWorkflowChange, 'kind'>> & { readonly name: string },
): StoredWorkflowChange {
  return {
    kind: 'workflow',
    expected: { head: null, ledger: null },
    head: new Map([['job1', '{"rows":1}']]),
    ledger: '{"revision":1}',
    records: [],
    listing: listing(),
    ...facts,
  };
}

export function listing(
  facts: { status?: Status; updated_at?: string; latest_start?: string | null } = {},
): StoredWorkflowChange['listing'] {
  return readListing({ status: 'new', updated_at: '2026-01-01', latest_start: null, ...facts });
}

/** A document that is new, unless told. */
export function document(
  facts: Partial<Omit<StoredDocumentChange, 'kind'>> & { readonly id: string },
): StoredDocumentChange {
  return { kind: 'document', collection: 'things', expected: null, text: '{}', add: [], remove: [], ...facts };
}

export function commit(changes: readonly StoredChange[], facts: Partial<Commit> = {}): Commit {
  return { operation: operation(), changes, journal: [], ...facts };
}

/** Commits on top of what is stored now; the change says only what it changes. */
export async function put(
  stores: Stores,
  facts: Partial<Omit<StoredWorkflowChange, 'kind' | 'expected'>> & { readonly name: string },
  journal: readonly JournalEntry[] = [],
): Promise<void> {
  const { head, ledger } = await stores.reader.load(facts.name);
  const outcome = await stores.store.commit(commit([change({ expected: { head, ledger }, ...facts })], { journal }));
  if (outcome.kind !== 'committed') throw new Error(`not committed: ${outcome.kind}`);
}

export function entry(facts: Partial<JournalEntry> = {}): JournalEntry {
  return {
    type: 'batch-opened',
    workflow: 'wf1',
    at: at('2026-01-01'),
    by: 'test',
    reason: null,
    batchId: 5,
    jobs: [],
    ...facts,
  };
}

export function outcome(facts: Partial<RecordJob> = {}): RecordJob {
  return {
    status: 'open',
    fromDate: null,
    until: null,
    batchStart: null,
    batchEnd: null,
    reason: null,
    endedBy: null,
    ...facts,
  };
}

/** The part of a job that loaded `[from, until)`. */
export function loaded(from: string, until: string): RecordJob {
  return outcome({
    status: 'success',
    fromDate: at(from),
    until: at(until),
    batchStart: at(until),
    batchEnd: at(until),
  });
}

export function record(
  number: number,
  jobs: Readonly<Record<string, RecordJob | RecordJobWrite>>,
  facts: {
    readonly id?: string;
    readonly kind?: RecordKind;
    readonly only?: WriteOnly;
    readonly openedAt?: Instant;
  } = {},
): RecordWrite {
  const {
    id = String(number),
    kind = 'batch',
    only = 'always',
    openedAt = at('2026-01-01') + BigInt(number) * 1_000_000_000n,
  } = facts;
  const writes = Object.entries(jobs).map(([job, write]): [string, RecordJobWrite] => [
    job,
    'outcome' in write ? write : { outcome: write, copy: null },
  ]);
  return { id, opening: { kind, number, openedAt, openedBy: 'test' }, jobs: new Map(writes), only };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
