import { isJsonObject, type Json } from '../../domain/json.ts';
import type { ReaderFactory } from './factory.ts';
import { type FromContext, valueFromContext } from './from-context.ts';
import { ItemError, type ItemReader } from './item.ts';

/** What can be gone through: an array, a set, a generator, a stream of objects, … */
export type ItemSource<Item> = Iterable<Item> | AsyncIterable<Item>;

/**
 * Reads a list that is in memory. Its checkpoint is how many items were read; a restart begins there at once, so the list must
 * be the same then.
 */
export function listReader<Item>(items: FromContext<readonly Item[]>): ReaderFactory<Item> {
  return iterableReader(items);
}

/**
 * Reads an iterable, an async iterable or a generator; better a function that gives one, since most of them can be gone
 * through once only.
 *
 * Its checkpoint is how many items were read. A restart goes through them again and drops them (an array is an exception):
 * it costs their reading once more, and whatever reading them does is done again; and the source must give the same items in
 * the same order, else some are read twice or never. A source that can begin at a place of its own is better read by
 * `functionReader`.
 */
export function iterableReader<Item>(source: FromContext<ItemSource<Item>>): ReaderFactory<Item> {
  return (ctx) => new IterableReader(() => valueFromContext(source, ctx));
}

class IterableReader<Item> implements ItemReader<Item> {
  readonly #source: () => Promise<ItemSource<Item>>;
  /** The source, where it is a list: what it holds is had without asking an iterator for each item. */
  #list: readonly Item[] | null = null;
  #iterator: Iterator<Item> | AsyncIterator<Item> | null = null;
  #count = 0;
  /** What the last reading threw. */
  #failure: { readonly error: unknown } | null = null;

  constructor(source: () => Promise<ItemSource<Item>>) {
    this.#source = source;
  }

  async open(checkpoint: Json): Promise<void> {
    const count = countOf(checkpoint);
    const source = await this.#source();
    if (Array.isArray(source)) {
      assertReaches(count, Math.min(count, source.length));
      this.#list = source as readonly Item[];
    } else {
      this.#iterator = iteratorOf(source);
      for (let skipped = 0; skipped < count; skipped++) {
        const { done } = await this.#iterator.next();
        if (done === true) assertReaches(count, skipped);
      }
    }
    this.#count = count;
  }

  read(): Item | null | Promise<Item | null> {
    // As long as it is by now: a list may grow while it is read.
    if (this.#list !== null)
      return this.#count < this.#list.length ? this.#given(this.#list[this.#count] as Item) : null;
    if (this.#iterator === null) throw new Error('The reader is not open.');
    try {
      const step = this.#iterator.next();
      if (!('then' in step)) return this.#itemOf(step);
      return step.then(
        (later) => this.#itemOf(later),
        (error: unknown) => this.#broken(error),
      );
    } catch (error) {
      return this.#broken(error);
    }
  }

  #broken(error: unknown): never {
    if (!(error instanceof ItemError)) this.#failure ??= { error };
    throw error;
  }

  #itemOf({ done, value }: IteratorResult<Item, unknown>): Item | null {
    // A generator that has thrown says from then on that it has ended: what it would have given must not be lost.
    if (done === true && this.#failure !== null) throw this.#failure.error;
    if (done === true) return null;
    this.#failure = null;
    return this.#given(value);
  }

  #given(value: Item): Item {
    this.#count++;
    if (value !== null && value !== undefined) return value;
    const position = `item ${this.#count}`;
    throw new ItemError(`${position} is ${String(value)}, which is no item: the reading would seem to end there.`, {
      position,
    });
  }

  checkpoint(): Json {
    return { count: this.#count };
  }

  async close(): Promise<void> {
    const iterator = this.#iterator;
    this.#iterator = null;
    this.#list = null;
    await iterator?.return?.();
  }
}

function iteratorOf<Item>(source: ItemSource<Item>): Iterator<Item> | AsyncIterator<Item> {
  if (typeof source === 'object' && source !== null) {
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
  }
  throw new TypeError(`What is to be read must be iterable, but it is ${source === null ? 'null' : typeof source}.`);
}

/** @throws Error for a checkpoint that another kind of reader has made */
export function countOf(checkpoint: Json): number {
  if (checkpoint === null) return 0;
  const count = isJsonObject(checkpoint) ? checkpoint['count'] : undefined;
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
  throw new Error('The checkpoint was made by another kind of reader. Launch with force to read from the beginning.');
}

function assertReaches(expected: number, found: number): void {
  if (found === expected) return;
  throw new Error(
    `The source gives ${found} items now, but ${expected} were read before: it has changed under the checkpoint. ` +
      'Launch with force to read from the beginning.',
  );
}
