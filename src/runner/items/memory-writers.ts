import type { Json } from '../../domain/json.ts';
import type { StepContext } from '../step-context.ts';
import { itemWriter, type WriterFactory } from './factory.ts';
import type { Chunk, ItemWriter } from './item.ts';
import { countOf } from './iterable-reader.ts';

/**
 * Collects items in a list, for tests. Like the writers of files it goes back to its checkpoint when it is opened; the
 * beginning empties the list.
 */
export function listWriter<Item>(list: Item[]): WriterFactory<Item> {
  return itemWriter(() => new ListWriter(list));
}

/**
 * Hands each chunk to a function. It has no checkpoint: what was written after the last commit is written once more after a
 * crash, with the same `chunkId`, by which the function can tell.
 */
export function functionWriter<Item>(
  write: (items: readonly Item[], chunk: Chunk, ctx: StepContext) => unknown,
): WriterFactory<Item> {
  return itemWriter((ctx) => ({
    open: async () => {},
    write: async (items, chunk) => void (await write(items, chunk, ctx)),
    checkpoint: () => null,
    close: async () => {},
  }));
}

/** Writes nowhere: for a step whose work is done by its processor. */
export function nullWriter(): WriterFactory<unknown> {
  return functionWriter(() => {});
}

/** A processor that hands on what it is given. */
export function passThrough<Item>(item: Item): Item {
  return item;
}

class ListWriter<Item> implements ItemWriter<Item> {
  readonly #list: Item[];

  constructor(list: Item[]) {
    this.#list = list;
  }

  async open(checkpoint: Json): Promise<void> {
    this.#list.length = Math.min(this.#list.length, countOf(checkpoint));
  }

  async write(items: readonly Item[]): Promise<void> {
    // One by one: a call has only so many arguments.
    for (const item of items) this.#list.push(item);
  }

  checkpoint(): Json {
    return { count: this.#list.length };
  }

  async close(): Promise<void> {}
}
