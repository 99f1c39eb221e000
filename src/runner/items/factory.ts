import type { StepContext } from '../step-context.ts';
import type { ItemReader, ItemWriter } from './item.ts';

const makesWriter = Symbol('makes a writer');

/** Makes a fresh reader for each run of a step. */
export type ReaderFactory<Item> = (ctx: StepContext) => ItemReader<Item> | Promise<ItemReader<Item>>;

/** Makes a fresh writer for each run of a step. Marked, since a writer may also be a plain function that gets the items. */
export interface WriterFactory<Item> {
  (ctx: StepContext): ItemWriter<Item> | Promise<ItemWriter<Item>>;
  readonly [makesWriter]: true;
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
