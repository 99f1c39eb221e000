import { executionIndexes, idOfMember, memberOfWaiting } from '../domain/document-index.ts';
import type { JobExecution } from '../domain/execution.ts';
import { defaultPriority } from '../domain/priority.ts';
import { defaultQueue } from '../domain/work.ts';
import type { Stores } from '../ports/stores.ts';
import { pagesOf } from './index-members.ts';

/** Of many that wait only as many are read as may be taken. */
const pageSize = 100;

/**
 * Pages of what waits in these queues to be taken for the first time: the first to be begun first, by priority and then by age. What waits
 * with more than a page in front of it, in one of several queues, may come behind what waits in another.
 * @param due what stands among it since its time has come, as `createDue` tells it
 * @throws BatchyError `store-unavailable`
 */
export async function* waitingPages(
  { documents }: Pick<Stores, 'documents'>,
  queues: readonly string[],
  due: readonly string[] = [],
): AsyncGenerator<number[]> {
  const left = [...due];
  for await (const members of membersOf(documents, queues)) {
    const last = members.at(-1) ?? '';
    const before = left.findIndex((member) => member > last);
    const among = left.splice(0, before < 0 ? left.length : before);
    yield (among.length === 0 ? members : [...members, ...among].sort()).map(idOfMember);
  }
  while (left.length > 0) yield left.splice(0, pageSize).map(idOfMember);
}

async function* membersOf(documents: Stores['documents'], queues: readonly string[]): AsyncGenerator<string[]> {
  const [only] = queues;
  if (queues.length === 1 && only !== undefined) {
    yield* pagesOf(documents, executionIndexes.waiting(only), pageSize);
    return;
  }
  let open = queues.map((queue) => pagesOf(documents, executionIndexes.waiting(queue), pageSize));
  while (open.length > 0) {
    const pages = await Promise.all(open.map((pages) => pages.next()));
    open = open.filter((_pages, place) => pages[place]?.done !== true);
    const members = pages.flatMap((page) => (page.done === true ? [] : page.value));
    if (members.length > 0) yield members.sort();
  }
}

/**
 * The first of what waits in the queue of an execution to be taken for the first time, and is to be begun before it.
 * @param limit so many of the queue are read @throws BatchyError `store-unavailable`
 */
export async function firstBefore(
  documents: Stores['documents'],
  { id, queue = defaultQueue, priority = defaultPriority }: JobExecution,
  limit: number,
): Promise<number[]> {
  const index = executionIndexes.waiting(queue);
  const first = await documents.scan({ index, prefix: '', direction: 'ascending', beyond: null, limit });
  return first.filter((member) => member < memberOfWaiting(priority, id)).map(idOfMember);
}
