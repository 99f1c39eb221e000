import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Stores } from '../../src/ports/stores.ts';

export interface HeldStores {
  readonly openStores: (clock: Clock) => Promise<Stores>;
  /** From now on whoever reads a workflow waits. */
  hold(): void;
  /** Lets all that wait, and all that come, go on. */
  release(): void;
  /** How many wait. */
  readonly held: () => number;
}

/** Memory stores whose reads can be held up: requests that are in progress for as long as a test likes. */
export function heldStores(): HeldStores {
  let gate: PromiseWithResolvers<void> | null = null;
  let held = 0;
  const pass = async (): Promise<void> => {
    if (gate === null) return;
    held += 1;
    await gate.promise;
    held -= 1;
  };
  return {
    hold: () => {
      gate ??= Promise.withResolvers<void>();
    },
    release: () => {
      gate?.resolve();
      gate = null;
    },
    held: () => held,
    async openStores(clock) {
      const stores = await createMemoryStores({ clock });
      const { reader } = stores;
      return {
        ...stores,
        reader: {
          load: async (workflow) => pass().then(() => reader.load(workflow)),
          recall: (workflow) => reader.recall(workflow),
          peek: async (workflow) => pass().then(() => reader.peek(workflow)),
          record: (workflow, id) => reader.record(workflow, id),
          copy: (workflow, id) => reader.copy(workflow, id),
          records: (workflow, page) => reader.records(workflow, page),
          windows: (workflow, job, page) => reader.windows(workflow, job, page),
          workflows: (page) => reader.workflows(page),
          startedAfter: (instant, limit) => reader.startedAfter(instant, limit),
          operation: (id) => reader.operation(id),
        },
      };
    },
  };
}
