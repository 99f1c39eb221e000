import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { brokenInvariants } from '../faults/invariants.ts';
import { type RunningService, startService } from '../faults/service.ts';
import type { StoreAddress } from '../faults/service-process.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { type Answered, type Asked, batchSpecification } from './batch-specification.ts';
import { isLinearizable, type Recorded } from './checker.ts';
import { recordHistory } from './record-history.ts';

/** 200, 500 and 32 for the figure of the specification. */
const histories = Number(process.env['LINEAR_HISTORIES'] ?? 4);
const operations = Number(process.env['LINEAR_OPERATIONS'] ?? 150);
const clients = Number(process.env['LINEAR_CLIENTS'] ?? 12);
const seed = Number(process.env['LINEAR_SEED'] ?? 20_261_121);
const processes = 3;

function checkHistories(open: () => Promise<{ address: StoreAddress; stores: Stores }>): void {
  let services: RunningService[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-linear-'));
  afterEach(() => Promise.all(services.splice(0).map((service) => service.kill())));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it(`are as if one thing had happened after the other`, { timeout: 60_000 + 30_000 * histories }, async () => {
    writeFileSync(path.join(folder, 'wf1.yaml'), 'job1:\n  from_date: 2026-01-01\njob2:\n  reprocess_hours: 1.5\n');
    const { address, stores } = await open();
    services = await Promise.all(Array.from({ length: processes }, () => startService(address, folder)));
    for (let index = 0; index < histories; index += 1) {
      expect((await services[0]?.call('POST', '/load_cfg/wf1?force=true'))?.status).toBe(200);
      const initial = await stores.reader.peek('wf1');
      const recorded = await recordHistory(
        async (server, method, asked) => {
          const answer = await services[server % processes]?.call(method, asked);
          if (answer == null) throw new Error(`${asked} was not answered`);
          return answer;
        },
        { clients, operations, seed: seed + index },
      );
      expect(recorded).toHaveLength(operations);
      const where = `LINEAR_SEED=${seed + index}; refused: ${codesIn(recorded)}`;
      expect(isLinearizable(recorded, batchSpecification(initial)), where).toBe(true);
    }
    expect(await brokenInvariants(stores, 'wf1')).toEqual([]);
    await stores.upkeep.close();
  });
}

function codesIn(recorded: readonly Recorded<Asked, Answered>[]): string {
  const codes = recorded.flatMap(({ answered }) => ('code' in answered ? [answered.code] : []));
  return [...Map.groupBy(codes, (code) => code)].map(([code, all]) => `${code} ${all.length}`).join(', ');
}

describe(`histories of ${clients} clients of ${processes} servers on one SQLite file`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-linear-db-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  checkHistories(async () => {
    const file = path.join(folder, 'batchy.db');
    return { address: { file }, stores: await createSqliteStores({ file, clock: systemClock }) };
  });
});

describeWithRedis(`histories of ${clients} clients of ${processes} servers on one Redis`, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  checkHistories(async () => ({ address: { url: server.url }, stores: await createRedisStores({ url: server.url }) }));
});
