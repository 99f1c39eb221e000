import { isWriterFactory, type ReaderFactory, type WriterFactory } from '../runner/items/factory.ts';
import type { Chunk, ItemReader, ItemWriter } from '../runner/items/item.ts';
import { iterableReader, type ItemSource } from '../runner/items/iterable-reader.ts';
import { functionWriter } from '../runner/items/memory-writers.ts';
import type { StepContext as RunningStepContext } from '../runner/step-context.ts';
import { describe, isRecord, type Problems } from './options.ts';

/** Where the items of a chunk step come from. */
export type ReaderSource<Item, Context> =
  | ItemSource<Item>
  | ((ctx: Context) => ItemReader<Item> | ItemSource<Item> | Promise<ItemReader<Item> | ItemSource<Item>>);

/** Writes the items of one chunk; what it throws rolls the chunk back. `chunk.chunkId` stays the same when they come again. */
export type WriteFunction<Item, Context> = (items: readonly Item[], chunk: Chunk, ctx: Context) => unknown;

/** A reader's factory from whatever an author may give as one. */
export function readerOf(source: unknown, problems: Problems): ReaderFactory<unknown> {
  const problem = readerProblem(source);
  if (problem !== null) problems.push({ pointer: '/reader', detail: problem });
  if (typeof source !== 'function') return iterableReader(source as ItemSource<unknown>);
  return async (ctx: RunningStepContext) => {
    const made: unknown = await (source as (ctx: RunningStepContext) => unknown)(ctx);
    if (isReader(made)) return made;
    if (isIterable(made)) return iterableReader(made)(ctx);
    throw new Error(
      `The reader of step ${JSON.stringify(ctx.execution.stepName)} must give a reader or something that can be iterated, but it gave ${describe(made)}.`,
    );
  };
}

function readerProblem(source: unknown): string | null {
  if (source === undefined) return 'reader is missing: where the items come from';
  if (typeof source === 'function') return null;
  if (isReader(source)) return 'must make a fresh reader for each run: give a function, (ctx) => reader';
  if (typeof source === 'string' || !isIterable(source))
    return `must be a reader, something that can be iterated or a function that gives one, but it is ${describe(source)}`;
  // A generator that has run is empty for ever after: a second run in the same process would read nothing and call it success.
  if (isOneTime(source)) return 'can be iterated only once: give the function that makes it';
  return null;
}

/** A writer's factory from whatever an author may give as one. */
export function writerOf(source: unknown, problems: Problems): WriterFactory<unknown> {
  if (isWriterFactory(source)) return source;
  if (typeof source !== 'function') {
    const detail =
      source === undefined
        ? 'writer is missing: where the items go'
        : isWriter(source)
          ? 'must make a fresh writer for each run: give itemWriter((ctx) => writer)'
          : `must be a writer or a function of items, but it is ${describe(source)}`;
    problems.push({ pointer: '/writer', detail });
  }
  return functionWriter(source as WriteFunction<unknown, RunningStepContext>);
}

function isReader(value: unknown): value is ItemReader<unknown> {
  return hasMethods(value, ['open', 'read', 'checkpoint', 'close']);
}

function isWriter(value: unknown): value is ItemWriter<unknown> {
  return hasMethods(value, ['open', 'write', 'checkpoint', 'close']);
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  return isRecord(value) && names.every((name) => typeof value[name] === 'function');
}

function isIterable(value: unknown): value is ItemSource<unknown> {
  return typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

/** Iterators (generators that run already) and streams. Asking them for an iterator could begin to consume them. */
function isOneTime(value: ItemSource<unknown>): boolean {
  return ['next', 'pipe', 'getReader'].some(
    (name) => typeof (value as unknown as Record<string, unknown>)[name] === 'function',
  );
}
