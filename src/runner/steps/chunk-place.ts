import { isJsonObject, type Json } from '../../domain/json.ts';

/** Where a chunk step stands: what its `checkpoint` holds. */
export interface ChunkPlace {
  /**
   * Tells the run that began at the beginning from all others, of whatever store: a forced rerun has another one, and so other
   * chunk ids, while a restart goes on with the first's.
   */
  readonly origin: string;
  /** Items read before it, those that could not be read among them. */
  readonly items: number;
  readonly reader: Json;
  readonly writer: Json;
  /**
   * Items that the next chunk is to have: it may be in the target already, under an id that names them, and a crash may be followed
   * by a change of the job's file.
   */
  readonly size: number;
  /**
   * The next chunk failed as a whole and is written one item at a time, after a crash too: what is written then has other
   * ids than the whole.
   */
  readonly oneByOne: boolean;
}

/**
 * The place from which a step execution begins that no earlier one has begun. @param stamp unlike that of any other: ids count
 * from 1 again in a store that was wiped or restored, and in a second one that writes to the same target
 */
export function beginningOf(stepExecutionId: number, stamp: string, size: number): ChunkPlace {
  return { origin: `${stepExecutionId}-${stamp}`, items: 0, reader: null, writer: null, size, oneByOne: false };
}

export function encodePlace({ origin, items, reader, writer, size, oneByOne }: ChunkPlace): Json {
  return { origin, items, reader, writer, size, ...(oneByOne ? { one_by_one: true } : {}) };
}

/** @throws TypeError for a checkpoint that no chunk step wrote: the step was of another kind when it was stored */
export function decodePlace(checkpoint: Json): ChunkPlace {
  if (
    !isJsonObject(checkpoint) ||
    typeof checkpoint['items'] !== 'number' ||
    typeof checkpoint['origin'] !== 'string' ||
    typeof checkpoint['size'] !== 'number'
  )
    throw new TypeError(
      'The stored checkpoint is of no chunk step: the step has changed its kind since. Launch with force=true.',
    );
  return {
    origin: checkpoint['origin'],
    items: checkpoint['items'],
    reader: checkpoint['reader'] ?? null,
    writer: checkpoint['writer'] ?? null,
    size: checkpoint['size'],
    oneByOne: checkpoint['one_by_one'] === true,
  };
}

/** The same for the same items of the same step, whatever crashed in between; no other chunk of any store ever has it. */
export function chunkIdOf(instanceId: number, stepName: string, origin: string, from: number, to: number): string {
  return `${instanceId}:${stepName}:${origin}:${from}-${to}`;
}

/** @param number of the item, counted from 1 */
export function itemIdOf(instanceId: number, stepName: string, origin: string, number: number): string {
  return `${instanceId}:${stepName}:${origin}:${number}`;
}
