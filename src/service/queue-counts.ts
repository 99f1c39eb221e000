import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { decodeExecution } from '../domain/execution-text.ts';
import { priorities, type Priority } from '../domain/priority.ts';
import { defaultQueue } from '../domain/work.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import { readOrPassOver } from './readable.ts';

/** What waits in a queue and what of it runs. */
export interface QueueCounts {
  readonly waiting: Readonly<Record<Priority, number>>;
  /** Those that a launch has put off: not begun, whether their time has come or not. */
  readonly delayed: number;
  readonly running: number;
  /** Of those that wait, not put off, the oldest few, oldest first: the very oldest may be one that cannot be read. */
  readonly oldestWaiting: readonly number[];
}

/** More are not counted, of each queue: an answer should not have to wait for it. */
export const mostCounted = 10_000;
const pageSize = 500;
const mostOldest = 5;

/**
 * Counts executions by queue, from the indexes: read is only what runs.
 * @param names the queues that are told in any case
 * @throws BatchyError `store-unavailable`
 */
export async function countQueues(
  documents: DocumentReader,
  names: Iterable<string>,
): Promise<ReadonlyMap<string, QueueCounts>> {
  const waiting = new Set<number>();
  const counts = new Map<string, Omit<QueueCounts, 'running'>>();
  const running = new Map<string, number>();

  async function countWaiting(queue: string): Promise<void> {
    if (counts.has(queue)) return;
    const byPriority = { very_high: 0, high: 0, normal: 0, low: 0, very_low: 0 };
    const ids: number[] = [];
    for (const member of await membersOf(documents, executionIndexes.waiting(queue))) {
      const id = idOfMember(member);
      waiting.add(id);
      ids.push(id);
      const priority = priorities[Number(member.charAt(0)) - 1];
      if (priority !== undefined) byPriority[priority] += 1;
    }
    const delayed = await membersOf(documents, executionIndexes.delayed(queue));
    for (const member of delayed) waiting.add(idOfMember(member));
    counts.set(queue, { waiting: byPriority, delayed: delayed.length, oldestWaiting: oldestOf(ids) });
  }

  for (const name of names) await countWaiting(name);
  const others = (await membersOf(documents, executionIndexes.live)).map(idOfMember).filter((id) => !waiting.has(id));
  for (let from = 0; from < others.length; from += pageSize)
    for (const stored of await documents.get(others.slice(from, from + pageSize).map(documentKeys.execution))) {
      const execution = readOrPassOver(stored, decodeExecution);
      if (execution === null) continue;
      const { queue = defaultQueue, startedAt } = execution;
      // Of a queue that nobody has named, what waits is found here.
      await countWaiting(queue);
      if (startedAt !== null) running.set(queue, (running.get(queue) ?? 0) + 1);
    }
  return new Map([...counts].map(([name, each]) => [name, { ...each, running: running.get(name) ?? 0 }]));
}

/** Of all queues together. */
export function sumOf(counts: Iterable<QueueCounts>): QueueCounts {
  const waiting = { very_high: 0, high: 0, normal: 0, low: 0, very_low: 0 };
  let [delayed, running] = [0, 0];
  const oldest: number[] = [];
  for (const each of counts) {
    for (const priority of priorities) waiting[priority] += each.waiting[priority];
    delayed += each.delayed;
    running += each.running;
    oldest.push(...each.oldestWaiting);
  }
  return { waiting, delayed, running, oldestWaiting: oldestOf(oldest) };
}

function oldestOf(ids: readonly number[]): number[] {
  return ids.toSorted((one, other) => one - other).slice(0, mostOldest);
}

async function membersOf(documents: DocumentReader, index: string): Promise<readonly string[]> {
  const members: string[] = [];
  for (let beyond: string | null = null; members.length < mostCounted;) {
    const page: string[] = await documents.scan({ index, prefix: '', direction: 'ascending', beyond, limit: pageSize });
    members.push(...page);
    if (page.length < pageSize) break;
    beyond = page.at(-1) ?? null;
  }
  return members;
}
