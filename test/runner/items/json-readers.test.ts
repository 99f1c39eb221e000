import { mkdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { jsonReader } from '../../../src/runner/items/json-reader.ts';
import { ndjsonReader } from '../../../src/runner/items/ndjson-reader.ts';
import { openReader, readAll, useFolder } from './fixtures.ts';

const folder = useFolder();

describe('the reader of newline-delimited JSON', () => {
  it.each([
    ['plain', '{"a":1}\n[2]\n"x"\n'],
    ['without a last end of line', '{"a":1}\n[2]\n"x"'],
    ['with CRLF, a byte order mark and empty lines', '\ufeff{"a":1}\r\n\r\n[2]\r\n \n"x"\r\n\n'],
  ])('reads a file %s', async (_name, text) => {
    const { items, faults } = await readAll(ndjsonReader(folder.file('a.ndjson', text)));
    expect(items).toEqual([{ a: 1 }, [2], 'x']);
    expect(faults).toEqual([]);
  });

  it('has no items of an empty file, and unpacks what gzip has packed', async () => {
    expect((await readAll(ndjsonReader(folder.file('a', '')))).items).toEqual([]);
    expect((await readAll(ndjsonReader(folder.file('b', gzipSync('1\n2\n'))))).items).toEqual([1, 2]);
  });

  it('keeps the digits of long integers', async () => {
    const { items } = await readAll(ndjsonReader(folder.file('a', '[9007199254740993,-12345678901234567890,1.5]\n')));
    expect(items).toEqual([[9007199254740993n, -12345678901234567890n, 1.5]]);
  });

  it.each([
    ['no JSON', '{"a":1', 'the line is no JSON'],
    ['null', 'null', 'null is no item'],
    ['too long', `"${'x'.repeat(200_000)}"`, 'longer than 1000 bytes'],
    ['no UTF-8', Buffer.from('"Zoë"', 'latin1'), 'no valid UTF-8'],
  ])('leaves out a line that is %s', async (_name, line, message) => {
    const file = folder.file('a', Buffer.concat([Buffer.from('1\n'), Buffer.from(line), Buffer.from('\n3\n')]));
    const { items, faults, checkpoints } = await readAll(ndjsonReader(file, { maxRecordBytes: 1000 }));
    expect(items).toEqual([1, 3]);
    expect(faults.map(({ position }) => position)).toEqual(['line 2']);
    expect(faults[0]?.message).toContain(`${file}, line 2: `);
    expect(faults[0]?.message).toContain(message);
    expect(faults[0]?.item).toBe(line.toString('latin1').slice(0, 1000));
    expect((await readAll(ndjsonReader(file), checkpoints[2])).items).toEqual([3]);
  });

  it('goes on only in the file that it has read', async () => {
    const file = folder.file('a', '1\n2\n3\n');
    const { checkpoints } = await readAll(ndjsonReader(file));
    writeFileSync(file, '1\n');
    await expect(openReader(ndjsonReader(file), checkpoints[2])).rejects.toThrow('it has 2 bytes, and 4 were read');
    writeFileSync(file, '1\n5\n3\n');
    await expect(openReader(ndjsonReader(file), checkpoints[2])).rejects.toThrow('has changed since the checkpoint');
    await expect(openReader(ndjsonReader(file), { count: 1 })).rejects.toThrow('another kind of reader');
  });

  it('names the file that it cannot read', async () => {
    await expect(openReader(ndjsonReader(folder.file('a')))).rejects.toThrow(/There is no file .*a\./);
    expect(() => ndjsonReader('a', { maxRecordBytes: -1 })).toThrow('maxRecordBytes of ndjsonReader');
  });
});

describe('the reader of a JSON array', () => {
  it.each([
    ['one', '[{"a":[1,{"b":"],\\""}]}]', [{ a: [1, { b: '],"' }] }]],
    ['some', ' [ 1 , "x,y" ,\r\n {"a":{}} , [ ] , true ]\n', [1, 'x,y', { a: {} }, [], true]],
    ['no', '[ ]', []],
    ['some behind a byte order mark', '\ufeff[1,2]', [1, 2]],
    [
      'escaped',
      String.raw`["\ud83d\ude00\ud800","\u00e9\n\\", "é😀", 9007199254740993]`,
      ['😀\ud800', 'é\n\\', 'é😀', 9007199254740993n],
    ],
  ])('reads %s elements', async (_name, text, expected) => {
    const file = folder.file('a.json', text);
    const { items, faults, checkpoints } = await readAll(jsonReader(file));
    expect(items).toEqual(expected);
    expect(faults).toEqual([]);
    for (const [index, checkpoint] of checkpoints.entries()) {
      expect((await readAll(jsonReader(file), checkpoint)).items).toEqual(expected.slice(index));
    }
  });

  it.each([
    ['null', 'null', 'null is no item'],
    ['nothing', '', 'the element is no JSON'],
    ['two values', '1 2', 'the element is no JSON'],
    ['an object that is none', '{"a" 1}', 'the element is no JSON'],
    ['brackets of two kinds', '{"a":[1}}', 'the element is no JSON'],
  ])('leaves out an element that is %s', async (_name, element, message) => {
    const file = folder.file('a.json', `[\n1,\n\n${element},\n3\n]`);
    const { items, faults, checkpoints } = await readAll(jsonReader(file));
    expect(items).toEqual([1, 3]);
    expect(faults.map(({ item }) => item)).toEqual([element]);
    expect(faults[0]?.message).toContain(message);
    if (element !== '') expect(faults[0]?.position).toBe('line 4');
    expect((await readAll(jsonReader(file), checkpoints[2])).items).toEqual([3]);
  });

  it.each([
    ['an empty file', '', 'is empty: not even an array', 0],
    ['no array', '\n{"a":1}', 'line 1: It is no JSON array: it does not begin with \\[', 0],
    ['an array that is cut off', '[1,\n{"a":', 'line 2: The file ends within the array', 1],
    ['an array without its end', '[1,\n2', 'line 2: The file ends within the array', 1],
    ['more behind the array', '[1,2]\n[3]', 'line 1: There is more behind the end', 2],
    ['what is no JSON', '[1,2,\nNaN]', 'line 1: ', 2],
    ['a wrong bracket', '[1,2}', 'line 1: A } closes the array', 1],
    ['an element that is too long', `[1,2,\n"${'x'.repeat(3000)}"]`, 'The element is longer than 1000 bytes', 2],
    ['one that goes on and on', `[1,2,\n"${'x'.repeat(300_000)}`, 'The element is longer than 1000 bytes', 2],
  ])('ends with an error in %s', async (_name, text, message, before) => {
    const reader = await openReader(jsonReader(folder.file('a.json', text), { maxRecordBytes: 1000 }));
    for (let index = 0; index < before; index++) expect(await reader.read()).toBe(index + 1);
    await expect(reader.read()).rejects.toThrow(new RegExp(`a\\.json.*${message}`));
    // It does not end quietly when it is asked once more.
    await expect(reader.read()).rejects.toThrow(/a\.json/);
    await reader.close();
  });

  it('ends with an error in a text that is no UTF-8', async () => {
    const file = folder.file('a.json', Buffer.from('["a",\n"Zoë"]', 'latin1'));
    await expect(readAll(jsonReader(file))).rejects.toThrow(/a\.json, line/);
  });

  it('goes on only in the file that it has read', async () => {
    const file = folder.file('a.json', '[1,2,3]');
    const { checkpoints } = await readAll(jsonReader(file));
    writeFileSync(file, '[1]');
    await expect(openReader(jsonReader(file), checkpoints[2])).rejects.toThrow('it has 3 bytes, and 4 were read');
    writeFileSync(file, '[1,7,3]');
    await expect(openReader(jsonReader(file), checkpoints[2])).rejects.toThrow('has changed since the checkpoint');
  });

  it('names the file that it cannot read', async () => {
    mkdirSync(folder.file('a'));
    await expect(openReader(jsonReader(folder.file('a')))).rejects.toThrow('is a folder');
  });
});
