import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import type { Scope } from '../../src/service/keys.ts';
import { testApp, type TestApp } from '../http/test-app.ts';

const script = path.resolve(import.meta.dirname, '../../docs/recipes/nightly-extract.sh');

export const header = 'changed_at,order_id,amount';

function startScript(args: readonly string[], env: Readonly<Record<string, string>>) {
  return execa(script, args, { env, reject: false });
}

/** A shop whose orders lie in one CSV file, the service over HTTP on SQLite, and a folder for what the nights extract. */
export interface Shop {
  readonly app: TestApp;
  readonly folder: string;
  readonly input: string;
  readonly output: string;
  /** Rows that the source gains. */
  gains(...rows: readonly Row[]): void;
  /** Starts the script as cron would at this hour. */
  night(at: string, options?: { readonly input?: string; readonly key?: string }): ReturnType<typeof startScript>;
  /** The job as the service shows it. */
  job(): Promise<Record<string, unknown>>;
  /** The record of a batch: what became of the job in it. */
  outcome(batchId: unknown): Promise<Record<string, unknown>>;
  /** Ids of all rows in all files, sorted. */
  extracted(): string[];
  files(): string[];
}

export interface Row {
  /** Time of change as the source writes it. */
  readonly at: string;
  readonly id: string;
}

const emitting = `
orders:
  status: new
  from_date: 2026-11-01T00:00:00
  emit_to_date: true
  lag_minutes: 5
`;

export interface ShopOptions {
  readonly yaml?: string;
  readonly keys?: Readonly<Record<string, Scope>>;
}

export async function openShop({ yaml = emitting, keys = {} }: ShopOptions = {}): Promise<Shop> {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-shop-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const input = path.join(folder, 'orders.csv');
  const output = path.join(folder, 'extracts');
  mkdirSync(output);
  writeFileSync(input, `${header}\n`);
  const app = await testApp({
    start: '2026-11-01T12:00:00',
    cfg: { shop: yaml },
    keys,
    settings: { PORT: 0 },
    openStores: (clock) => createSqliteStores({ file: path.join(folder, 'batchy.db'), clock }),
  });
  const authorization = Object.keys(keys).map((key) => ({ authorization: `Bearer ${key}` }));
  const headers = authorization[0] ?? {};
  await app.services.workflows.load(
    'shop',
    { mode: 'replace', force: false, reason: null },
    { name: 'test', idempotency: null },
    () => ({ status: 200, headers: {}, body: '' }),
  );
  const url = await app.start();
  const files = (): string[] => readdirSync(output).filter((name) => name.endsWith('.csv'));
  return {
    app,
    folder,
    input,
    output,
    gains: (...rows) => appendFileSync(input, rows.map(({ at, id }) => `${at},${id},1\n`).join('')),
    night(at, { input: from = input, key = '' } = {}) {
      app.clock.set(at);
      const env = { BATCHY_URL: url, BATCHY_RETRIES: '0', BATCHY_KEY: key };
      return startScript(['shop', 'orders', from, output], env);
    },
    job: async () => (await app.call('GET', '/get_status/shop', { headers })).json.orders,
    outcome: async (batchId) =>
      (await app.call('GET', `/workflows/shop/batches/${String(batchId)}`, { headers })).json.jobs.orders,
    extracted: () =>
      files()
        .flatMap((name) => readFileSync(path.join(output, name), 'utf8').trimEnd().split('\n').slice(1))
        .map((line) => line.split(',')[1] ?? '')
        .sort(),
    files,
  };
}
