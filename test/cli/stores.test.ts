import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { openStores } from '../../src/open-stores.ts';
import { loadSettings } from '../../src/config/load.ts';
import { parseInstant } from '../../src/domain/time.ts';
import { everythingIn } from '../http/test-app.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { type Ended, run } from './run.ts';

/** A head, or the copy of a batch, as the older program writes it. */
function job(status: string, batchId: number, start: string, end: string | null): string {
  return JSON.stringify({
    status,
    batch_id: batchId,
    from_date: '2026-11-01T00:00:00',
    batch_start: start,
    batch_end: end,
    rows: 5,
  });
}

describeWithRedis('the stores by the command line', () => {
  let server: RedisServer;
  let redis: Redis;
  let folder: string;
  let environment: Record<string, string>;

  const batchy = (...args: string[]): Promise<Ended> => run('batchy', args, { environment, folder });
  const storesOf = (changes: Record<string, string>) =>
    openStores(loadSettings({ folder, environment: changes }).settings);

  beforeEach(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-stores-'));
    writeFileSync(path.join(folder, 'batchy.yaml'), '');
    environment = { REDIS_URL: server.url };
    await redis.hset('wf1', { job1: job('success', 1467149783, '2026-11-20T22:00:00.123456', '2026-11-20T23:00:00') });
    await redis.hset('wf1-1467149783', {
      job1: job('success', 1467149783, '2026-11-20T22:00:00.123456', '2026-11-20T23:00:00'),
    });
    await redis.hset('wf1-1467149700', { job1: job('open', 1467149700, '2026-11-19T22:00:00', null) });
    await redis.hset('wf1-1467149600', {
      job1: job('success', 1467149600, '2026-11-18T22:00:00', '2026-11-18T23:00:00'),
    });
    await redis.hset('wf1-1467149500-init', { job1: '{"from_date":"2026-11-01T00:00:00"}' });
    await redis.hset('sessions', { user7: 'logged in' });
    await redis.set('wf2', 'a text');
  });

  afterEach(async () => {
    redis.disconnect();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('reindex takes in what the older program wrote, once, and leaves the rest alone', async () => {
    const foreign = await redis.hgetall('wf1');
    const first = await batchy('reindex', '--json');
    expect(first.exit).toBe(1);
    expect(JSON.parse(first.out)).toMatchObject({ workflows: 1, batches: 3, skipped: [{ key: 'sessions' }] });
    expect(await redis.hgetall('wf1')).toEqual(foreign);
    expect(await redis.hgetall('sessions')).toEqual({ user7: 'logged in' });
    expect(JSON.parse((await batchy('reindex', '--json')).out)).toMatchObject({ batches: 0 });

    const stores = await storesOf(environment);
    try {
      const records = await stores.reader.records('wf1', { before: null, limit: 10, kinds: [] });
      expect(
        records.map(({ id, opening, jobs }) => [id, opening.kind, jobs.get('job1')?.status, jobs.get('job1')?.reason]),
      ).toEqual([
        ['1467149783', 'foreign', 'success', null],
        ['1467149700', 'foreign', 'failed', 'another program left it open'],
        ['1467149600', 'foreign', 'success', null],
        ['1467149500-init', 'init', 'new', null],
      ]);
      const windows = await stores.reader.windows('wf1', 'job1', { after: null, limit: 10 });
      expect(windows.map(({ batchId, until }) => [batchId, until])).toEqual([
        [1467149600, parseInstant('2026-11-18T22:00:00')],
        [1467149783, parseInstant('2026-11-20T22:00:00.123456')],
      ]);
    } finally {
      await stores.upkeep.close();
    }
  });

  it('migrate moves everything to another store and back, and into an empty one only', async () => {
    await redis.del('wf2', 'sessions');
    expect((await batchy('reindex')).exit).toBe(0);
    const there = await batchy('migrate', '--from', server.url, '--to', 'moved', '--json');
    expect(JSON.parse(there.out)).toMatchObject({ workflow: 1, record: 4 });
    const read = async (changes: Record<string, string>): Promise<string> => {
      const stores = await storesOf(changes);
      try {
        return await everythingIn(stores);
      } finally {
        await stores.upkeep.close();
      }
    };
    const original = await read(environment);
    expect(await read({ BATCHY_DATA: 'moved' })).toBe(original);
    expect(await batchy('migrate', '--from', server.url, '--to', 'moved')).toMatchObject({
      exit: 3,
      err: expect.stringContaining('not empty'),
    });
    await redis.flushall();
    expect(await batchy('migrate', '--from', 'moved', '--to', server.url)).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^moved workflows 1, records 4/),
    });
    expect(await read(environment)).toBe(original);
  });

  it('migrate refuses what is no store, or the same one', async () => {
    expect(await batchy('migrate', '--from', 'postgres://db', '--to', 'moved')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('is no store'),
    });
    expect(await batchy('migrate', '--from', 'moved', '--to', './moved/')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('the same store'),
    });
    expect((await batchy('migrate', '--from', 'moved')).exit).toBe(2);
  });

  it('doctor passes on what the store itself warns of', async () => {
    await redis.config('SET', 'maxmemory', '100mb');
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const { out } = await batchy('doctor');
    expect(out).toMatch(/^(warn|fail) +redis +.*(evict|maxmemory)/im);
  });
});
