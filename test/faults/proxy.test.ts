import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import type { JournalType } from '../../src/domain/change.ts';
import { parseInstant } from '../../src/domain/time.ts';
import type { ArchivedItem } from '../../src/ports/upkeep.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { type Called, testApp, type TestApp } from '../http/test-app.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { type ProxyMode, startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.ts';
import { brokenInvariants } from './invariants.ts';

/** How often each fault is met; 50 for the figure of the specification. */
const rounds = Number(process.env['FAULT_ROUNDS'] ?? 1);
const patience = { timeout: 30_000 };

/** Requests that change something, in an order in which each may, and what they leave in the journal. */
const effects: readonly (readonly [JournalType, string, unknown?])[] = [
  ['configuration-loaded', '/load_cfg/wf1?force=true'],
  ['batch-opened', '/open_batch/wf1'],
  ['batch-failed', '/fail_batch/wf1?reason=disk'],
  ['batch-opened', '/open_batch/wf1/infa'],
  ['batch-closed', '/close_batch/wf1', { job1: { rows: 1 } }],
  ['backfill-opened', '/workflows/wf1/backfill', { from: '2025-01-01', to: '2025-02-01' }],
];

describeWithRedis('the service, when its Redis or the network to it fails', { repeats: rounds - 1 }, () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let app: TestApp;
  /** Sees the server as it is, by another way. */
  let witness: Stores;
  let redis: Redis;
  /** What befalls the network when the next commit is about to be sent. */
  let onCommit: ProxyMode | null = null;
  let keys = 0;

  beforeEach(async () => {
    server = await startRedis();
    proxy = await startTcpProxy(server.port);
    witness = await createRedisStores({ url: server.url });
    redis = new Redis(server.url);
    redis.on('error', () => undefined);
    onCommit = null;
  });
  afterEach(async () => {
    redis.disconnect();
    await witness.upkeep.close();
    await proxy.close();
    await server.stop();
  });

  /** @param deadlineMs how long a call may take: long where it must succeed on a busy machine, short where it must not */
  async function start(deadlineMs: number, silenceMs = 500): Promise<void> {
    app = await testApp({
      cfg: { wf1: 'job1:\n  from_date: 2026-01-01\njob2:\n  emit_to_date: true\n' },
      openStores: async () => {
        const stores = await createRedisStores({ url: `redis://127.0.0.1:${proxy.port}`, deadlineMs, silenceMs });
        return {
          ...stores,
          store: {
            commit: (commit) => {
              if (onCommit !== null) proxy.mode = onCommit;
              onCommit = null;
              return stores.store.commit(commit);
            },
          },
        };
      },
    });
    // So that the script is known, and the first reply of a commit is that of its effect.
    await eventually('/load_cfg/wf1?force=true');
  }

  function post(url: string, body?: unknown, key = `key-${(keys += 1)}`): Promise<Called> {
    return app.call('POST', url, { headers: { 'idempotency-key': key }, ...(body === undefined ? {} : { body }) });
  }

  /** Asks with the same key until it is answered 2xx: a client whose requests may be cut short by a busy machine, too. */
  async function eventually(url: string, body?: unknown, key = `key-${(keys += 1)}`): Promise<Called> {
    return vi.waitFor(async () => {
      const answer = await post(url, body, key);
      expect([200, 201], answer.text).toContain(answer.status);
      return answer;
    }, patience);
  }

  /** Types of all entries, oldest first. */
  async function journal(): Promise<JournalType[]> {
    const found = await witness.journal.read({ workflow: 'wf1', direction: 'ascending', beyond: null, limit: 10_000 });
    return found.map(({ entry }) => entry.type);
  }

  async function heal(): Promise<void> {
    proxy.mode = 'pass';
    proxy.resetAll();
    await vi.waitFor(async () => expect((await app.call('GET', '/get_status/wf1')).status).toBe(200), patience);
  }

  it('has each effect once, and says so, when the reply is lost after it', { timeout: 120_000 }, async () => {
    await start(20_000);
    for (const [effect, url, body] of effects) {
      const before = await journal();
      onCommit = 'cut-reply';
      const answer = await post(url, body);
      expect([200, 201], answer.text).toContain(answer.status);
      expect(await journal()).toEqual([...before, effect]);
      expect(proxy.mode).toBe('pass');
    }
    expect(await brokenInvariants(witness, 'wf1')).toEqual([]);
  });

  it(
    'says 503 and that the outcome is unknown when no reply comes; the repeat with the key replays',
    { timeout: 300_000 },
    async () => {
      await start(1500);
      for (const [effect, url, body] of effects) {
        const before = await journal();
        const key = `swallowed-${effect}-${before.length}`;
        onCommit = 'swallow-replies';
        const unknown = await post(url, body, key);
        expect([unknown.status, unknown.json.outcome_unknown], unknown.text).toEqual([503, true]);
        expect(unknown.headers['retry-after']).toBeDefined();
        expect(await journal()).toEqual([...before, effect]);
        await heal();
        const again = await eventually(url, body, key);
        expect([again.status, again.headers['idempotency-replayed']], again.text).toEqual([
          effect === 'backfill-opened' ? 201 : 200,
          'true',
        ]);
        expect(await journal()).toEqual([...before, effect]);
      }
      expect(await brokenInvariants(witness, 'wf1')).toEqual([]);
    },
  );

  it.each(['blackhole', 'reset'] as const)(
    'settles every call with 503 while the network is %s, and goes on afterwards',
    { timeout: 300_000 },
    async (mode) => {
      await start(1500);
      const before = await journal();
      proxy.mode = mode;
      for (const url of [
        '/get_status/wf1',
        '/open_batch/wf1',
        '/close_batch/wf1',
        '/workflows/wf1/preview',
        '/workflows',
        '/health/ready',
      ]) {
        const answer = await app.call('GET', url);
        expect([answer.status, answer.json.type], url).toEqual([503, '/problems/store-unavailable']);
      }
      expect((await app.call('GET', '/health/live')).status).toBe(200);
      await heal();
      expect(await journal()).toEqual(before);
      expect((await post('/open_batch/wf1')).status).toBe(200);
    },
  );

  it('does, when asked again, what a black hole swallowed on the way', { timeout: 120_000 }, async () => {
    await start(1500);
    onCommit = 'blackhole';
    const lost = await post('/open_batch/wf1', undefined, 'lost');
    expect([lost.status, lost.json.outcome_unknown]).toEqual([503, true]);
    expect(await journal()).not.toContain('batch-opened');
    await heal();
    await eventually('/open_batch/wf1', undefined, 'lost');
    expect((await journal()).filter((type) => type === 'batch-opened')).toHaveLength(1);
  });

  it('14: closes, on retry, what was opened before Redis was restarted', { timeout: 120_000 }, async () => {
    await start(1500);
    const { json } = await eventually('/open_batch/wf1');
    const url = `/close_batch/wf1?batch_id=${json.job1.batch_id}`;
    await server.kill();
    expect((await post(url, undefined, 'close')).status).toBe(503);
    await server.restart();
    await eventually(url, undefined, 'close');
    expect((await eventually(url, undefined, 'close')).headers['idempotency-replayed']).toBe('true');
    expect((await journal()).filter((type) => type === 'batch-closed')).toHaveLength(1);
    expect(await brokenInvariants(witness, 'wf1')).toEqual([]);
  });

  it('waits for a Redis that is restarted within its deadline', { timeout: 120_000 }, async () => {
    await start(30_000);
    const { json } = await post('/open_batch/wf1');
    await server.kill();
    const closing = post(`/close_batch/wf1?batch_id=${json.job1.batch_id}`);
    await server.restart();
    expect((await closing).status).toBe(200);
  });

  it('does not mind that the scripts are forgotten', async () => {
    await start(20_000);
    for (const [effect, url, body] of effects) {
      await redis.script('FLUSH');
      const answer = await post(url, body);
      expect([200, 201], `${effect}: ${answer.text}`).toContain(answer.status);
    }
    expect(await brokenInvariants(witness, 'wf1')).toEqual([]);
  });

  it('says 507 when Redis has no memory left, changes nothing, and reads all the same', async () => {
    await start(20_000);
    const { json } = await post('/open_batch/wf1');
    const before = await app.everything();
    await redis.config('SET', 'maxmemory', '1');
    for (const url of [
      '/open_batch/wf1',
      `/close_batch/wf1?batch_id=${json.job1.batch_id}`,
      '/fail_batch/wf1',
      '/load_cfg/wf1?force=true',
    ]) {
      const full = await post(url);
      expect([full.status, full.json.type], url).toEqual([507, '/problems/store-full']);
    }
    expect((await app.call('GET', '/get_status/wf1')).status).toBe(200);
    await redis.config('SET', 'maxmemory', '0');
    expect(await app.everything()).toBe(before);
    expect((await post(`/close_batch/wf1?batch_id=${json.job1.batch_id}`)).status).toBe(200);
  });

  it(
    'says 503 to a write while Redis is a replica, and writes when it is a master again',
    { timeout: 120_000 },
    async () => {
      await start(1500);
      const before = await journal();
      await redis.replicaof('127.0.0.1', 1);
      const refused = await post('/open_batch/wf1');
      expect([refused.status, refused.json.type]).toEqual([503, '/problems/store-unavailable']);
      await redis.replicaof('NO', 'ONE');
      expect(await journal()).toEqual(before);
      await eventually('/open_batch/wf1');
    },
  );

  it('replays and never skips what a wiped Redis has forgotten', async () => {
    await start(20_000);
    const opened = (await post('/open_batch/wf1')).json;
    expect((await post(`/close_batch/wf1?batch_id=${opened.job1.batch_id}`)).status).toBe(200);
    const second = (await post('/open_batch/wf1')).json;
    await redis.flushall();
    const lost = await post(`/close_batch/wf1?batch_id=${second.job1.batch_id}`);
    expect([lost.status, lost.json.type]).toEqual([404, '/problems/unknown-workflow']);
    expect((await post('/load_cfg/wf1')).status).toBe(200);
    const again = (await post('/open_batch/wf1')).json;
    expect(again.job1.from_date).toBe(opened.job1.from_date);
    expect(again.job2.from_date).toBe(opened.job2.from_date);
  });

  it('goes on from the last success that a failover has not lost', async () => {
    await start(20_000);
    const opened = (await post('/open_batch/wf1')).json;
    expect((await post(`/close_batch/wf1?batch_id=${opened.job1.batch_id}`)).status).toBe(200);
    const replica: ArchivedItem[] = [];
    for await (const item of witness.upkeep.exportAll()) replica.push(item);
    const later = (await post('/open_batch/wf1')).json;
    const closing = `/close_batch/wf1?batch_id=${later.job1.batch_id}`;

    await redis.flushall();
    await witness.upkeep.importAll(
      (async function* () {
        yield* replica;
      })(),
    );
    const stale = await post(closing);
    expect([stale.status, stale.json.type], 'the batch is not known there').toEqual([409, '/problems/stale-batch']);
    const again = (await post('/open_batch/wf1')).json;
    for (const job of ['job1', 'job2'] as const) {
      const [from, proven] = [again[job].from_date, opened[job].to_date ?? opened[job].batch_start].map(
        (text) => parseInstant(text) ?? 0n,
      );
      expect(from).toBe(proven);
    }
    expect(await brokenInvariants(witness, 'wf1')).toEqual([]);
  });
});
