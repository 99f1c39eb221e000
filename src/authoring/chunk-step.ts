import type { MarkedWriter } from '../runner/items/factory.ts';
import type { ChunkBody, SkipPolicy } from '../runner/step-body.ts';
import type { StepContext as RunningStepContext } from '../runner/step-context.ts';
import { type ItemRetryOptions, readItemRetry, readSkip, type SkipOptions } from './faults.ts';
import { type ReaderSource, readerOf, type WriteFunction, writerOf } from './item-sources.ts';
import { describe, Options, type Problems } from './options.ts';
import type { AnyParameters } from './parameters.ts';
import { type DeclaredStep, declareStep, type StepContext, type StepOptions, stepOptionNames } from './step.ts';

/** What a chunk step reads, makes of each item, and writes. */
export interface ChunkOptions<Item, Output = Item, Context = StepContext> {
  /** A built-in reader, anything that can be iterated, or a function that gives one, called afresh for each run. */
  readonly reader: ReaderSource<Item, Context>;
  /** What is made of an item; `null` leaves it out (it counts as filtered). */
  readonly processor?: (item: Item, ctx: Context) => Output | null | undefined | Promise<Output | null | undefined>;
  /** A built-in writer, `itemWriter((ctx) => …)`, or a function that gets the items of a chunk. */
  readonly writer: MarkedWriter<NoInfer<Output>> | WriteFunction<NoInfer<Output>, Context>;
  /** Items read before they are written and committed: 100. */
  readonly chunkSize?: number;
  /**
   * Items whose errors may be left out: `Never` if not said. They are kept as they were read and can be replayed, if the reader gives plain
   * values: JSON, dates, bigints, bytes.
   */
  readonly skip?: SkipPolicy | SkipOptions;
  /** Further attempts at one item: none if not said. */
  readonly retry?: ItemRetryOptions;
}

export const chunkOptionNames = ['reader', 'processor', 'writer', 'chunkSize', 'skip', 'retry'] as const;
const defaultChunkSize = 100;

/**
 * A step that reads items, makes something of each, and writes them chunk by chunk. After each chunk its place is kept, so
 * that a restart goes on behind the last chunk that was committed.
 */
export function chunkStep<Item, Output = Item, Parameters = AnyParameters>(
  name: string,
  options: ChunkOptions<Item, Output, StepContext<Parameters>> & StepOptions,
): DeclaredStep {
  const problems: Problems = [];
  const known = [...chunkOptionNames, ...stepOptionNames];
  const read = new Options(options, '', `chunk step ${describe(name)}`, known, problems);
  return declareStep(name, read, readChunkBody(read, problems), problems);
}

/** The part that a partitioned step has, too. */
export function readChunkBody(options: Options, problems: Problems): ChunkBody {
  const processor = options.raw('processor');
  if (processor !== undefined && processor !== null && typeof processor !== 'function')
    options.addAt(['processor'], `must be a function of an item, but it is ${describe(processor)}`);
  return {
    kind: 'chunk',
    reader: readerOf(options.raw('reader'), problems),
    processor:
      typeof processor === 'function' ? (processor as (item: unknown, ctx: RunningStepContext) => unknown) : null,
    writer: writerOf(options.raw('writer'), problems),
    chunkSize: options.number('chunkSize', defaultChunkSize, { atLeast: 1 }),
    skip: readSkip(options.raw('skip'), problems),
    retry: readItemRetry(options.raw('retry'), problems),
  };
}
