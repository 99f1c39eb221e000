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

/** All that an execution has to pass, as of one moment. @throws BatchyError `store-unavailable` */
export async function readGates(
  stores: Pick<Stores, 'documents' | 'store' | 'clock'>,
  { jobName, queue = defaultQueue }: JobExecution,
  { maxRunning }: JobDefinition,
): Promise<ReadGates> {
  const ids = [`job:${jobName}`, `queue:${queue}`, `queue:${allQueues}`];
  const [stored = null, ...found] = await stores.documents.get([queueBookKey, ...ids.map(gateKey)]);
  const book: QueueBook = stored === null ? new Map() : readQueueBook(stored.text);
  const named = maxRunning === undefined ? { name: jobName } : { name: jobName, maxRunning };
  const gates = await Promise.all(
    rulesFor(named, queue, book).map(async (rule): Promise<ReadGate> => {
      const document = found[ids.indexOf(rule.id)] ?? null;
      const passed = document === null ? null : readGate(document.text);
      const counts = passed !== null && passed.term === rule.term;
      return {
        rule,
        revision: document?.revision ?? null,
        gate: gateOf(
          rule,
          counts ? passed : { ...nobodyPassed, ...passed, holders: await holdersOf(stores, rule, jobName) },
        ),
      };
    }),
  );
  return { book, revision: stored?.revision ?? null, gates };
}

/** Those that had begun before their number was limited, oldest first. */
async function holdersOf(
  stores: Pick<Stores, 'documents' | 'store' | 'clock'>,
  { id, limits }: GateRule,
  jobName: string,
): Promise<Passed['holders']> {
  if (limits.places === null) return [];
  const isOfJob = id.startsWith('job:');
  const index = isOfJob ? executionIndexes.liveOfJob(jobName) : executionIndexes.live;
  const holders: number[] = [];
  for await (const page of pagesOf(stores.documents, index))
    for (const { execution, lease } of await claimables(stores, page.map(idOfMember))) {
      const isIn = isOfJob || [`queue:${execution.queue ?? defaultQueue}`, `queue:${allQueues}`].includes(id);
      const hasPlace = execution.startedAt !== null || (lease !== null && lease.conductor !== null);
      if (isIn && hasPlace) holders.push(execution.id);
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
