import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { describe, expect, it, vi } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import { csvWriter } from '../../../src/runner/items/csv-writer.ts';
import { jsonWriter, ndjsonWriter } from '../../../src/runner/items/json-writers.ts';
import { anyChunk } from './any-chunk.ts';
import { openWriter, useFolder, writeChunks } from './fixtures.ts';

const folder = useFolder();
const text = (file: string): string => readFileSync(file, 'utf8');

const writers = [
  ['CSV', csvWriter, 'n\n1\n2\n3\n'],
  ['newline-delimited JSON', ndjsonWriter, '{"n":1}\n{"n":2}\n{"n":3}\n'],
  ['a JSON array', jsonWriter, '[\n{"n":1},\n{"n":2},\n{"n":3}\n]\n'],
] as const;

describe.each(writers)('the writer of %s', (_name, make, expected) => {
  it('writes chunk by chunk', async () => {
    const file = folder.file('out');
    await writeChunks(make(file), [[{ n: 1 }, { n: 2 }], [], [{ n: 3 }]]);
    expect(text(file)).toBe(expected);
  });

  it('goes back to its checkpoint, and on from there', async () => {
    const file = folder.file('out');
    const checkpoint = await writeChunks(make(file), [[{ n: 1 }, { n: 2 }]]);
    const written = text(file);
    await writeChunks(make(file), [[{ n: 99 }], [{ n: 98 }]], checkpoint);
    writeFileSync(file, '{"half an it', { flag: 'a' });
    await writeChunks(make(file), [], checkpoint);
    expect(text(file)).toBe(written);
    await writeChunks(make(file), [[{ n: 3 }]], checkpoint);
    expect(text(file)).toBe(expected);
  });

  it('begins with an empty file, whatever was there', async () => {
    const file = folder.file('out', 'old '.repeat(1000));
    await writeChunks(make(file), [[{ n: 1 }, { n: 2 }, { n: 3 }]]);
    expect(text(file)).toBe(expected);
  });

  it('goes on after a chunk that could not be written', async () => {
    const file = folder.file('out');
    const writer = await openWriter(make(file));
    const itself: Record<string, unknown> = { m: 1 };
    itself['m'] = { itself };
    await expect(writer.write([itself], anyChunk)).rejects.toThrow(/circular/);
    await writer.write([{ n: 1 }, { n: 2 }, { n: 3 }], anyChunk);
    await writer.close();
    expect(text(file)).toBe(expected);
  });

  it('writes nothing over what somebody else has gone on with', async () => {
    const file = folder.file('out');
    const paused = await openWriter(make(file));
    await paused.write([{ n: 1 }], anyChunk);
    const checkpoint = JSON.parse(JSON.stringify(paused.checkpoint())) as Json;
    await writeChunks(make(file), [[{ n: 2 }], [{ n: 3 }]], checkpoint);
    const late = paused.write([{ n: 99 }], anyChunk);
    await expect(late).rejects.toThrow(/out has \d+ bytes, but this step has left it with \d+: somebody else/);
    await expect(late).rejects.toMatchObject({ isUncertain: true });
    await paused.close();
    expect(text(file)).toBe(expected);
  });

  it('writes nothing when the execution has become another’s while its text was made', async () => {
    const file = folder.file('out');
    const writer = await openWriter(make(file));
    await writer.write([{ n: 1 }, { n: 2 }, { n: 3 }], anyChunk);
    const stillOurs = () => Promise.reject(new Error('it is another’s'));
    await expect(writer.write([{ n: 4 }], { ...anyChunk, stillOurs })).rejects.toThrow('it is another’s');
    await writer.close();
    expect(text(file)).toBe(expected);
  });

  it('refuses a file that has lost what was committed', async () => {
    const file = folder.file('out');
    const checkpoint = await writeChunks(make(file), [[{ n: 1 }]]);
    writeFileSync(file, '');
    await expect(openWriter(make(file), checkpoint)).rejects.toThrow(/out has 0 bytes, but \d+ were committed/);
    rmSync(file);
    await expect(openWriter(make(file), checkpoint)).rejects.toThrow(/out is gone, but \d+ bytes were committed/);
    await expect(openWriter(make(file), { count: 1 })).rejects.toThrow('another kind of writer');
  });

  it('names the file that it cannot write', async () => {
    mkdirSync(folder.file('folder'));
    await expect(openWriter(make(folder.file('folder')))).rejects.toThrow(/folder is a folder/);
    await expect(openWriter(make(folder.file('none/out')))).rejects.toThrow(
      /none\/out cannot be made: there is no folder/,
    );
  });
});

describe('a write with somebody else’s in its midst', () => {
  it('is behind that, and both are told', async () => {
    const file = folder.file('out');
    const paused = await openWriter(ndjsonWriter(file));
    await paused.write([1], anyChunk);
    const next = await openWriter(ndjsonWriter(file), JSON.parse(JSON.stringify(paused.checkpoint())) as Json);
    const handle = await open(file, 'r');
    const write = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'write');
    await handle.close();
    const late = async function late(this: FileHandle, ...given: Parameters<FileHandle['write']>) {
      await next.write(['long'], anyChunk);
      return this.write(...given);
    };
    write.mockImplementationOnce(late);
    await expect(paused.write([2], anyChunk)).rejects.toThrow('somebody else writes to it');
    write.mockRestore();
    expect(text(file)).toBe('1\n"long"\n2\n');
    await expect(next.write([3], anyChunk)).rejects.toThrow('somebody else writes to it');
    await Promise.all([paused.close(), next.close()]);
  });
});

describe('a write that breaks off', () => {
  it('leaves nothing behind, though it had begun', async () => {
    const file = folder.file('out');
    const writer = await openWriter(ndjsonWriter(file));
    await writer.write([1], anyChunk);
    const handle = await open(file, 'r');
    const write = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'write');
    await handle.close();
    type Write = (
      bytes: Uint8Array,
      from: number,
      length: number,
      position: number,
    ) => Promise<{ bytesWritten: number }>;
    const half = async function half(this: { write: Write }, ...[bytes, , length, position]: Parameters<Write>) {
      await this.write(bytes, 0, Math.floor(length / 2), position);
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    };
    write.mockImplementationOnce(half as unknown as FileHandle['write']);
    await expect(writer.write(['a long item '.repeat(10)], anyChunk)).rejects.toThrow(
      /out cannot be written \(no space/,
    );
    write.mockRestore();
    await writer.write([2], anyChunk);
    await writer.close();
    expect(text(file)).toBe('1\n2\n');
  });
});

describe('what CSV holds', () => {
  it('is each kind of value as a text', async () => {
    const file = folder.file('out.csv');
    const item = {
      a: 'x,"y"\nz',
      b: 1.5,
      c: true,
      d: false,
      e: null,
      f: undefined,
      g: 12345678901234567890n,
      h: new Date(0),
      i: { j: [1] },
      k: '',
    };
    await writeChunks(csvWriter(file), [[item]]);
    expect(text(file).split('\n').slice(1).join('\n')).toBe(
      '"x,""y""\nz",1.5,true,false,,,12345678901234567890,1970-01-01T00:00:00.000Z,"{""j"":[1]}",\n',
    );
  });

  it('has its columns in the order that was asked for, and a header without items', async () => {
    const file = folder.file('out.csv');
    const writer = csvWriter(file, { columns: ['b', 'a'], delimiter: ';', quote: "'" });
    const checkpoint = await writeChunks(writer, []);
    expect(text(file)).toBe('b;a\n');
    await writeChunks(writer, [[{ a: 1, b: 'x;y' }, { a: "it's" }]], checkpoint);
    expect(text(file)).toBe("b;a\n'x;y';1\n;'it''s'\n");
  });

  it('loses no member that is no column', async () => {
    const file = folder.file('out.csv');
    const writer = await openWriter(csvWriter(file));
    await writer.write([{ a: 1 }], anyChunk);
    await expect(writer.write([{ a: 2 }, { a: 3, toString: 4 }], anyChunk)).rejects.toThrow(
      'An item has a member "toString", but the columns are a.',
    );
    await expect(openWriter(csvWriter(file)).then((fresh) => fresh.write([{}], anyChunk))).rejects.toThrow(
      'An item without members',
    );
    await writer.close();
  });

  it('is refused where the options make it ambiguous', () => {
    expect(() => csvWriter('a', { quote: 'é' })).toThrow('The quote of csvWriter');
    expect(() => csvWriter('a', { delimiter: '\r' })).toThrow('The delimiter of csvWriter');
  });
});

describe('what JSON holds', () => {
  it('is bigints as numbers, and nothing that is none', async () => {
    const file = folder.file('out');
    await writeChunks(ndjsonWriter(file), [[{ n: 12345678901234567890n }]]);
    expect(text(file)).toBe('{"n":12345678901234567890}\n');
    await expect(writeChunks(ndjsonWriter(file), [[undefined]])).rejects.toThrow('An item that is undefined');
    await expect(writeChunks(jsonWriter(file), [[() => 1]])).rejects.toThrow('An item that is a function');
  });

  it('is a whole array at any time', async () => {
    const file = folder.file('out');
    const writer = await openWriter(jsonWriter(file));
    expect(JSON.parse(text(file))).toEqual([]);
    await writer.write([1], anyChunk);
    expect(JSON.parse(text(file))).toEqual([1]);
    await writer.write([2, 3], anyChunk);
    expect(JSON.parse(text(file))).toEqual([1, 2, 3]);
    await writer.close();
  });
});
