import { parseArgs } from 'node:util';

import { csvReader } from '../../../src/runner/items/csv-reader.ts';
import { csvWriter } from '../../../src/runner/items/csv-writer.ts';
import type { ReaderFactory, WriterFactory } from '../../../src/runner/items/factory.ts';
import { jsonReader } from '../../../src/runner/items/json-reader.ts';
import { jsonWriter, ndjsonWriter } from '../../../src/runner/items/json-writers.ts';
import { ndjsonReader } from '../../../src/runner/items/ndjson-reader.ts';
import type { StepContext } from '../../../src/runner/step-context.ts';
import { anyChunk } from './any-chunk.ts';

/** A program of its own: copies a file item by item and prints how many they are, and the most memory it had, in bytes. */

const formats: Record<string, [(file: string) => ReaderFactory<unknown>, (file: string) => WriterFactory<never>]> = {
  csv: [csvReader, csvWriter],
  ndjson: [ndjsonReader, ndjsonWriter],
  json: [jsonReader, jsonWriter],
};

const { positionals } = parseArgs({ allowPositionals: true });
const [format = '', from = '', to = ''] = positionals;
const [reads, writes] = formats[format] as (typeof formats)[string];
const signal = new AbortController().signal;
const ctx = { signal, execution: { id: 1, jobName: 'Job', stepName: 'Copy' } } as StepContext;

const reader = await reads(from)(ctx);
const writer = await writes(to)(ctx);
await reader.open(null);
await writer.open(null);
let count = 0;
for (let isOver = false; !isOver;) {
  const chunk: unknown[] = [];
  while (chunk.length < 5000 && !isOver) {
    const item = await reader.read();
    if (item === null) isOver = true;
    else chunk.push(item);
  }
  await writer.write(chunk as never[], { ...anyChunk, chunkId: String(count), signal });
  reader.checkpoint();
  writer.checkpoint();
  count += chunk.length;
}
await writer.close();
await reader.close();
console.log(JSON.stringify({ count, mostBytes: process.resourceUsage().maxRSS * 1024 }));
