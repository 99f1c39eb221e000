import type { StepContext } from '../step-context.ts';
import type { ItemReader, ItemWriter } from './item.ts';

const makesWriter = Symbol('makes a writer');
/** For the compiler alone. */
declare const takes: unique symbol;

/** Makes a fresh reader for each run of a step. */
export type ReaderFactory<Item> = (ctx: StepContext) => ItemReader<Item> | Promise<ItemReader<Item>>;

/** What the compiler is told of a writer's factory where a plain function may stand, too: two kinds of calls would confuse it. */
export interface MarkedWriter<Item> {
  readonly [makesWriter]: true;
  /** Written as a method, hence compared loosely: before the reader's type is known, the compiler takes it for `unknown`. */
  [takes]?(item: Item): void;
}

/** Makes a fresh writer for each run of a step. Marked, since a writer may also be a plain function that gets the items. */
export interface WriterFactory<Item> extends MarkedWriter<Item> {
  (ctx: StepContext): ItemWriter<Item> | Promise<ItemWriter<Item>>;
}

/** Marks a function as one that makes a writer, rather than being one. */
export function itemWriter<Item>(
  make: (ctx: StepContext) => ItemWriter<Item> | Promise<ItemWriter<Item>>,
): WriterFactory<Item> {
  return Object.assign((ctx: StepContext) => make(ctx), { [makesWriter]: true as const });
}

export function isWriterFactory(value: unknown): value is WriterFactory<unknown> {
  return typeof value === 'function' && makesWriter in value;
}
