import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, test } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { runHistory } from './run-history.ts';
import { createServiceOperations, type ServiceOperationsOptions } from './service-operations.ts';
import { histories, type Step } from './steps.ts';

/** Histories of each kind; raise it for a night's run. */
const numRuns = Number(process.env['MODEL_RUNS'] ?? 25);

type Given = Pick<ServiceOperationsOptions, 'reopen' | 'writeHead'>;

/** The same histories as against the pure rules, now through the service over a store, whose process keeps dying. */
function runsOver(open: () => Promise<Given>): void {
  test.each([true, false])('no event is skipped for good (clients fenced: %s)', async (fenced) => {
    await fc.assert(
      fc.asyncProperty(histories, fc.integer({ min: 2, max: 20 }), async (steps, livesFor) => {
        const clock = { now: 0n };
        const given = await open();
        const operations = await createServiceOperations({ clock, livesFor, ...given });
        try {
          await runHistory(operations, clock, possible(steps, given), { fenced, sourceClock: 'steady' });
        } finally {
          await operations.close();
        }
      }),
      { numRuns },
    );
  });
}

function possible(steps: readonly Step[], { writeHead }: Given): readonly Step[] {
  return writeHead === null ? steps.filter(({ kind }) => kind !== 'older-open' && kind !== 'older-close') : steps;
}

describe('histories over memory', () => {
  runsOver(async () => {
    let stores: Stores | null = null;
    // What lives in memory cannot be opened again: only the service around it is replaced.
    return { reopen: async (clock) => (stores ??= await createMemoryStores({ clock })), writeHead: null };
  });
});

describe('histories over SQLite', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-model-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let count = 0;
  runsOver(async () => {
    const file = path.join(folder, `${(count += 1)}.db`);
    return { reopen: (clock) => createSqliteStores({ file, clock }), writeHead: null };
  });
});

describeWithRedis('histories over a real Redis', () => {
  let server: RedisServer;
  let other: Redis;
  beforeAll(async () => {
    server = await startRedis();
    other = new Redis(server.url);
  });
  afterAll(async () => {
    other.disconnect();
    await server.stop();
  });
  runsOver(async () => {
    await other.flushall();
    return {
      reopen: (clock) => createRedisStores({ url: server.url, clock }),
      writeHead: async (workflow, job, text) => void (await other.hset(workflow, job, text)),
    };
  });
});
