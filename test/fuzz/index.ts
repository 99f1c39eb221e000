import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { bringRedis } from '../servers/bring-redis.ts';
import { startRedis } from '../servers/redis.ts';
import { BrokenPromise, runFuzz } from './run-fuzz.ts';
import type { OpenEmptyStore } from './target.ts';

/** `npm run fuzz -- [--requests N] [--seed N] [--store memory|sqlite|redis]` */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '50000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    store: { type: 'string', default: 'memory' },
  },
});
const [requests, seed] = [Number(values.requests), Number(values.seed)];
if (!Number.isSafeInteger(requests) || !Number.isSafeInteger(seed) || requests < 1)
  throw new RangeError('--requests and --seed are whole numbers');

interface OpenedStore {
  readonly openStores: OpenEmptyStore;
  close(): Promise<void>;
}

const stores: Readonly<Record<string, () => Promise<OpenedStore>>> = {
  memory: async () => ({ openStores: (clock) => createMemoryStores({ clock }), close: async () => {} }),
  sqlite: async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-fuzz-sqlite-'));
    let count = 0;
    return {
      openStores: (clock) => createSqliteStores({ file: path.join(folder, `${(count += 1)}.db`), clock }),
      close: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  redis: async () => {
    await bringRedis();
    const server = await startRedis({ args: ['--databases', '10000'] });
    let count = 0;
    return {
      openStores: (clock) => createRedisStores({ url: `${server.url}/${(count += 1)}`, clock }),
      close: () => server.stop(),
    };
  },
};

const open = stores[values.store];
if (open === undefined) throw new RangeError(`--store is one of ${Object.keys(stores).join(', ')}`);

console.log(`fuzz: ${requests} requests on ${values.store}, --seed ${seed}`);
const store = await open();
try {
  const report = await runFuzz({
    seed,
    requests,
    openStores: store.openStores,
    onRound: (done) => {
      if (done % 5000 === 0) console.log(`  ${done} …`);
    },
  });
  const statuses = [...report.statuses]
    .sort(([one], [other]) => one - other)
    .map(([status, count]) => `${status}: ${count}`);
  console.log(
    `${report.requests} requests, nothing broken. Statuses ${statuses.join(', ')}. ${report.changes} changed the state.`,
  );
  console.log(`slowest: ${Math.round(report.slowest.milliseconds)} ms (reach: 2000 ms) ${report.slowest.request}`);
} catch (error) {
  if (!(error instanceof BrokenPromise)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await store.close();
}
