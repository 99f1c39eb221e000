import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import type { ReaderFactory, WriterFactory } from '../../../src/runner/items/factory.ts';
import { anyChunk } from './any-chunk.ts';
import { postgresAvailable, startPostgres } from '../../servers/postgres.ts';
import { stepContext } from './sql-step-context.ts';

type Row = Record<string, unknown>;

/** A database that the tests prepare and look into by its driver alone, without what is tested. */
export interface TestDatabase {
  readonly kind: 'SQLite' | 'PostgreSQL';
  /** As a job names it. */
  readonly url: string;
  run(sql: string): Promise<void>;
  rows(sql: string): Promise<Row[]>;
  stop(): Promise<void>;
}

async function startSqlite(): Promise<TestDatabase> {
  const folder = await mkdtemp(path.join(tmpdir(), 'batchy-sql-'));
  const file = path.join(folder, 'target.db');
  const database = new DatabaseSync(file, { timeout: 10_000 });
  database.exec('create table here (x)');
  return {
    kind: 'SQLite',
    url: `sqlite:${file}`,
    run: (sql) => Promise.resolve(database.exec(sql)),
    rows: (sql) => Promise.resolve(database.prepare(sql).all()),
    async stop() {
      database.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function startPostgresDatabase(): Promise<TestDatabase> {
  const server = await startPostgres();
  const client = new pg.Client(server.url);
  await client.connect();
  return {
    kind: 'PostgreSQL',
    url: server.url,
    run: async (sql) => void (await client.query(sql)),
    rows: async (sql) => (await client.query<Row>(sql)).rows,
    async stop() {
      await client.end();
      await server.stop();
    },
  };
}

/** The same suite on each database; on PostgreSQL where there is one. */
export function describeOnEach(what: string, suite: (database: () => TestDatabase) => void): void {
  const kinds = [
    { kind: 'SQLite', available: true, start: startSqlite },
    { kind: 'PostgreSQL', available: postgresAvailable, start: startPostgresDatabase },
  ];
  for (const { kind, available, start } of kinds) {
    describe.runIf(available)(`${what} on ${kind}`, () => {
      let database: TestDatabase;
      beforeAll(async () => {
        database = await start();
      });
      afterAll(() => database.stop());
      suite(() => database);
    });
  }
}

/** All that a reader gives from a checkpoint on, each with the checkpoint behind it, kept as the store keeps it: as JSON. */
export async function readAll<Item>(
  make: ReaderFactory<Item>,
  { from = null, parameters = {} }: { readonly from?: Json; readonly parameters?: Row } = {},
): Promise<{ item: Item; checkpoint: Json }[]> {
  const reader = await make(stepContext(parameters));
  const read: { item: Item; checkpoint: Json }[] = [];
  try {
    await reader.open(from);
    for (let item = await reader.read(); item !== null; item = await reader.read())
      read.push({ item, checkpoint: JSON.parse(JSON.stringify(reader.checkpoint())) as Json });
  } finally {
    await reader.close();
  }
  return read;
}

export interface TestChunk {
  readonly chunkId: string;
  readonly items: readonly unknown[];
}

/** Writes chunks through one writer; the first that fails ends it. */
export async function writeAll(make: WriterFactory<unknown>, chunks: readonly TestChunk[]): Promise<void> {
  const writer = await make(stepContext());
  try {
    await writer.open(null);
    for (const { chunkId, items } of chunks) await writer.write(items, { ...anyChunk, chunkId });
  } finally {
    await writer.close();
  }
}
