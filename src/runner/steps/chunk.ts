import { chunkIdOf, type ChunkPlace, decodePlace, itemIdOf, runsOf } from '../../domain/chunk-place.ts';
import { noCounters, type StepCounters } from '../../domain/execution.ts';
import type { Json } from '../../domain/json.ts';
import { ItemError, type ItemReader, type ItemWriter } from '../items/item.ts';
import { copyOfItem, keptItem } from '../items/kept-item.ts';
import { jsonCopy, jsonForPeople } from '../../domain/json-copy.ts';
import type { ChunkBody } from '../step-body.ts';
import { handleFaults, type NewSkip } from './chunk-faults.ts';
import type { ChunkRun } from './chunk-run.ts';
import { createOwnedWrites } from './owned-writes.ts';
import { countsOf, emptyChunk, inVain, type OpenChunk, positionOf } from './open-chunk.ts';

/**
 * Runs a chunk step to its end: reads a chunk, processes it, writes it, and only then commits where it stands. A crash
 * replays at most the chunk that was not committed, under the id that it had.
 *
 * Aborted, it gives up what is not written and throws the signal's reason; a chunk that is being written is committed first.
 */
export async function runChunks(body: ChunkBody, run: ChunkRun): Promise<void> {
  const place = decodePlace(run.checkpoint);
  const reader = await body.reader(run.ctx);
  await closing(run, reader, 'reader', async () => {
    await reader.open(place.reader);
    const writer = await body.writer(run.ctx);
    await closing(run, writer, 'writer', async () => {
      // What has been left behind must not cut off what its successor writes.
      run.ctx.signal.throwIfAborted();
      await run.stillOurs();
      await run.untilDone(() => writer.open(place.writer));
      await copyChunks(body, run, place, reader, writer);
    });
  });
}

/** Closes what was opened, whatever happened; an error that came before counts more than one of the closing. */
async function closing(
  { ctx }: ChunkRun,
  opened: { close(): Promise<void> },
  what: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    await Promise.resolve(opened.close()).catch((second: unknown) => {
      ctx.logger.warn(`closing the ${what} failed, too: ${String(second)}`);
    });
    throw error;
  }
  await opened.close();
}

async function copyChunks(
  body: ChunkBody,
  run: ChunkRun,
  start: ChunkPlace,
  reader: ItemReader<unknown>,
  writer: ItemWriter<unknown>,
): Promise<void> {
  const { ctx, instanceId } = run;
  const { signal } = ctx;
  const { stepName } = ctx.execution;
  const faultsOf = handleFaults({ ...run, body, signal, warn: (message) => ctx.logger.warn(message) });
  const fence = { ...run.fence, scope: runsOf(instanceId, stepName, start.origin) };
  const write = createOwnedWrites({ writer, fence, signal, stillOurs: run.stillOurs, faults: faultsOf });
  let place = start;
  let skipped = run.skippedBefore;
  let lastRead: unknown = null;
  /** An error of the store is none of the step's code: it must not be stored in its turn. */
  let storeFailed = false;
  const mayLeaveOut = body.skip.limit > 0;

  for (;;) {
    signal.throwIfAborted();
    const chunk = emptyChunk();
    try {
      await readChunk(chunk);
      if (chunk.asked === 0) return;
      const readTo = reader.checkpoint();
      if (body.processor !== null) await processChunk(chunk, body.processor);
      signal.throwIfAborted();
      await run.untilDone(async () => {
        if (chunk.items.length > 0) await writeChunk(chunk);
        await commitChunk(chunk, readTo);
      });
    } catch (error) {
      // Of a chunk that is given up only what was tried in vain is kept.
      if (!storeFailed && !signal.aborted && chunk.retries + chunk.rollbacks > 0) await store(place, inVain(chunk));
      throw error;
    }
    if (chunk.ended) return;
  }

  async function readChunk(chunk: OpenChunk): Promise<void> {
    for (;;) {
      if (signal.aborted) throw signal.reason;
      let item: unknown;
      try {
        const later = readReady(chunk);
        if (later === null) return;
        item = await later;
      } catch (error) {
        if (!(await readAgain(chunk, error))) continue;
        item = lastRead;
      }
      if (!take(chunk, item)) return;
    }
  }

  /**
   * Reads what is there already: to await it, or to ask the signal before each item, would cost more than all the rest, and nobody
   * can abort meanwhile.
   * @returns the item to wait for; `null` when the chunk is full or the source has ended
   */
  function readReady(chunk: OpenChunk): PromiseLike<unknown> | null {
    while (place.asked === null ? chunk.items.length < place.size : chunk.asked < place.asked) {
      const given: unknown = reader.read();
      if (isThenable(given)) return given;
      if (!take(chunk, given)) return null;
    }
    return null;
  }

  /** @returns whether there may be more */
  function take(chunk: OpenChunk, item: unknown): boolean {
    if (item === null || item === undefined) {
      chunk.ended = true;
      return false;
    }
    chunk.asked += 1;
    chunk.read += 1;
    const number = place.items + chunk.asked;
    chunk.items.push(item);
    chunk.numbers.push(number);
    // The processor may change what it is given.
    if (mayLeaveOut) chunk.inputs.set(number, copyOfItem(item));
    return true;
  }

  /** @returns whether an item was read after all; else it was left out */
  async function readAgain(chunk: OpenChunk, error: unknown): Promise<boolean> {
    try {
      lastRead = await faultsOf.retry(error, chunk, () => reader.read());
      return true;
    } catch (last) {
      // Only a reader that says so can go on behind an item; of any other, what follows would be lost without a trace.
      if (!(last instanceof ItemError)) throw last;
      chunk.asked += 1;
      const number = place.items + chunk.asked;
      const position = last.position ?? positionOf(number);
      const kept = {
        item: last.item,
        types: [],
        obstacle: 'it could not be read: there is no item that a processor could be given',
      };
      const left = { phase: 'read', number, position, output: null, ...kept } as const;
      faultsOf.skip(last, skipped + chunk.skipped.length, chunk, left);
      return false;
    }
  }

  async function processChunk(chunk: OpenChunk, processor: NonNullable<ChunkBody['processor']>): Promise<void> {
    const { items, numbers } = chunk;
    let kept = 0;
    for (let index = 0; index < items.length; index += 1) {
      if (signal.aborted) throw signal.reason;
      const item = items[index];
      const number = numbers[index] as number;
      let result: unknown;
      try {
        const given = processor(item, ctx);
        result = isThenable(given) ? await given : given;
      } catch (error) {
        try {
          result = await faultsOf.retry(error, chunk, () => processor(item, ctx));
        } catch (last) {
          leaveOut(chunk, last, 'process', number, null);
          continue;
        }
      }
      if (result === null || result === undefined) {
        chunk.filtered += 1;
        continue;
      }
      items[kept] = result;
      numbers[kept] = number;
      kept += 1;
    }
    items.length = kept;
    numbers.length = kept;
  }

  async function writeChunk(chunk: OpenChunk): Promise<void> {
    if (place.oneByOne) return writeOneByOne(chunk);
    // A source that has grown when a crash is followed by a restart must not change what this chunk is.
    if (chunk.ended && place.asked === null) await store({ ...place, asked: chunk.asked }, noCounters);
    const chunkId = chunkIdOf(instanceId, stepName, place.origin, place.items, place.items + chunk.asked);
    try {
      await write(chunk, chunk.items, chunkId);
    } catch (error) {
      if (!faultsOf.maySkip(error, skipped + chunk.skipped.length)) throw error;
      ctx.logger.warn(`chunk ${chunkId} is written one item at a time after: ${String(error)}`);
      // Stored before the first of them is written: should we crash among them, they are not written once more as a whole.
      await store({ ...place, oneByOne: true }, inVain(chunk));
      chunk.retries = 0;
      chunk.rollbacks = 0;
      await writeOneByOne(chunk);
    }
  }

  async function writeOneByOne(chunk: OpenChunk): Promise<void> {
    const { items, numbers } = chunk;
    let kept = 0;
    for (let index = 0; index < items.length; index += 1) {
      const number = numbers[index] as number;
      try {
        await write(chunk, [items[index]], itemIdOf(instanceId, stepName, place.origin, number));
        kept += 1;
      } catch (error) {
        leaveOut(chunk, error, 'write', number, body.processor === null ? null : jsonForPeople(items[index]));
      }
    }
    items.length = kept;
  }

  function leaveOut(chunk: OpenChunk, error: unknown, phase: NewSkip['phase'], number: number, output: Json): void {
    // No copy was made of it, and none is needed.
    if (!mayLeaveOut) throw error;
    const left = { phase, number, position: positionOf(number), output, ...keptItem(chunk.inputs.get(number)) };
    faultsOf.skip(error, skipped + chunk.skipped.length, chunk, left);
  }

  async function commitChunk(chunk: OpenChunk, readTo: Json): Promise<void> {
    const next: ChunkPlace = {
      origin: place.origin,
      items: place.items + chunk.asked,
      reader: jsonCopy(readTo, 'the checkpoint of the reader'),
      writer: jsonCopy(writer.checkpoint(), 'the checkpoint of the writer'),
      size: body.chunkSize,
      asked: null,
      oneByOne: false,
    };
    await store(next, countsOf(chunk), chunk);
    skipped += chunk.skipped.length;
  }

  /** @param ended the chunk that ends with it, or `null` */
  async function store(next: ChunkPlace, counted: StepCounters, ended: OpenChunk | null = null): Promise<void> {
    try {
      await run.save({ place: next, counted, asked: ended?.asked ?? 0, skipped: ended?.skipped ?? [] });
    } catch (error) {
      storeFailed = true;
      throw error;
    }
    place = next;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
