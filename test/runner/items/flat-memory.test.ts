import { appendFileSync, closeSync, openSync, statSync, truncateSync, writeSync } from 'node:fs';
import path from 'node:path';

import { execa } from 'execa';
import { describe, expect, it } from 'vitest';

import { csvReader } from '../../../src/runner/items/csv-reader.ts';
import { ndjsonReader } from '../../../src/runner/items/ndjson-reader.ts';
import { readAll, useFolder } from './fixtures.ts';

const program = path.join(import.meta.dirname, 'copy-file.ts');
const mebibyte = 2 ** 20;
/** The heap takes what it may before it collects. A file held as objects would be several times its size, and end the program. */
const smallHeap = ['--max-semi-space-size=1', '--max-old-space-size=40'];

/** Begin, a row, what is between two, and the end. */
const formats = {
  csv: ['id,name,note\n', (id: number) => `${id},name ${id},"a note, about ${id}"\n`, '', ''],
  ndjson: ['', (id: number) => `{"id":${id},"name":"name ${id}","note":"a note, about ${id}"}\n`, '', ''],
  json: ['[', (id: number) => `{"id":${id},"name":"name ${id}","note":"a note, about ${id}"}`, ',\n', ']\n'],
} as const;

describe('memory', () => {
  const folder = useFolder();

  /** @returns how many rows it has */
  function makeFile(file: string, format: keyof typeof formats, bytes: number): number {
    const [begin, row, between, end] = formats[format];
    const descriptor = openSync(file, 'w');
    let written = writeSync(descriptor, begin);
    let count = 0;
    while (written < bytes) {
      const rows = Array.from({ length: 5000 }, (_, index) => row(count + index)).join(between);
      written += writeSync(descriptor, count === 0 ? rows : between + rows);
      count += 5000;
    }
    writeSync(descriptor, end);
    closeSync(descriptor);
    return count;
  }

  const patience = { timeout: 240_000 };
  it.each(['csv', 'ndjson', 'json'] as const)('does not grow with a file of %s', patience, async (format) => {
    const mostBytes: number[] = [];
    for (const size of [5 * mebibyte, 25 * mebibyte]) {
      const file = folder.file(`in-${size}`);
      const count = makeFile(file, format, size);
      const copy = folder.file(`out-${size}`);
      const { stdout } = await execa(process.execPath, [...smallHeap, program, format, file, copy]);
      const told = JSON.parse(stdout) as { count: number; mostBytes: number };
      expect(told.count).toBe(count);
      expect(statSync(copy).size).toBeGreaterThan(size / 2);
      mostBytes.push(told.mostBytes);
    }
    const [small = 0, large = 0] = mostBytes;
    expect(large - small).toBeLessThan(13 * mebibyte);
  });

  it.each([
    ['CSV', 'id,name\n1,a\n', '\n2,b\n', csvReader],
    ['NDJSON', '\n"1a"\n', '\n"2b"\n', ndjsonReader],
  ] as const)('does not hold a line of a gibibyte of %s', patience, async (_name, before, after, reader) => {
    const file = folder.file('in', before);
    // A hole is read as zeros, and takes no room on the disk.
    truncateSync(file, 2 ** 30);
    appendFileSync(file, after);
    const bytesBefore = process.memoryUsage().rss;
    const { items, faults } = await readAll<unknown>(reader(file));
    expect(items).toHaveLength(2);
    expect(faults.map(({ position }) => position)).toEqual(['line 3']);
    expect(process.memoryUsage().rss - bytesBefore).toBeLessThan(256 * mebibyte);
  });
});
