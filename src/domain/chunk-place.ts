import { isJsonObject, type Json } from './json.ts';

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
   * How many the next chunk asks the reader for, or `null` for as many as make it full. Said of a last chunk that is short: it, too, may be
   * in the target already, and the source may have grown when a crash is followed by a restart.
   */
  readonly asked: number | null;
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
  const origin = `${stepExecutionId}-${stamp}`;
  return { origin, items: 0, reader: null, writer: null, size, asked: null, oneByOne: false };
}

export function encodePlace({ origin, items, reader, writer, size, asked, oneByOne }: ChunkPlace): Json {
  return {
    origin,
    items,
    reader,
    writer,
    size,
    ...(asked === null ? {} : { asked }),
    ...(oneByOne ? { one_by_one: true } : {}),
  };
}

/** @throws TypeError for a checkpoint that this version's chunk steps did not write */
export function decodePlace(checkpoint: Json): ChunkPlace {
  const place = readPlace(checkpoint);
  if (place !== null) return place;
  throw new TypeError(`${unreadablePlace(checkpoint)} Launch with force=true to begin anew.`);
}

/** Why a step cannot go on at its checkpoint, as a sentence; `null` where it can. */
export function placeProblem(checkpoint: Json): string | null {
  return readPlace(checkpoint) === null ? unreadablePlace(checkpoint) : null;
}

function readPlace(checkpoint: Json): ChunkPlace | null {
  if (!isJsonObject(checkpoint)) return null;
  const { origin, items, size, asked = null } = checkpoint;
  if (typeof origin !== 'string' || typeof items !== 'number' || typeof size !== 'number') return null;
  if (asked !== null && typeof asked !== 'number') return null;
  return {
    origin,
    items,
    size,
    asked,
    reader: checkpoint['reader'] ?? null,
    writer: checkpoint['writer'] ?? null,
    oneByOne: checkpoint['one_by_one'] === true,
  };
}

/** What a chunk step of any version has written tells of both sides. */
function unreadablePlace(checkpoint: Json): string {
  return isJsonObject(checkpoint) && 'reader' in checkpoint && 'writer' in checkpoint
    ? 'The stored checkpoint was written by another version of Batchy and cannot be read by this one.'
    : 'The stored checkpoint is of no chunk step: the step has changed its kind since.';
}

/** The same for the same items of the same step, whatever crashed in between; no other chunk of any store ever has it. */
export function chunkIdOf(instanceId: number, stepName: string, origin: string, from: number, to: number): string {
  return `${runsOf(instanceId, stepName, origin)}:${from}-${to}`;
}

/** @param number of the item, counted from 1 */
export function itemIdOf(instanceId: number, stepName: string, origin: string, number: number): string {
  return `${runsOf(instanceId, stepName, origin)}:${number}`;
}

/** The same for all runs of a step that go on with each other, of no other. */
export function runsOf(instanceId: number, stepName: string, origin: string): string {
  return `${instanceId}:${stepName}:${origin}`;
}
