import { executionIndexes, idOfMember, memberOfWaiting } from '../domain/document-index.ts';
import type { JobExecution } from '../domain/execution.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { decodeExecution } from '../domain/execution-text.ts';
import { defaultPriority, type Priority } from '../domain/priority.ts';
import { floorToMicrosecond, formatInstant } from '../domain/time.ts';
import { defaultQueue } from '../domain/work.ts';
import type { StoredDocument } from '../ports/document-reader.ts';
import type { Stores } from '../ports/stores.ts';
import { pagesOf } from './index-members.ts';

/** Of many that wait only as many are read as may be taken. */
const pageSize = 100;
const readAtOnce = 500;

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

/** What was to wait until a time, and that has come, by that time. @throws BatchyError `store-unavailable` */
export async function dueExecutions(
  { documents, clock }: Pick<Stores, 'documents' | 'clock'>,
  queues: readonly string[],
): Promise<number[]> {
  let now: string | null = null;
  const due: string[] = [];
  const addDue = async (queue: string): Promise<void> => {
    for await (const page of pagesOf(documents, executionIndexes.delayed(queue), pageSize)) {
      if (page.length === 0) return;
      // Behind all members of this very microsecond.
      const until = (now ??= `${formatInstant(floorToMicrosecond(await clock.now()))} ~`);
      due.push(...page.filter((member) => member <= until));
      if ((page.at(-1) ?? '') > until) return;
    }
  };
  await Promise.all(queues.map(addDue));
  return due.sort().map(idOfMember);
}

/** What was to wait until a time, and that has come: it stands by its priority among what waits. */
export function createDue(stores: Pick<Stores, 'documents' | 'clock'>) {
  /** By id, in their order. */
  let members: ReadonlyMap<number, string> = new Map();
  const begun = new Set<number>();

  async function membersOfNew(ids: readonly number[]): Promise<Map<number, string>> {
    const found = new Map<number, string>();
    for (let from = 0; from < ids.length; from += readAtOnce) {
      const batch = ids.slice(from, from + readAtOnce);
      const stored = await stores.documents.get(batch.map(documentKeys.execution));
      for (const [place, id] of batch.entries()) found.set(id, memberOfWaiting(priorityOf(stored[place] ?? null), id));
    }
    return found;
  }

  return {
    /** In how many milliseconds its time comes, by the clock of the store; 0: it may begin. */
    async isIn({ notBefore }: JobExecution): Promise<number> {
      if (notBefore === undefined) return 0;
      return Math.max(0, Math.ceil(Number(notBefore - (await stores.clock.now())) / 1e6));
    },
    /** It waits no more. */
    begun(executionId: number): void {
      if (members.has(executionId)) begun.add(executionId);
    },
    /**
     * Members as in the index of what waits, in their order.
     * @param refreshes whether to ask the store: else it is what was known before
     * @throws BatchyError `store-unavailable`
     */
    async look(queues: readonly string[], refreshes: boolean): Promise<string[]> {
      if (refreshes) {
        begun.clear();
        const ids = await dueExecutions(stores, queues);
        const read = await membersOfNew(ids.filter((id) => !members.has(id)));
        const next = ids.map((id): [number, string] => [id, members.get(id) ?? read.get(id) ?? '']);
        members = new Map(next.sort(([, one], [, other]) => (one < other ? -1 : 1)));
      }
      return [...members].flatMap(([id, member]) => (begun.has(id) ? [] : member));
    },
  };
}

function priorityOf(stored: StoredDocument | null): Priority {
  try {
    return (stored === null ? undefined : decodeExecution(stored.text).priority) ?? defaultPriority;
  } catch {
    // Whoever takes it is told that it cannot be read.
    return defaultPriority;
  }
}
