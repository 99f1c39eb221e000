import { executionIndexes, idOfMember } from '../domain/document-index.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { conductorsIndex } from '../domain/heartbeat.ts';
import { decodeLease } from '../domain/lease.ts';
import type { DocumentReader } from '../ports/document-reader.ts';
import { pagesOf } from './index-members.ts';
import { type LostOwner, ownAttempt } from './owner-loss.ts';
import type { OwnerWatch } from './owner-watch.ts';

/** An execution that has begun, or was taken, and that nobody goes on with. */
export interface StrayExecution {
  readonly id: number;
  /** `null`: it was handed back. */
  readonly owner: string | null;
  /** How its owner ended; `null` where there is none. */
  readonly lost: LostOwner | null;
}

export interface StrayOptions {
  readonly documents: DocumentReader;
  readonly owners: OwnerWatch;
  /** Who asks. An owner of this name whose execution does not run here is an attempt of ours that came to grief. */
  readonly conductor: string;
  readonly queues: readonly string[];
  /** What is not looked at, since it runs here or came to grief a moment ago. */
  readonly isLeftOut: (executionId: number) => boolean;
  /** Told of one of which cannot be read whose it is. */
  readonly onUnread: (executionId: number, error: unknown) => void;
}

const leasesAtOnce = 500;

/** Of what waits, a few were taken and not begun; each is looked at every so many times. */
const turns = 3;
/** For each so many that are live, one look is passed over, as long as nobody who could own something has gone. */
const livePerPause = 500;
const longestPause = 30;

/**
 * Finds what nobody goes on with: oldest first, but not what waits in our queues to be taken for the first time. All owners are looked at
 * at once, since who is gone is told by watching them. Where very much is live, as with a queue that is paused for a day, it is looked through when
 * a conductor is gone, or was, and else from time to time.
 */
export function createStrays(options: StrayOptions) {
  const { documents, owners, conductor, isLeftOut } = options;
  let turn = 0;
  /** What waits and was taken, as it was found in its turn: its owner is watched from then on. */
  let taken: ReadonlySet<number> = new Set();
  /** What was found and is never ours. */
  let foreign: ReadonlySet<number> = new Set();
  const passedBy = new Set<number>();
  /** Looks that are passed over, and those that were. */
  let pauses = 0;
  let paused = 0;
  /** Looks that are not passed over, whatever is live. */
  let due = turns;
  /** Conductors that lived. */
  let alive: ReadonlySet<string> = new Set();

  /** @returns the other conductors that give signs of life, or did, and who of them is gone */
  async function watch(): Promise<{
    readonly known: readonly string[];
    readonly gone: ReadonlyMap<string, LostOwner>;
  }> {
    const known: string[] = [];
    for await (const page of pagesOf(documents, conductorsIndex)) known.push(...page.filter((id) => id !== conductor));
    const gone = await owners.gone(known);
    const living = new Set(known.filter((id) => !gone.has(id)));
    // What it owned, or handed back, is found within as many looks.
    if ([...alive].some((id) => !living.has(id))) due = turns;
    alive = living;
    return { known, gone };
  }

  async function lookThrough(known: readonly string[], live: readonly number[]): Promise<StrayExecution[]> {
    const waiting = await waitingIn(options);
    turn = (turn + 1) % turns;
    const isItsTurn = (id: number): boolean => !waiting.has(id) || id % turns === turn || taken.has(id);
    const looked = live.filter((id) => !isLeftOut(id) && !foreign.has(id) && isItsTurn(id));
    const ownerOf = await ownersOf(options, looked);
    taken = new Set([...ownerOf.keys()].filter((id) => waiting.has(id)));
    const gone = await owners.gone(
      [...new Set([...known, ...ownerOf.values()])].filter((owner) => owner !== conductor),
    );
    return looked.flatMap((id): StrayExecution[] => {
      const owner = ownerOf.get(id);
      if (owner === undefined) return waiting.has(id) || isLeftOut(id) ? [] : [{ id, owner: null, lost: null }];
      const lost = owner === conductor ? ownAttempt : gone.get(owner);
      return lost === undefined ? [] : [{ id, owner, lost }];
    });
  }

  return {
    /** It is for others, whatever becomes of it: it is not looked at again. */
    passBy: (executionId: number): void => void passedBy.add(executionId),
    /** Something may be found soon: within as many looks. */
    expect: (): void => void (due = turns),
    /** @throws BatchyError `store-unavailable` */
    async find(): Promise<StrayExecution[]> {
      const { known } = pauses === 0 ? { known: [] } : await watch();
      if (due === 0 && paused < pauses) {
        paused += 1;
        return [];
      }
      const live: number[] = [];
      for await (const page of pagesOf(documents, executionIndexes.live)) live.push(...page.map(idOfMember));
      foreign = new Set(live.filter((id) => foreign.has(id) || passedBy.has(id)));
      passedBy.clear();
      const found = live.length === 0 ? [] : await lookThrough(known, live);
      // Whoever goes before the first look at all who live is not missed by it.
      if (pauses === 0 && live.length >= livePerPause) due = turns + 1;
      pauses = Math.min(Math.floor(live.length / livePerPause), longestPause);
      paused = 0;
      // What is left for want of room is not lost sight of.
      due = Math.max(due - 1, found.length > 0 ? 1 : 0);
      return found;
    },
  };
}

async function waitingIn({ documents, queues }: StrayOptions): Promise<ReadonlySet<number>> {
  const waiting = new Set<number>();
  for (const queue of queues)
    for (const index of [executionIndexes.waiting(queue), executionIndexes.delayed(queue)])
      for await (const page of pagesOf(documents, index)) for (const member of page) waiting.add(idOfMember(member));
  return waiting;
}

async function ownersOf(
  { documents, onUnread }: StrayOptions,
  ids: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  for (let from = 0; from < ids.length; from += leasesAtOnce) {
    const batch = ids.slice(from, from + leasesAtOnce);
    const leases = await documents.get(batch.map(documentKeys.lease));
    for (const [place, id] of batch.entries())
      try {
        const lease = leases[place] ?? null;
        const owner = lease === null ? null : decodeLease(lease.text).conductor;
        if (owner !== null) found.set(id, owner);
      } catch (error) {
        onUnread(id, error);
      }
  }
  return found;
}
