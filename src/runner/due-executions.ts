import { executionIndexes, idOfMember, memberOfWaiting } from '../domain/document-index.ts';
import type { JobExecution } from '../domain/execution.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { decodeExecution } from '../domain/execution-text.ts';
import { defaultPriority, type Priority } from '../domain/priority.ts';
import { floorToMicrosecond, formatInstant } from '../domain/time.ts';
import type { StoredDocument } from '../ports/document-reader.ts';
import type { Stores } from '../ports/stores.ts';

/** Read of a queue, one after the other: mostly little is due, and much is not yet. */
const pageSizes = [100, 400];
/** Looked at together, of a queue. */
const mostTogether = 500;
const readAtOnce = 500;

/** Members of the index of what is put off, of a queue, the longest due first. */
interface DueOfQueue {
  readonly front: readonly string[];
  /** Of what stands behind the front, what has its turn. */
  readonly behind: readonly string[];
  /** Where the next turn begins; `null`: behind the front. */
  readonly turn: string | null;
  /** What stands behind it had not come due before. */
  readonly seen: string | null;
}

type ReadUntil = () => Promise<string>;

/**
 * What was to wait until a time, and that has come: it stands by its priority among what waits. Where very much of it is due and cannot be
 * begun, a look costs no more: what has been due longest is looked at each time, and what has just come due, and of all others some in turn.
 */
export function createDue({ documents, clock }: Pick<Stores, 'documents' | 'clock'>) {
  let ofQueues: ReadonlyMap<string, DueOfQueue> = new Map();
  /** As in the index of what waits, by id, in their order. */
  let members: ReadonlyMap<number, string> = new Map();
  const begun = new Set<number>();

  /** The first of what is due and stands behind a place. */
  async function dueBeyond(queue: string, place: string | null, until: ReadUntil): Promise<string[]> {
    const index = executionIndexes.delayed(queue);
    const due: string[] = [];
    for (const limit of pageSizes) {
      const beyond = due.at(-1) ?? place;
      const page = await documents.scan({ index, prefix: '', direction: 'ascending', beyond, limit });
      if (page.length === 0) return due;
      const last = await until();
      due.push(...page.filter((member) => member <= last));
      if (page.length < limit || (page.at(-1) ?? '') > last) return due;
    }
    return due;
  }

  async function lookAt(queue: string, goesOn: boolean, until: ReadUntil): Promise<DueOfQueue> {
    const front = await dueBeyond(queue, null, until);
    const end = front.at(-1) ?? null;
    if (front.length < mostTogether) return { front, behind: [], turn: null, seen: end };
    const before = ofQueues.get(queue) ?? { behind: [], turn: null, seen: await until() };
    if (!goesOn) return { ...before, front };
    const inTurn = await dueBeyond(queue, laterOf(before.turn, end), until);
    const fresh = await dueBeyond(queue, laterOf(before.seen, end), until);
    return {
      front,
      behind: [...inTurn, ...fresh],
      turn: inTurn.length < mostTogether ? null : (inTurn.at(-1) ?? null),
      seen: laterOf(before.seen, fresh.at(-1) ?? null),
    };
  }

  async function membersOfNew(ids: readonly number[]): Promise<Map<number, string>> {
    const found = new Map<number, string>();
    for (let from = 0; from < ids.length; from += readAtOnce) {
      const batch = ids.slice(from, from + readAtOnce);
      const stored = await documents.get(batch.map(documentKeys.execution));
      for (const [place, id] of batch.entries()) found.set(id, memberOfWaiting(priorityOf(stored[place] ?? null), id));
    }
    return found;
  }

  return {
    /** In how many milliseconds its time comes, by the clock of the store; 0: it may begin. */
    async isIn({ notBefore }: JobExecution): Promise<number> {
      if (notBefore === undefined) return 0;
      return Math.max(0, Math.ceil(Number(notBefore - (await clock.now())) / 1e6));
    },
    /** It waits no more. */
    begun(executionId: number): void {
      if (members.has(executionId)) begun.add(executionId);
    },
    /**
     * Asks the store what is due.
     * @param goesOn whether what stands far behind and was told of before had its chance to be begun: others have their turn
     * @throws BatchyError `store-unavailable`
     */
    async look(queues: readonly string[], goesOn: boolean): Promise<void> {
      begun.clear();
      let last: Promise<string> | null = null;
      // Behind all members of this very microsecond.
      const until: ReadUntil = () =>
        (last ??= clock.now().then((now) => `${formatInstant(floorToMicrosecond(now))} ~`));
      const looked = await Promise.all(
        queues.map(async (queue) => [queue, await lookAt(queue, goesOn, until)] as const),
      );
      const ids = [...new Set(looked.flatMap(([, { front, behind }]) => [...front, ...behind]).map(idOfMember))];
      const read = await membersOfNew(ids.filter((id) => !members.has(id)));
      const next = ids.map((id): [number, string] => [id, members.get(id) ?? read.get(id) ?? '']);
      members = new Map(next.sort(([, one], [, other]) => (one < other ? -1 : 1)));
      ofQueues = new Map(looked);
    },
    /** What has been due longest, as of the last look. */
    oldest: (): number[] =>
      [...ofQueues.values()]
        .flatMap(({ front }) => front)
        .sort()
        .map(idOfMember),
    /** As of the last look, but for what has been begun since: members as in the index of what waits, in their order. */
    members: (): string[] => [...members].flatMap(([id, member]) => (begun.has(id) ? [] : member)),
  };
}

function laterOf(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}

function priorityOf(stored: StoredDocument | null): Priority {
  try {
    return (stored === null ? undefined : decodeExecution(stored.text).priority) ?? defaultPriority;
  } catch {
    // Whoever takes it is told that it cannot be read.
    return defaultPriority;
  }
}
