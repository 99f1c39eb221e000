import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import { csvReader } from '../../../src/runner/items/csv-reader.ts';
import { csvWriter } from '../../../src/runner/items/csv-writer.ts';
import type { ReaderFactory, WriterFactory } from '../../../src/runner/items/factory.ts';
import { jsonReader } from '../../../src/runner/items/json-reader.ts';
import { jsonWriter, ndjsonWriter } from '../../../src/runner/items/json-writers.ts';
import { ndjsonReader } from '../../../src/runner/items/ndjson-reader.ts';
import { anyChunk } from './any-chunk.ts';
import { openWriter, readAll, useFolder, writeChunks } from './fixtures.ts';

interface Format {
  readonly name: string;
  readonly items: fc.Arbitrary<unknown[]>;
  readonly writer: (file: string) => WriterFactory<never>;
  readonly reader: (file: string) => ReaderFactory<unknown>;
}

/** Texts of what is awkward in one format or the other. */
const awkward = fc.string({
  unit: fc.constantFrom(
    'a',
    'é',
    '😀',
    '"',
    "'",
    ',',
    ';',
    '\n',
    '\r',
    '\\',
    ' ',
    '\t',
    '[',
    '}',
    '\ufeff',
    '\u2028',
    '\0',
  ),
});
const texts = fc.oneof(awkward, fc.string({ unit: 'grapheme' }));
const rows = fc
  .uniqueArray(texts, { minLength: 1, maxLength: 4 })
  .chain((names) => fc.array(fc.tuple(...names.map((name) => texts.map((value) => [name, value] as const)))))
  .map((entries) => entries.map((entry) => Object.fromEntries(entry)));
const values = fc.array(
  fc.oneof(
    fc.jsonValue({ noUnicodeString: false }).filter((value) => value !== null),
    fc.record({ text: awkward, list: fc.array(awkward), long: fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }) }),
  ),
);

const formats: Format[] = [
  { name: 'CSV', items: rows, writer: (file) => csvWriter(file), reader: csvReader },
  {
    name: 'CSV of another kind',
    items: rows,
    writer: (file) => csvWriter(file, { delimiter: ';;', quote: "'" }),
    reader: (file) => csvReader(file, { delimiter: ';;', quote: "'" }),
  },
  { name: 'NDJSON', items: values, writer: ndjsonWriter, reader: ndjsonReader },
  { name: 'JSON', items: values, writer: jsonWriter, reader: jsonReader },
];

/** A JSON text has one zero, so minus zero comes back as it; and an integer beyond 2^53 comes back as a bigint. */
function asRead(items: readonly unknown[]): unknown[] {
  const read = (value: unknown): unknown => {
    if (Object.is(value, -0)) return 0;
    if (Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(String(value))) {
      return BigInt(String(value));
    }
    if (Array.isArray(value)) return value.map(read);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, read(member)]));
  };
  return items.map(read);
}

function chunksOf(items: readonly unknown[], size: number): never[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  ) as never[][];
}

describe.each(formats)('$name', ({ items: anyItems, writer, reader }) => {
  const folder = useFolder();

  it('gives what was written, and from each checkpoint on exactly the rest', async () => {
    await fc.assert(
      fc.asyncProperty(anyItems, fc.integer({ min: 1, max: 5 }), async (items, chunkSize) => {
        fc.pre(items.length > 0);
        const file = folder.file('file');
        await writeChunks(writer(file), chunksOf(items, chunkSize));
        const { items: read, faults, checkpoints } = await readAll(reader(file));
        expect(faults).toEqual([]);
        expect(read).toEqual(asRead(items));
        expect(checkpoints).toHaveLength(items.length + 1);
        for (const [index, checkpoint] of checkpoints.entries()) {
          expect((await readAll(reader(file), checkpoint)).items).toEqual(asRead(items.slice(index)));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('holds what was committed, when a writer dies after any write', async () => {
    // Each run writes some chunks, of which the last few are never committed.
    const runs = fc.array(fc.record({ committed: fc.nat(3), lost: fc.nat(2) }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(anyItems, runs, fc.integer({ min: 1, max: 3 }), async (items, plan, chunkSize) => {
        const file = folder.file('file');
        const chunks = chunksOf(items, chunkSize);
        let checkpoint: Json = null;
        let done = 0;
        for (const { committed, lost } of plan) {
          const open = await openWriter(writer(file), checkpoint);
          for (const [index, chunk] of chunks.slice(done, done + committed + lost).entries()) {
            await open.write(chunk, anyChunk);
            if (index < committed) checkpoint = JSON.parse(JSON.stringify(open.checkpoint())) as Json;
          }
          done = Math.min(done + committed, chunks.length);
          await open.close();
        }
        // The last opening has cut off what was not committed.
        await writeChunks(writer(file), [], checkpoint);
        const kept = chunks.slice(0, done).flat();
        if (kept.length > 0) expect((await readAll(reader(file))).items).toEqual(asRead(kept));
        else expect(readFileSync(file, 'utf8').trim()).toMatch(/^(\[\s*\])?$/);
      }),
      { numRuns: 30 },
    );
  });
});
