import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import type { ReaderFactory, WriterFactory } from '../../../src/runner/items/factory.ts';
import { ItemError, type ItemReader, type ItemWriter } from '../../../src/runner/items/item.ts';
import type { StepContext } from '../../../src/runner/step-context.ts';
import { anyChunk } from './any-chunk.ts';

/** What a step is given, with nothing in it. */
export const emptyContext: StepContext = {
  parameters: {},
  context: {
    get: (key) => {
      throw new Error(`no ${key}`);
    },
    has: () => false,
    set: () => {},
    delete: () => {},
    entries: () => [],
  },
  logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  signal: new AbortController().signal,
  attempt: 1,
  execution: { id: 1, jobName: 'Job', stepName: 'Load' },
  partition: null,
  progress: () => {},
};

/** A folder for the files of each test. */
export function useFolder(): { file(name: string, content?: string | Buffer): string } {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-items-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  return {
    file(name, content) {
      const file = path.join(folder, name);
      if (content !== undefined) writeFileSync(file, content);
      return file;
    },
  };
}

export async function openReader<Item>(make: ReaderFactory<Item>, checkpoint: Json = null): Promise<ItemReader<Item>> {
  const reader = await make(emptyContext);
  try {
    await reader.open(checkpoint);
  } catch (error) {
    await reader.close();
    throw error;
  }
  return reader;
}

export async function openWriter<Item>(make: WriterFactory<Item>, checkpoint: Json = null): Promise<ItemWriter<Item>> {
  const writer = await make(emptyContext);
  try {
    await writer.open(checkpoint);
  } catch (error) {
    await writer.close();
    throw error;
  }
  return writer;
}

export interface Reading<Item> {
  readonly items: Item[];
  /** `position: message`, without the folder's name. */
  readonly faults: ItemError[];
  /** After each item or fault, the first from before them all. As a store gives them back. */
  readonly checkpoints: Json[];
}

/** Reads to the end; items that cannot be read are noted. */
export async function readAll<Item>(make: ReaderFactory<Item>, checkpoint: Json = null): Promise<Reading<Item>> {
  const reader = await openReader(make, checkpoint);
  const kept = (): Json => JSON.parse(JSON.stringify(reader.checkpoint())) as Json;
  const reading: Reading<Item> = { items: [], faults: [], checkpoints: [kept()] };
  try {
    for (;;) {
      try {
        const item = await reader.read();
        if (item === null) return reading;
        reading.items.push(item);
      } catch (error) {
        if (!(error instanceof ItemError)) throw error;
        reading.faults.push(error);
      }
      reading.checkpoints.push(kept());
    }
  } finally {
    await reader.close();
  }
}

/** Writes chunks, each committed. @returns the last checkpoint, as a store gives it back */
export async function writeChunks<Item>(
  make: WriterFactory<Item>,
  chunks: readonly (readonly Item[])[],
  checkpoint: Json = null,
): Promise<Json> {
  const writer = await openWriter(make, checkpoint);
  for (const chunk of chunks) await writer.write(chunk, anyChunk);
  const last = JSON.parse(JSON.stringify(writer.checkpoint())) as Json;
  await writer.close();
  return last;
}
