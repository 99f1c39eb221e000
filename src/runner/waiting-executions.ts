import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import { floorToMicrosecond, formatInstant } from '../domain/time.ts';
import type { Stores } from '../ports/stores.ts';
import { pagesOf } from './index-members.ts';

/** Of many that wait only as many are read as may be taken. */
const pageSize = 100;

/**
 * Pages of what waits in these queues to be taken for the first time: the first to be begun first, by priority and then by age. What waits
 * with more than a page in front of it, in one of several queues, may come behind what waits in another.
 * @throws BatchyError `store-unavailable`
 */
export async function* waitingPages(
  { documents }: Pick<Stores, 'documents'>,
  queues: readonly string[],
): AsyncGenerator<number[]> {
  const [only] = queues;
  if (queues.length === 1 && only !== undefined) {
    for await (const page of pagesOf(documents, executionIndexes.waiting(only), pageSize)) yield page.map(idOfMember);
    return;
  }
  let open = queues.map((queue) => pagesOf(documents, executionIndexes.waiting(queue), pageSize));
  while (open.length > 0) {
    const pages = await Promise.all(open.map((pages) => pages.next()));
    open = open.filter((_pages, place) => pages[place]?.done !== true);
    const members = pages.flatMap((page) => (page.done === true ? [] : page.value));
    if (members.length > 0) yield members.sort().map(idOfMember);
  }
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
