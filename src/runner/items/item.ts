import type { Json } from '../../domain/json.ts';

/**
 * Gives items one after the other, from a place on. A fresh one is made for each run of a step; `open` comes first, `close`
 * last, whatever happened in between.
 */
export interface ItemReader<Item> {
  /** @param checkpoint what `checkpoint` gave after the last item that was committed; `null` to begin */
  open(checkpoint: Json): Promise<void>;
  /**
   * The next item; `null` at the end. No promise where the item is there already: a million of them would be waited for a
   * million times.
   * @throws ItemError for an item that cannot be read: the next call goes on behind it. Anything else ends the reading.
   */
  read(): Item | null | Promise<Item | null>;
  /** Where a reader must be opened to give the items behind the last one given. JSON, small. */
  checkpoint(): Json;
  close(): Promise<void>;
}

/** What a writer is told about the chunk. */
export interface Chunk {
  /**
   * The same for the same items of the same step execution, after a crash too: by it a writer can tell that it has written
   * them already. A chunk that is written one item at a time has one id for each item.
   */
  readonly chunkId: string;
  readonly signal: AbortSignal;
  readonly fence: WriterFence;
  /**
   * Makes sure that nobody else has gone on with the execution, as happens while a process is paused: it asks the store, unless that has said so lately. It
   * was called right before `write`; a writer that does much before it touches its target calls it again.
   * @throws Error where it is another's: nothing may be written any more
   */
  readonly stillOurs: () => Promise<void>;
}

/**
 * Which run of the step writes, in an order: a target that keeps it together with what is written can refuse a process that was
 * paused in the midst of its write, and has been succeeded since.
 */
export interface WriterFence {
  /** What the order is for: the same for all runs of a step that go on with each other, of no other store or step. */
  readonly scope: string;
  /** Counts first: a later run has a greater one. */
  readonly stepExecutionId: number;
  /** Among those of the same step execution: whoever takes it over has a greater one. */
  readonly lease: number;
}

/** Writes items, chunk by chunk. What it throws rolls the chunk back: nothing of it counts as written. */
export interface ItemWriter<Item> {
  /** @param checkpoint what `checkpoint` gave after the last chunk that was committed; `null` to begin: what lies behind it is taken back, as far as the target allows */
  open(checkpoint: Json): Promise<void>;
  write(items: readonly Item[], chunk: Chunk): Promise<void>;
  /** Asked after each chunk; `null` where the target needs none. */
  checkpoint(): Json;
  close(): Promise<void>;
}

/** One item that could not be read, with where it is and what is known of it. Others can. */
export class ItemError extends Error {
  override readonly name: string = 'ItemError';
  /** Such as `line 12`, or `null`. */
  readonly position: string | null;
  /** As far as it could be read, or `null`. */
  readonly item: Json;

  constructor(message: string, options: { position: string | null; item?: Json; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.position = options.position;
    this.item = options.item ?? null;
  }
}

/**
 * Whether a writer says of its error (`isUncertain: true`) that it is no item's fault, and that the items may be written all the
 * same: they come again together, under the id that they had, and none is left out.
 */
export function isUncertain(error: unknown): boolean {
  return error instanceof Error && 'isUncertain' in error && error.isUncertain === true;
}
