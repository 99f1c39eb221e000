import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import type { JobExecution } from '../domain/execution.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { decodeExecution } from '../domain/execution-text.ts';
import { type Gate, nobodyPassed, type Passed } from '../domain/gate.ts';
import { gateKey, queueBookKey, readGate, readQueueBook, type StoredGate } from '../domain/gate-text.ts';
import type { JobDefinition } from '../domain/job.ts';
import { decodeLease } from '../domain/lease.ts';
import { allQueues } from '../domain/queue-name.ts';
import { gateOf, type GateRule, type QueueBook, rulesFor } from '../domain/queue-settings.ts';
import { defaultQueue } from '../domain/work.ts';
import type { DocumentReader, StoredDocument } from '../ports/document-reader.ts';
import { pagesOf } from './index-members.ts';
import { claimables } from './lease-taking.ts';
import type { Stores } from '../ports/stores.ts';

export interface ReadBook {
  readonly book: QueueBook;
  /** `null`: nothing was ever decided. */
  readonly revision: number | null;
}

/** A gate that concerns an execution, as it is stored. */
export interface ReadGate {
  readonly rule: GateRule;
  readonly gate: Gate;
  /** Of its document; `null`: there is none. */
  readonly revision: number | null;
  /** Whether it holds some that its document does not tell of. */
  readonly holdsMore: boolean;
}

export interface ReadGates extends ReadBook {
  readonly gates: readonly ReadGate[];
}

/** Something newer may have written it: who may pass is not known. */
export interface Unread {
  /** Of the gate; `null`: it is what was decided on all queues. */
  readonly unread: string | null;
  readonly error: unknown;
}

/** @throws BatchyError `store-unavailable` */
export async function readBook(documents: DocumentReader): Promise<ReadBook | Unread> {
  const [stored = null] = await documents.get([queueBookKey]);
  return bookOf(stored);
}

function bookOf(stored: StoredDocument | null): ReadBook | Unread {
  if (stored === null) return { book: new Map(), revision: null };
  try {
    return { book: readQueueBook(stored.text), revision: stored.revision };
  } catch (error) {
    return { unread: null, error };
  }
}

function passedOf(id: string, stored: StoredDocument | null): StoredGate | (Passed & { readonly term: null }) | Unread {
  if (stored === null) return { term: null, ...nobodyPassed };
  try {
    return readGate(stored.text);
  } catch (error) {
    return { unread: id, error };
  }
}

type Reading = Pick<Stores, 'documents' | 'store' | 'clock'>;

export interface GateReading {
  /** All that an execution has to pass, as of one moment. @throws BatchyError `store-unavailable` */
  read(execution: JobExecution, definition: JobDefinition): Promise<ReadGates | Unread>;
}

/** Who held a place when a gate began to count. */
interface Counted {
  readonly term: string;
  /** Of its document then: nobody gets in any more without changing it. */
  readonly revision: number | null;
  readonly holders: readonly number[];
}

/** Those of a job that the gate may not know, and for which of its definitions they were looked for. */
interface Unrecorded {
  readonly definition: JobDefinition;
  readonly ids: Set<number>;
}

/**
 * Reads gates. Who had begun before their number was limited is read once, when that is seen for the first time: of queues with each term of the
 * limit, which is stored with what was decided on them; of a job with each of its definitions, since nobody knows what ran in between without a limit.
 */
export function createGateReading(stores: Reading): GateReading {
  const counted = new Map<string, Counted>();
  const unrecorded = new Map<string, Unrecorded>();

  async function holdersSince(rule: GateRule, revision: number | null): Promise<Passed['holders']> {
    const before = counted.get(rule.id);
    if (before !== undefined && before.term === rule.term && before.revision === revision) return before.holders;
    const holders = await queueHolders(stores, rule);
    counted.set(rule.id, { term: rule.term, revision, holders });
    return holders;
  }

  async function withUnrecorded(holders: Passed['holders'], definition: JobDefinition): Promise<Passed['holders']> {
    const { name } = definition;
    let before = unrecorded.get(name);
    if (before?.definition !== definition) {
      before = { definition, ids: new Set(await jobHolders(stores, name)) };
      unrecorded.set(name, before);
    }
    for (const id of holders) before.ids.delete(id);
    return before.ids.size === 0 ? holders : [...holders, ...before.ids];
  }

  return {
    async read({ queue = defaultQueue }, definition) {
      const { name } = definition;
      const ids = [`job:${name}`, `queue:${queue}`, `queue:${allQueues}`];
      const [stored = null, ...found] = await stores.documents.get([queueBookKey, ...ids.map(gateKey)]);
      const read = bookOf(stored);
      if ('unread' in read) return read;
      const gates: ReadGate[] = [];
      for (const rule of rulesFor(definition, queue, read.book)) {
        const document = found[ids.indexOf(rule.id)] ?? null;
        const revision = document?.revision ?? null;
        const readPassed = passedOf(rule.id, document);
        if ('unread' in readPassed) return readPassed;
        const { term, ...passed } = readPassed;
        let { holders } = passed;
        if (rule.limits.places !== null) {
          if (rule.id === `job:${name}`) holders = await withUnrecorded(holders, definition);
          else if (term !== rule.term) holders = await holdersSince(rule, revision);
        }
        gates.push({
          rule,
          revision,
          gate: gateOf(rule, { ...passed, holders }),
          holdsMore: holders !== passed.holders,
        });
      }
      return { ...read, gates };
    },
  };
}

/** Those of a queue, or of all, that run, oldest first. */
async function queueHolders(stores: Reading, { id }: GateRule): Promise<number[]> {
  return holdersIn(stores, executionIndexes.live, ({ queue = defaultQueue }) =>
    [`queue:${queue}`, `queue:${allQueues}`].includes(id),
  );
}

/** Those of a job that run, oldest first. */
async function jobHolders(stores: Reading, jobName: string): Promise<number[]> {
  return holdersIn(stores, executionIndexes.liveOfJob(jobName), () => true);
}

async function holdersIn(stores: Reading, index: string, isIn: (one: JobExecution) => boolean): Promise<number[]> {
  const holders: number[] = [];
  for await (const page of pagesOf(stores.documents, index)) {
    const found: number[] = [];
    // It is told where it is looked for to be run: it must not keep all others from that.
    const unread: number[] = [];
    const read = await claimables(stores, page.map(idOfMember), (executionId) => unread.push(executionId));
    for (const { execution, lease } of read) {
      const hasPlace = execution.startedAt !== null || (lease !== null && lease.conductor !== null);
      if (hasPlace && isIn(execution)) found.push(execution.id);
    }
    if (unread.length > 0) found.push(...(await takenOf(stores.documents, unread)));
    holders.push(...found.sort((one, other) => one - other));
  }
  return holders;
}

/** Which of these somebody has, and so runs, in whichever queue: what cannot be read of them leaves that open. */
async function takenOf(documents: DocumentReader, ids: readonly number[]): Promise<number[]> {
  const leases = await documents.get(ids.map(documentKeys.lease));
  return ids.filter((_id, place) => {
    const lease = leases[place] ?? null;
    try {
      return lease !== null && decodeLease(lease.text).conductor !== null;
    } catch {
      return true;
    }
  });
}

/**
 * Which of these are over. One that cannot be read may run, and is not.
 * @param onUnread told of it @throws BatchyError `store-unavailable`
 */
export async function endedOf(
  documents: DocumentReader,
  ids: readonly number[],
  onUnread: (executionId: number, error: unknown) => void,
): Promise<ReadonlySet<number>> {
  const found = await documents.get(ids.map(documentKeys.execution));
  return new Set(
    ids.filter((id, place) => {
      const stored = found[place] ?? null;
      try {
        return stored === null || !isLive(decodeExecution(stored.text).status);
      } catch (error) {
        onUnread(id, error);
        return false;
      }
    }),
  );
}
