import { mkdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { csvReader } from '../../../src/runner/items/csv-reader.ts';
import { emptyContext, openReader, readAll, useFolder } from './fixtures.ts';

describe('the reader of CSV', () => {
  const folder = useFolder();

  it.each([
    ['plain', 'id,name\n1,a\n2,b\n'],
    ['without a last end of line', 'id,name\n1,a\n2,b'],
    ['with CRLF', 'id,name\r\n1,a\r\n2,b\r\n'],
    ['with CR', 'id,name\r1,a\r2,b\r'],
    ['with ends of lines of two kinds', 'id,name\r\n1,a\n2,b\r\n'],
    ['with a byte order mark', '\ufeffid,name\n1,a\n2,b\n'],
    ['with a byte order mark and quotes', '\ufeff"id","name"\n"1","a"\n2,b\n'],
    ['with empty lines', '\n\nid,name\n\n1,a\r\n\r\n\n2,b\n\n\n'],
  ])('reads a file %s', async (_name, text) => {
    const { items, faults } = await readAll(csvReader(folder.file('a.csv', text)));
    expect(items).toEqual([
      { id: '1', name: 'a' },
      { id: '2', name: 'b' },
    ]);
    expect(faults).toEqual([]);
  });

  it('takes quotes, delimiters and columns as they are said to be', async () => {
    const file = folder.file('a.csv', "1;'x; ''y''\nz'\n2;\n");
    const { items } = await readAll(csvReader(file, { delimiter: ';', quote: "'", columns: ['id', 'name'] }));
    expect(items).toEqual([
      { id: '1', name: "x; 'y'\nz" },
      { id: '2', name: '' },
    ]);
  });

  it.each([
    ['a;b;c\n1;2;3\n', {}, 'has one column, "a;b;c". If these are several, say csvReader(path, { delimiter: ";" }).'],
    ['a\tb\n1\t2\n', {}, 'delimiter: "\\t"'],
    ['a,b\n1,2\n', { delimiter: ';' }, 'delimiter: ","'],
    ['a;b,c\n1,2\n', {}, null],
    ['a\n1;2\n', {}, null],
    ['1;2\n', { columns: ['a;b'] }, null],
  ])('hints at another delimiter where %j has one column only (%#)', async (text, options, hint) => {
    const hints: string[] = [];
    const logger = { ...emptyContext.logger, warn: (told: string) => void hints.push(told) };
    const reader = await csvReader(folder.file('a.csv', text), options)({ ...emptyContext, logger });
    await reader.open(null);
    await reader.close();
    expect(hints).toEqual(hint === null ? [] : [expect.stringContaining(hint)]);
  });

  it('reads Latin-1 when it is told to', async () => {
    const file = folder.file('a.csv', Buffer.from('id,name\n1,Zoë\n', 'latin1'));
    expect((await readAll(csvReader(file, { encoding: 'latin1' }))).items).toEqual([{ id: '1', name: 'Zoë' }]);
  });

  it('unpacks what gzip has packed, from a checkpoint on, too', async () => {
    const file = folder.file('a.csv.gz', gzipSync('id\n1\n2\n3\n'));
    const { items, checkpoints } = await readAll(csvReader(file));
    expect(items).toEqual([{ id: '1' }, { id: '2' }, { id: '3' }]);
    expect((await readAll(csvReader(file), checkpoints[2])).items).toEqual([{ id: '3' }]);
    writeFileSync(file, gzipSync('id\n1\n2\n3\n').subarray(0, -9));
    await expect(readAll(csvReader(file))).rejects.toThrow(/a\.csv\.gz cannot be unpacked .*damaged or cut off/);
  });

  it('keeps a column that is called like an object’s inside', async () => {
    const { items } = await readAll(csvReader(folder.file('a.csv', '__proto__,constructor\n1,2\n')));
    expect(Object.entries(items[0] ?? {})).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });

  it('has no items of a file that is but a header', async () => {
    expect((await readAll(csvReader(folder.file('a.csv', 'id,name\n')))).items).toEqual([]);
    expect((await readAll(csvReader(folder.file('b.csv', ''), { columns: ['id'] }))).items).toEqual([]);
  });

  it('waits for the path until the step runs', async () => {
    const file = folder.file('a.csv', 'id\n1\n');
    expect((await readAll(csvReader(async () => file))).items).toHaveLength(1);
    await expect(readAll(csvReader(() => 7))).rejects.toThrow('The path of csvReader must be a text');
  });

  describe('leaves out a row that is broken, and goes on behind it', () => {
    it.each([
      ['too few fields', '1', 'line 3', 'the row has 1 fields, but there are 2 columns', ['1']],
      ['too many fields', '1,a,b', 'line 3', 'the row has 3 fields, but there are 2 columns', ['1', 'a', 'b']],
      ['a quote within a field', '1,a"b', 'line 3', 'a quote within a field that does not begin with one', '1,a"b'],
      ['more behind a quote', '1,"a"b', 'line 3', 'goes on behind its closing quote', '1,"a"b'],
      ['a quote that is not closed', '1,"a', 'line 3', 'a quote is opened and not closed', '1,"a'],
    ])('%s', async (_name, row, position, message, item) => {
      const file = folder.file('a.csv', `id,name\n0,"x"\n${row}\n2,b\n\n3,c\n`);
      const { items, faults, checkpoints } = await readAll(csvReader(file));
      expect(items.map(({ id }) => id)).toEqual(['0', '2', '3']);
      expect(faults).toEqual([expect.objectContaining({ position, item })]);
      expect(faults[0]?.message).toContain(`${file}, ${position}: `);
      expect(faults[0]?.message).toContain(message);
      // From behind the broken row on.
      expect((await readAll(csvReader(file), checkpoints[2])).items.map(({ id }) => id)).toEqual(['2', '3']);
    });

    it('which is no UTF-8', async () => {
      const rows = Buffer.from('id,name\n1,Zoë\n2,"x\ny"\n3,Zoë\n4,é\n', 'latin1');
      const file = folder.file('a.csv', Buffer.concat([rows, Buffer.from('5,Zoë\n')]));
      const { items, faults } = await readAll(csvReader(file));
      expect(items).toEqual([
        { id: '2', name: 'x\ny' },
        { id: '5', name: 'Zoë' },
      ]);
      expect(faults.map(({ position, item }) => [position, item])).toEqual([
        ['line 2', '1,Zoë'],
        ['line 5', '3,Zoë'],
        ['line 6', '4,é'],
      ]);
      expect(faults[0]?.message).toContain('no valid UTF-8');
    });

    it.each([100, 70_000, 3_000_000])('which is longer than allowed, by %d bytes', async (length) => {
      const file = folder.file('a.csv', `id,name\n1,a\n2,${'x'.repeat(length)}\n3,c\n`);
      const { items, faults } = await readAll(csvReader(file, { maxRecordBytes: 50 }));
      expect(items.map(({ id }) => id)).toEqual(['1', '3']);
      expect(faults.map(({ position }) => position)).toEqual(['line 3']);
      expect(faults[0]?.message).toContain('longer than 50 bytes');
      expect(faults[0]?.item).toMatch(/^2,x{48}$/);
    });

    it('which takes all that follows into its quote', async () => {
      const rows = Array.from({ length: 20_000 }, (_, index) => `${index},row ${index}\n`).join('');
      const file = folder.file('a.csv', `id,name\n1,a\n2,"b\n${rows}`);
      const { items, faults } = await readAll(csvReader(file, { maxRecordBytes: 100_000 }));
      expect(items).toHaveLength(20_001);
      expect(faults.map(({ position }) => position)).toEqual(['line 3']);
      expect(faults[0]?.message).toContain('longer than 100000 bytes');
    });

    it('each of them, when all are broken', async () => {
      const file = folder.file('a.csv', `id,name\n${'1,a"\n'.repeat(1000)}`);
      const { items, faults } = await readAll(csvReader(file));
      expect(items).toEqual([]);
      expect(faults.map(({ position }) => position)).toEqual(
        Array.from({ length: 1000 }, (_, index) => `line ${index + 2}`),
      );
    });
  });

  describe('ends with an error that says why', () => {
    it.each([
      ['no such file', null, /There is no file .*a\.csv/],
      ['a folder', 'folder', /a\.csv is a folder/],
      ['an empty file', '', /a\.csv is empty: not even a header/],
      ['nothing but a byte order mark', '\ufeff', /a\.csv is empty/],
      ['a header with a name twice', 'id,name,id\n', /The header of .*a\.csv names "id" twice \(columns 1 and 3\)/],
      ['a broken header', 'id,"name\n1,2\n', /The header cannot be read\. .*a\.csv, line 1: a quote is opened/],
      ['UTF-16', Buffer.from('\ufeffid\n', 'utf16le'), /a\.csv is encoded in UTF-16/],
    ])('%s', async (_name, content, message) => {
      const file = folder.file('a.csv', content === null || content === 'folder' ? undefined : content);
      if (content === 'folder') mkdirSync(file);
      await expect(openReader(csvReader(file))).rejects.toThrow(message);
    });

    it.each([
      { quote: '' },
      { quote: "''" },
      { delimiter: '' },
      { delimiter: '\n' },
      { delimiter: '"' },
      { maxRecordBytes: 0 },
      { columns: ['a', 'a'] },
      { columns: [] },
    ])('options that make no sense: %j', (options) => {
      expect(() => csvReader('a.csv', options)).toThrow(/csvReader/);
    });
  });

  describe('goes on only in the file that it has read', () => {
    const original = 'id,name\n1,a\n2,b\n3,c\n';

    it.each([
      ['shorter', 'id,name\n1,a\n', /has changed since the checkpoint: it has 12 bytes, and 16 were read before/],
      ['with another header', 'id,label\n1,a\n2,b\n3,c\n', /its header is another one, "id,label"/],
      ['with other rows', 'id,name\n1,a\n7,b\n3,c\n', /has changed since the checkpoint: line 3 and before/],
    ])('not in one that is %s', async (_name, changed, message) => {
      const file = folder.file('a.csv', original);
      const { checkpoints } = await readAll(csvReader(file));
      writeFileSync(file, changed);
      await expect(openReader(csvReader(file), checkpoints[2])).rejects.toThrow(message);
    });

    it('but in one that has grown', async () => {
      const file = folder.file('a.csv', original);
      const { checkpoints } = await readAll(csvReader(file));
      writeFileSync(file, '4,d\n', { flag: 'a' });
      expect((await readAll(csvReader(file), checkpoints[3])).items).toEqual([{ id: '4', name: 'd' }]);
    });

    it('and with a checkpoint of its own', async () => {
      const file = folder.file('a.csv', original);
      await expect(openReader(csvReader(file), { count: 2 })).rejects.toThrow('another kind of reader');
    });
  });
});
