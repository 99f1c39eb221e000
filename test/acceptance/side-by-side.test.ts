import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { formatInstant, parseInstant } from '../../src/domain/time.ts';
import { testApp, type TestApp } from '../http/test-app.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { createOlderProgram, type OlderProgram } from './older-program.ts';

describeWithRedis('side by side with the older program on a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let app: TestApp;
  let older: OlderProgram;

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    await redis.flushall();
    app = await testApp({ openStores: (clock) => createRedisStores({ url: server.url, clock }) });
    older = createOlderProgram(redis, async () => formatInstant(await app.clock.now()));
    await older.load('wf1', {
      job1: { param1: 'hello', reprocess_hours: 2, from_date: '2026-11-01T23:59', status: 'new' },
      job2: { trunc_start: true, from_date: '2026-11-02', status: 'new' },
    });
  });

  const ok = async (route: string) => {
    const { status, json, text } = await app.call('POST', `/${route}`);
    expect(status, text).toBe(200);
    return json;
  };
  const history = async () =>
    (await app.call('GET', '/workflows/wf1/batches')).json.map(
      ({ kind, status, jobs }: { kind: string; status: string; jobs: Record<string, { reason: string | null }> }) => [
        kind,
        status,
        jobs['job1']?.reason,
      ],
    );
  const twoHoursBefore = (start: string): string => formatInstant((parseInstant(start) ?? 0n) - 7_200_000_000_000n);
  const hour = (): void => app.clock.advance({ hours: 1 });

  it('it closes what we opened: our history, coverage and next window know', async () => {
    const opened = await ok('open_batch/wf1');
    hour();
    await older.close('wf1');
    expect(await history()).toEqual([['batch', 'success', null]]);
    const { json } = await app.call('GET', '/workflows/wf1/coverage?job=job1');
    expect(json.jobs[0].windows).toMatchObject([{ until: opened.job1.batch_start }]);
    const waited = await app.call('GET', '/workflows/wf1/wait?timeout=0');
    expect(waited.json).toMatchObject({ ready: true });
    hour();
    const next = await ok('open_batch/wf1');
    expect(next.job1.from_date).toBe(twoHoursBefore(opened.job1.batch_start));
    expect(next.job2.from_date).toBe('2026-11-21T00:00:00.000000');
  });

  it('it opens in the place of ours: our late client is refused, and the record of ours does not stay open', async () => {
    const ours = await ok('open_batch/wf1');
    hour();
    const theirs = await older.open('wf1');
    expect(await history()).toEqual([
      ['foreign', 'open', null],
      ['batch', 'failed', 'another program took its place'],
    ]);
    const late = await app.call('POST', `/close_batch/wf1?batch_id=${ours.job1.batch_id}`);
    expect([late.status, late.json.type]).toEqual([409, '/problems/stale-batch']);
    hour();
    expect((await ok(`close_batch/wf1?batch_id=${theirs}`)).job1.status).toBe('success');
    expect((await history())[0]).toEqual(['foreign', 'success', null]);
  });

  it('it fails, and a failed window is run again', async () => {
    await older.open('wf1');
    await older.fail('wf1');
    expect((await app.call('GET', '/workflows/wf1')).json.status).toBe('failed');
    hour();
    const opened = await ok('open_batch/wf1');
    expect(opened.job1.from_date).toBe('2026-11-01T23:59:00.000000');
    expect(opened.job1.param1).toBe('hello');
  });

  describe('it reads ours', () => {
    it('and begins where our batch began', async () => {
      const { job1 } = await ok('open_batch/wf1');
      await ok(`close_batch/wf1?batch_id=${job1.batch_id}`);
      hour();
      await older.open('wf1');
      expect((await app.call('GET', '/get_status/wf1')).json.job1.from_date).toBe(twoHoursBefore(job1.batch_start));
    });

    it('also where ours began at a whole second', async () => {
      app.clock.set('2026-11-21T23:00:00');
      const { job1 } = await ok('open_batch/wf1');
      await ok(`close_batch/wf1?batch_id=${job1.batch_id}`);
      hour();
      await older.open('wf1');
      expect((await app.call('GET', '/get_status/wf1')).json.job1.from_date).toBe('2026-11-21T21:00:00');
    });

    it('and the copies of our batches', async () => {
      const { job1 } = await ok('open_batch/wf1');
      await ok(`close_batch/wf1?batch_id=${job1.batch_id}`);
      expect(await older.read(`wf1-${job1.batch_id}`)).toMatchObject({ job1: { status: 'success' } });
    });
  });

  it('waits at once, when it is the older program that closes', async () => {
    await older.open('wf1');
    await older.close('wf1');
    const closed = (await older.read('wf1'))['job1']?.['batch_end'];
    expect((await app.call('GET', '/workflows/wf1/wait?timeout=0')).json).toMatchObject({
      ready: true,
      jobs: [{ last_success: closed }, {}],
    });
  });
});
