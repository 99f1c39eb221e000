import { expect } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Commit, CommitOutcome } from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { functionWriter } from '../../src/runner/items/memory-writers.ts';
import { createSettableClock } from '../settable-clock.ts';

/** A store whose process dies at chosen commits: before they reach it, or after, when nobody hears the answer. */
export async function mortalStores(clock: Clock = createSettableClock('2026-11-21T12:00:00')): Promise<{
  readonly stores: Stores;
  die: (at: { commit: number; after: boolean } | null) => void;
}> {
  const stores = await createMemoryStores({ clock });
  let plan: { commit: number; after: boolean } | null = null;
  let dead = false;
  let count = 0;
  const died = (): BatchyError => new BatchyError('internal', 'the process died');
  const commit = async (asked: Commit): Promise<CommitOutcome> => {
    if (plan === null) return stores.store.commit(asked);
    if (dead) throw died();
    count += 1;
    if (count < plan.commit) return stores.store.commit(asked);
    dead = true;
    if (plan.after) await stores.store.commit(asked);
    throw died();
  };
  return {
    stores: { ...stores, store: { commit } },
    die(at) {
      plan = at;
      dead = false;
      count = 0;
    },
  };
}

/** Writes each chunk once by its id, as `sqlWriter` does; keeps in which order they came. */
export function idempotentTarget() {
  const chunks = new Map<string, readonly number[]>();
  const calls: number[] = [];
  const put = (items: readonly number[], chunkId: string): void => {
    calls.push(...items);
    const known = chunks.get(chunkId);
    if (known !== undefined) expect([...items]).toEqual([...known]);
    chunks.set(chunkId, [...items]);
  };
  return {
    calls,
    items: (): number[] => [...chunks.values()].flat(),
    writer: functionWriter<number>((items, { chunkId }) => put(items, chunkId)),
    /** Takes no chunk that holds an item for which `refuses` says so. */
    refusing: (refuses: (item: number) => boolean) =>
      functionWriter<number>((items, { chunkId }) => {
        if (items.some(refuses)) throw new Error('the target refuses an item');
        put(items, chunkId);
      }),
  };
}
