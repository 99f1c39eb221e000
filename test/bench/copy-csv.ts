import { createReadStream } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { parse } from 'csv-parse';

import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { chunkStep, csvReader, type CsvRow, defineJob, sqlWriter } from '../../src/authoring/index.ts';
import { conductService } from './conducted-service.ts';

export interface CopyPlan {
  readonly by: 'ours' | 'hand';
  readonly csv: string;
  /** A folder for the database, and for whatever else the copying needs. */
  readonly folder: string;
}

export interface CopyResult {
  readonly milliseconds: number;
  readonly maxRssMegabytes: number;
}

export const csvColumns = ['id', 'customer', 'product', 'quantity', 'price', 'ordered_at'] as const;
const chunkSize = 5000;

/** Copies a CSV file into a table, in a process of its own, so that its memory is nobody else's. */
async function copyCsv({ by, csv, folder }: CopyPlan): Promise<CopyResult> {
  const target = path.join(folder, 'target.db');
  createTarget(target);
  const copy = by === 'ours' ? await prepareOurs(csv, target, folder) : () => copyByHand(csv, target);
  const began = performance.now();
  await copy();
  const milliseconds = performance.now() - began;
  // Kilobytes, in spite of what getrusage says elsewhere: https://nodejs.org/api/process.html#processresourceusage
  return { milliseconds, maxRssMegabytes: process.resourceUsage().maxRSS / 1024 };
}

function createTarget(target: string): void {
  const database = new DatabaseSync(target);
  const types = { id: 'INTEGER PRIMARY KEY', quantity: 'INTEGER', price: 'REAL' } as Readonly<Record<string, string>>;
  const columns = csvColumns.map((column) => `${column} ${types[column] ?? 'TEXT'}`).join(', ');
  database.exec(`PRAGMA journal_mode = WAL; CREATE TABLE orders (${columns})`);
  database.close();
}

async function prepareOurs(csv: string, target: string, folder: string): Promise<() => Promise<void>> {
  const stores = await createSqliteStores({ file: path.join(folder, 'batchy.db'), clock: systemClock });
  const load = chunkStep<CsvRow>('load', {
    reader: csvReader(csv),
    writer: sqlWriter({ connection: `sqlite:${target}`, table: 'orders', key: ['id'] }),
    chunkSize,
  });
  const jobs = [defineJob({ name: 'LoadOrders', steps: [load] })];
  const service = await conductService({ stores, jobs, folder, concurrency: 1 });
  return async () => {
    const id = await service.launch('LoadOrders', {});
    await service.completed(id);
    await service.stop();
    await stores.upkeep.close();
  };
}

/** A transaction a chunk, and nothing that tells how far it came. */
async function copyByHand(csv: string, target: string): Promise<void> {
  const database = new DatabaseSync(target, { timeout: 0, enableForeignKeyConstraints: true });
  const others = csvColumns.filter((column) => column !== 'id');
  const upsert = database.prepare(
    `INSERT INTO orders (${csvColumns.join(', ')}) VALUES (${csvColumns.map(() => '?').join(', ')})
     ON CONFLICT (id) DO UPDATE SET ${others.map((column) => `${column} = excluded.${column}`).join(', ')}`,
  );
  const write = (rows: readonly CsvRow[]): void => {
    database.exec('BEGIN IMMEDIATE');
    for (const row of rows) upsert.run(...csvColumns.map((column) => row[column] ?? null));
    database.exec('COMMIT');
  };
  let chunk: CsvRow[] = [];
  for await (const row of createReadStream(csv).pipe(parse({ columns: true, skip_empty_lines: true }))) {
    chunk.push(row as CsvRow);
    if (chunk.length < chunkSize) continue;
    write(chunk);
    chunk = [];
  }
  if (chunk.length > 0) write(chunk);
  database.close();
}

if (import.meta.main) console.log(JSON.stringify(await copyCsv(JSON.parse(process.argv[2] ?? '') as CopyPlan)));
