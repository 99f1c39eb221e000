import { describe, expect, it } from 'vitest';

import { isWriterFactory } from '../../../src/runner/items/factory.ts';
import { functionReader } from '../../../src/runner/items/function-reader.ts';
import type { Chunk } from '../../../src/runner/items/item.ts';
import { iterableReader, listReader } from '../../../src/runner/items/iterable-reader.ts';
import { functionWriter, listWriter, nullWriter, passThrough } from '../../../src/runner/items/memory-writers.ts';
import { anyChunk } from './any-chunk.ts';
import { emptyContext, openReader, openWriter, readAll, writeChunks } from './fixtures.ts';

function* upTo(last: number): Generator<number> {
  for (let number = 1; number <= last; number++) yield number;
}

async function* laterUpTo(last: number): AsyncGenerator<number> {
  yield* upTo(last);
}

describe('readers of what is in memory', () => {
  const readers = {
    list: listReader([1, 2, 3]),
    'list of the context': listReader(async (ctx) => [ctx.attempt, 2, 3]),
    set: iterableReader(new Set([1, 2, 3])),
    generator: iterableReader(() => upTo(3)),
    'async generator': iterableReader(() => laterUpTo(3)),
    stream: iterableReader(() => ReadableStream.from([1, 2, 3])),
    function: functionReader((index) => (index < 3 ? index + 1 : null)),
    'async function': functionReader(async (index) => (index < 3 ? index + 1 : undefined)),
  };

  it.each(Object.entries(readers))('a %s is read to its end, and from each checkpoint on', async (_name, reader) => {
    const whole = await readAll(reader);
    expect(whole.items).toEqual([1, 2, 3]);
    expect(whole.checkpoints).toHaveLength(4);
    for (const [index, checkpoint] of whole.checkpoints.entries()) {
      expect((await readAll(reader, checkpoint)).items).toEqual([1, 2, 3].slice(index));
    }
  });

  it('tells when there are fewer items than were read', async () => {
    const message = 'The source gives 2 items now, but 3 were read before';
    await expect(openReader(listReader([1, 2]), { count: 3 })).rejects.toThrow(message);
    await expect(openReader(iterableReader(upTo(2)), { count: 3 })).rejects.toThrow(message);
  });

  it('takes no checkpoint of another kind of reader', async () => {
    await expect(openReader(listReader([1]), { offset: 3 })).rejects.toThrow('another kind of reader');
    await expect(
      openReader(
        functionReader(() => null),
        { count: -1 },
      ),
    ).rejects.toThrow('another kind of reader');
  });

  it('takes no null for the end of a list', async () => {
    const { items, faults } = await readAll(listReader([1, null, undefined, 2]));
    expect(items).toEqual([1, 2]);
    expect(faults.map(({ position }) => position)).toEqual(['item 2', 'item 3']);
  });

  it('reads what is no item as an error that names it', async () => {
    await expect(openReader(iterableReader((() => 7) as never))).rejects.toThrow('must be iterable, but it is number');
  });

  it('ends a generator that is not read to its end', async () => {
    let ended = false;
    const reader = await openReader(
      iterableReader(function* () {
        try {
          yield 1;
          yield 2;
        } finally {
          ended = true;
        }
      }),
    );
    await reader.read();
    await reader.close();
    expect(ended).toBe(true);
  });

  it('hands on what the source throws', async () => {
    const failing = iterableReader(async function* () {
      yield 1;
      throw new Error('the source is gone');
    });
    await expect(readAll(failing)).rejects.toThrow('the source is gone');
  });
});

describe('writers of what is in memory', () => {
  it('a list goes back to its checkpoint', async () => {
    const list = ['old'];
    const checkpoint = await writeChunks(listWriter(list), [['a', 'b']]);
    await writeChunks(listWriter(list), [['lost']], checkpoint);
    expect(await writeChunks(listWriter(list), [['c']], checkpoint)).toEqual({ count: 3 });
    expect(list).toEqual(['a', 'b', 'c']);
  });

  it('a function gets the chunk and the context', async () => {
    const calls: [readonly number[], Chunk, number][] = [];
    const writer = await openWriter(
      functionWriter<number>((items, chunk, ctx) => void calls.push([items, chunk, ctx.attempt])),
    );
    await writer.write([1, 2], anyChunk);
    expect(calls).toEqual([[[1, 2], anyChunk, 1]]);
    expect(writer.checkpoint()).toBeNull();
  });

  it('waits for a function, and fails as it does', async () => {
    const failing = functionWriter(async () => Promise.reject(new Error('the target is full')));
    await expect(writeChunks(failing, [[1]])).rejects.toThrow('the target is full');
  });

  it('nowhere is a target, too', async () => {
    expect(await writeChunks(nullWriter(), [[1], [2]])).toBeNull();
    expect(isWriterFactory(nullWriter())).toBe(true);
    expect([1, 2].map(passThrough)).toEqual([1, 2]);
    expect(emptyContext.attempt).toBe(1);
  });
});
