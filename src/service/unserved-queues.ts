import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { decodeExecution } from '../domain/execution-text.ts';
import type { Heartbeat } from '../domain/heartbeat.ts';
import { allQueues } from '../domain/queue-name.ts';
import { defaultQueue } from '../domain/work.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import { readBook } from './queue-records.ts';
import { readOrPassOver } from './readable.ts';

/** More of a queue are not counted. */
const mostCounted = 100;
/** Live executions, oldest first, that are looked through for queues that no job names any more. */
const mostLookedThrough = 500;

/**
 * Queues in which executions wait though each conductor that is online runs those of other queues only: what to do, by queue.
 * Where none is online, or one runs those of all queues, nothing else is read.
 * @param online conductors that take what is launched
 * @param names queues that jobs name, as far as that is known here
 * @throws BatchyError `store-unavailable`
 */
export async function unservedQueues(
  documents: DocumentReader,
  online: readonly Heartbeat[],
  names: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const served = new Set<string>();
  for (const { about } of online) {
    if (about?.queues === undefined) return new Map();
    for (const queue of about.queues) served.add(queue);
  }
  const warnings = new Map<string, string>();
  if (online.length === 0) return warnings;
  const { value: book } = await readBook(documents);
  const known = new Set([defaultQueue, ...names, ...book.keys(), ...(await queuesOfLive(documents))]);
  for (const queue of known) {
    if (served.has(queue) || queue === allQueues) continue;
    const warning = await describe(documents, queue);
    if (warning !== null) warnings.set(`queue ${queue}`, warning);
  }
  return warnings;
}

async function queuesOfLive(documents: DocumentReader): Promise<string[]> {
  const live = await first(documents, executionIndexes.live, mostLookedThrough);
  const found = await documents.get(live.map((member) => documentKeys.execution(idOfMember(member))));
  return found.flatMap((stored) => readOrPassOver(stored, decodeExecution)?.queue ?? []);
}

async function describe(documents: DocumentReader, queue: string): Promise<string | null> {
  const indexes = [executionIndexes.waiting(queue), executionIndexes.delayed(queue)];
  const pages = await Promise.all(indexes.map((index) => first(documents, index, mostCounted)));
  const ids = pages.flat().map(idOfMember);
  if (ids.length === 0) return null;
  const count = ids.length < mostCounted ? String(ids.length) : `${mostCounted} or more`;
  const what =
    ids.length === 1
      ? `execution ${ids[0]} waits in it`
      : `${count} executions wait in it, execution ${Math.min(...ids)} among them`;
  return `No process that is online runs queue ${queue}: ${what}. Start one with QUEUES=${queue}, or without QUEUES; batchy conductors shows which queues each runs.`;
}

function first(documents: DocumentReader, index: string, limit: number): Promise<string[]> {
  return documents.scan({ index, prefix: '', direction: 'ascending', beyond: null, limit });
}
