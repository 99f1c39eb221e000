import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import type { JobExecution } from '../domain/execution.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { decodeExecution } from '../domain/execution-text.ts';
import { type Gate, nobodyPassed, type Passed } from '../domain/gate.ts';
import { gateKey, queueBookKey, readGate, readQueueBook } from '../domain/gate-text.ts';
import type { JobDefinition } from '../domain/job.ts';
import { allQueues } from '../domain/queue-name.ts';
import { gateOf, type GateRule, type QueueBook, rulesFor } from '../domain/queue-settings.ts';
import { defaultQueue } from '../domain/work.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
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

/** @throws BatchyError `store-unavailable` */
export async function readBook(documents: DocumentReader): Promise<ReadBook> {
  const [stored = null] = await documents.get([queueBookKey]);
  return stored === null
    ? { book: new Map(), revision: null }
    : { book: readQueueBook(stored.text), revision: stored.revision };
}

type Reading = Pick<Stores, 'documents' | 'store' | 'clock'>;

export interface GateReading {
  /** All that an execution has to pass, as of one moment. @throws BatchyError `store-unavailable` */
  read(execution: JobExecution, definition: JobDefinition): Promise<ReadGates>;
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
      const book: QueueBook = stored === null ? new Map() : readQueueBook(stored.text);
      const gates: ReadGate[] = [];
      for (const rule of rulesFor(definition, queue, book)) {
        const document = found[ids.indexOf(rule.id)] ?? null;
        const revision = document?.revision ?? null;
        const { term, ...passed } = document === null ? { term: null, ...nobodyPassed } : readGate(document.text);
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
      return { book, revision: stored?.revision ?? null, gates };
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

/** One that cannot be read is told where it is looked for to be run: it must not keep all others from that. */
const passOver = (): void => {};

async function holdersIn(stores: Reading, index: string, isIn: (one: JobExecution) => boolean): Promise<number[]> {
  const holders: number[] = [];
  for await (const page of pagesOf(stores.documents, index))
    for (const { execution, lease } of await claimables(stores, page.map(idOfMember), passOver)) {
      const hasPlace = execution.startedAt !== null || (lease !== null && lease.conductor !== null);
      if (hasPlace && isIn(execution)) holders.push(execution.id);
    }
  return holders;
}

/** Which of these are over. @throws BatchyError `store-unavailable` */
export async function endedOf(documents: DocumentReader, ids: readonly number[]): Promise<ReadonlySet<number>> {
  const found = await documents.get(ids.map(documentKeys.execution));
  return new Set(
    ids.filter((_id, place) => {
      const stored = found[place] ?? null;
      return stored === null || !isLive(decodeExecution(stored.text).status);
    }),
  );
}
