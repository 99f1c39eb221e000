import type { Json } from '../../domain/json.ts';
import type { StepContext } from '../step-context.ts';
import type { ReaderFactory } from './factory.ts';
import type { ItemReader } from './item.ts';
import { countOf } from './iterable-reader.ts';

/** @param index how many items were read before, in earlier runs of the step, too */
export type NextItem<Item> = (
  index: number,
  ctx: StepContext,
) => Item | null | undefined | Promise<Item | null | undefined>;

/**
 * Asks a function for one item after the other, until it gives `null` (or nothing).
 *
 * Its checkpoint is how many items were read. Nothing is asked for twice and dropped: a restart goes on to ask with the index
 * that comes next, so a function that gives the item of an index begins at once where the last run ended. One that does not
 * look at the index decides by itself what comes next, as one that takes from a queue does.
 *
 * `null` is the end, also after it has thrown: in a step that tries reads again (`retry`), a function that goes through a stream or a
 * generator which broke off ends the step as COMPLETED, with what was not read lost. Such a source is read by `iterableReader`.
 */
export function functionReader<Item>(next: NextItem<Item>): ReaderFactory<Item> {
  return (ctx) => new FunctionReader((index) => next(index, ctx));
}

class FunctionReader<Item> implements ItemReader<Item> {
  readonly #next: (index: number) => Item | null | undefined | Promise<Item | null | undefined>;
  #count = 0;

  constructor(next: (index: number) => Item | null | undefined | Promise<Item | null | undefined>) {
    this.#next = next;
  }

  async open(checkpoint: Json): Promise<void> {
    this.#count = countOf(checkpoint);
  }

  async read(): Promise<Item | null> {
    const item = await this.#next(this.#count);
    if (item === null || item === undefined) return null;
    this.#count++;
    return item;
  }

  checkpoint(): Json {
    return { count: this.#count };
  }

  async close(): Promise<void> {}
}
