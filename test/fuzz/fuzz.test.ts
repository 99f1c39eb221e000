import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { type FuzzReport, runFuzz } from './run-fuzz.ts';
import type { OpenEmptyStore } from './target.ts';

/** A fixed one, so that the suite tells the same story each time; `npm run fuzz` draws another each time. */
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_121);

/** That the requests were worth sending: answered in all ways, and many of them with an effect. */
function expectVariety({ requests, statuses, changes }: FuzzReport): void {
  for (const status of [200, 201, 400, 401, 403, 404, 405, 409, 412, 415, 422])
    expect([...statuses.keys()]).toContain(status);
  expect(changes).toBeGreaterThan(requests / 25);
}

describe('fuzzed requests', () => {
  it(
    'break nothing that every answer promises, and change nothing unless answered 2xx',
    { timeout: 600_000 },
    async () => {
      expectVariety(await runFuzz({ seed, requests: 2500, openStores: (clock) => createMemoryStores({ clock }) }));
    },
  );

  describe('on SQLite', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-fuzz-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('break nothing there, either', { timeout: 600_000 }, async () => {
      let count = 0;
      const openStores: OpenEmptyStore = (clock) =>
        createSqliteStores({ file: path.join(folder, `${(count += 1)}.db`), clock });
      const { changes } = await runFuzz({ seed: seed + 1, requests: 300, openStores });
      expect(changes).toBeGreaterThan(0);
    });
  });

  describeWithRedis('on Redis', () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await startRedis();
    });
    afterAll(() => server.stop());

    it('break nothing there, either', { timeout: 600_000 }, async () => {
      let count = 0;
      const openStores: OpenEmptyStore = (clock) => createRedisStores({ url: `${server.url}/${(count += 1)}`, clock });
      const { changes } = await runFuzz({ seed: seed + 2, requests: 300, openStores });
      expect(changes).toBeGreaterThan(0);
    });
  });
});

describe('the fuzz itself', () => {
  async function withBug(plant: (stores: Stores) => Stores): Promise<FuzzReport> {
    return runFuzz({ seed, requests: 3000, openStores: async (clock) => plant(await createMemoryStores({ clock })) });
  }

  it('finds a store that is written to before a request is refused', async () => {
    const planted = withBug((stores) => {
      let rounds = 0;
      return {
        ...stores,
        reader: {
          ...stores.reader,
          // Remembers in the store itself that somebody looked: a "harmless" write of a read.
          load: async (name) => {
            await stores.store.commit({
              operation: { id: `looked-${(rounds += 1)}`, fingerprint: '', answer: null, keepSeconds: 600 },
              changes: [],
              journal: [],
            });
            return stores.reader.load(name);
          },
        },
      };
    });
    await expect(planted).rejects.toThrow(/the state has changed/);
  });

  it('finds an answer of 500', async () => {
    const planted = withBug((stores) => ({
      ...stores,
      reader: { ...stores.reader, windows: () => Promise.reject(new TypeError('planted')) },
    }));
    await expect(planted).rejects.toThrow(/answered 500/);
  });

  it('tells by which seed and request to see it again', async () => {
    const planted = withBug((stores) => ({
      ...stores,
      reader: { ...stores.reader, windows: () => Promise.reject(new TypeError('planted')) },
    }));
    await expect(planted).rejects.toThrow(new RegExp(`--seed ${seed}, request \\d+[\\s\\S]*/coverage`));
  });
});
