import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { change, commit, entry, listing, loaded, outcome, put, record } from '../../contract/fixtures.ts';
import { freePort } from '../../servers/free-port.ts';
import { describeWithRedis, startRedis, type RedisServer } from '../../servers/redis.ts';

const journalOf = { workflow: null, direction: 'ascending', beyond: null, limit: 1000 } as const;
const job = { outcome: loaded('2026-01-01', '2026-01-02'), copy: new Map([['rows', 1]]) };
const opening = commit(
  [
    change({
      name: 'wf1',
      records: [record(5, { job1: job })],
      listing: listing({ latest_start: '2026-01-02' }),
    }),
  ],
  { journal: [entry()] },
);

describeWithRedis('a Redis that fails', () => {
  let server: RedisServer;
  let redis: Redis;
  let stores: Stores;

  beforeEach(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
    stores = await createRedisStores({ url: server.url });
  });

  afterEach(async () => {
    await stores.upkeep.close();
    redis.disconnect();
    await server.stop();
  });

  /** Every key with its type and content, as bytes. */
  async function everything(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const key of (await redis.keys('*')).sort()) found.set(key, (await redis.dumpBuffer(key)).toString('hex'));
    return found;
  }

  it.each(['restart', 'kill'] as const)('has kept everything after a %s, and is used again', async (how) => {
    await stores.store.commit(opening);
    if (how === 'kill') await server.kill();
    await server.restart();
    expect((await stores.reader.load('wf1')).ledger).toBe('{"revision":1}');
    expect(await stores.store.commit(opening)).toMatchObject({ kind: 'repeated' });
    await put(stores, { name: 'wf1', ledger: '{"revision":2}' }, [entry()]);
    expect((await stores.journal.read(journalOf)).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it('is waited for while it restarts', async () => {
    await stores.store.commit(opening);
    await server.kill();
    const reading = stores.reader.peek('wf1');
    await server.restart();
    expect((await reading).ledger).toBe('{"revision":1}');
  });

  it('may forget the scripts at any time', async () => {
    for (let run = 0; run < 5; run++) {
      await redis.script('FLUSH');
      await put(stores, { name: 'wf1', ledger: `{"revision":${run}}` });
    }
    await redis.script('FLUSH');
    expect((await stores.reader.load('wf1')).ledger).toBe('{"revision":4}');
  });

  it('has no memory left: refused as full, nothing half-written, and read all the same', async () => {
    await put(stores, { name: 'wf1' });
    const before = await everything();
    await redis.config('SET', 'maxmemory', '1');
    const next = commit(
      [
        change({
          name: 'wf1',
          expected: await stores.reader.peek('wf1'),
          ledger: '{"revision":2}',
          records: [record(5, { job1: job })],
        }),
      ],
      { journal: [entry()] },
    );
    await expect(stores.store.commit(next)).rejects.toMatchObject({ code: 'store-full' });
    await expect(stores.store.commit({ ...next, journal: [] })).rejects.toMatchObject({ code: 'store-full' });
    expect(await everything()).toEqual(before);
    await redis.config('SET', 'maxmemory', '0');
    expect(await stores.store.commit(next)).toMatchObject({ kind: 'committed' });
  });

  it('refuses what is read at one moment by the reason for which it refuses any part of it', async () => {
    await stores.upkeep.close();
    stores = await createRedisStores({ url: server.url, deadlineMs: 300 });
    await stores.store.commit(opening);
    const page = { sort: 'name', descending: false, status: null, prefix: '', after: null, limit: 10 } as const;
    const reads = [
      () => stores.reader.records('wf1', { before: null, limit: 10, kinds: [] }),
      () => stores.reader.workflows(page),
    ];
    const refusals = (code: string, word: string) => reads.map(() => ({ code, detail: expect.stringContaining(word) }));
    const refused = () => Promise.all(reads.map((read) => read().catch((error: unknown) => error)));
    await redis.config('SET', 'maxmemory', '1');
    expect(await refused()).toMatchObject(refusals('store-full', '(OOM '));
    await redis.config('SET', 'maxmemory', '0');
    expect(await refused()).toMatchObject([[{ id: '5' }], [{ name: 'wf1' }]]);
    await redis.config('SET', 'replica-serve-stale-data', 'no');
    await redis.replicaof('127.0.0.1', await freePort());
    expect(await refused()).toMatchObject(refusals('store-unavailable', '(MASTERDOWN '));
  });

  it('has too few replicas: refused as unavailable, nothing half-written', async () => {
    const before = await everything();
    await redis.config('SET', 'min-replicas-to-write', '1');
    await expect(stores.store.commit(opening)).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(await everything()).toEqual(before);
  });

  it('became a replica: not written to until it is a master again', async () => {
    await stores.upkeep.close();
    stores = await createRedisStores({ url: server.url, deadlineMs: 300 });
    await redis.replicaof('127.0.0.1', await freePort());
    await expect(stores.store.commit(opening)).rejects.toMatchObject({ code: 'store-unavailable' });
    await redis.config('SET', 'replica-serve-stale-data', 'no');
    await expect(stores.reader.load('wf1')).rejects.toMatchObject({ code: 'store-unavailable' });
    await redis.replicaof('NO', 'ONE');
    expect(await redis.dbsize()).toBe(0);
    await vi.waitFor(async () => expect(await stores.store.commit(opening)).toMatchObject({ kind: 'committed' }), {
      timeout: 20_000,
    });
  });

  it('lost the counter of the journal: entries go on behind the last one', async () => {
    await stores.store.commit(commit([], { journal: [entry(), entry()] }));
    await redis.del('batchy:journal:sequence');
    expect(await stores.store.commit(commit([], { journal: [entry(), entry()] }))).toEqual({
      kind: 'committed',
      sequences: [3, 4],
    });
    expect(await stores.store.commit(commit([], { journal: [entry()] }))).toEqual({
      kind: 'committed',
      sequences: [5],
    });
    expect(await redis.zrange(`batchy:journal:of:${entry().workflow}`, '0', '-1')).toEqual(['1', '2', '3', '4', '5']);
  });

  it('was wiped: it is as if nothing had ever been', async () => {
    await stores.store.commit(opening);
    const late = change({ name: 'wf1', expected: await stores.reader.peek('wf1') });
    await redis.flushall();
    expect(await stores.store.commit(commit([late]))).toEqual({ kind: 'conflict' });
    expect(await stores.store.commit(opening)).toEqual({ kind: 'committed', sequences: [1] });
  });

  it.each([
    'wf1',
    'wf1-5',
    'batchy:ledger:wf1',
    'batchy:names',
    'batchy:listings',
    'batchy:starts',
    'batchy:journal',
    'batchy:journal:of:wf1',
    'batchy:record:wf1:5',
    'batchy:records:batch:wf1',
    'batchy:windows:wf1:job1',
    'batchy:workflows:named:new',
    'batchy:workflows:updated:new',
    `batchy:operation:${opening.operation.id}`,
  ])('holds somebody else’s list or stream at %s: refused, nothing written, nothing of it touched', async (key) => {
    for (const make of [() => redis.rpush(key, 'theirs'), () => redis.xadd(key, '9-9', 'theirs', '1')]) {
      await make();
      const before = await everything();
      if (key === 'batchy:journal' && (await redis.type(key)) === 'stream') return;
      const refusal = stores.store.commit(opening);
      await expect(refusal).rejects.toMatchObject({
        code: 'foreign-data',
        detail: expect.stringContaining(JSON.stringify(key)),
      });
      expect(await everything()).toEqual(before);
      await redis.del(key);
    }
    expect(await stores.store.commit(opening)).toMatchObject({ kind: 'committed' });
  });

  it('refuses one of the commits that travel together: the others are none the worse for it', async () => {
    await redis.rpush('batchy:windows:wf2:job1', 'theirs');
    const before = await redis.lrange('batchy:windows:wf2:job1', 0, -1);
    const commits = ['wf1', 'wf2', 'wf3'].map((name) =>
      commit([change({ name, records: [record(5, { job1: job })] })], { journal: [entry({ workflow: name })] }),
    );
    const outcomes = await Promise.allSettled(commits.map((each) => stores.store.commit(each)));
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: { kind: 'committed', sequences: [1] } },
      { status: 'rejected', reason: { code: 'foreign-data' } },
      { status: 'fulfilled', value: { kind: 'committed', sequences: [2] } },
    ]);
    expect(await redis.lrange('batchy:windows:wf2:job1', 0, -1)).toEqual(before);
    expect(await redis.zrange('batchy:workflows:named:new', '0', '-1')).toEqual(['wf1', 'wf3']);
    expect(await redis.keys('*wf2*')).toEqual(['batchy:windows:wf2:job1']);
  });

  it('refuses a change of what was indexed: every index is as it was', async () => {
    await stores.store.commit(opening);
    const { head, ledger } = await stores.reader.load('wf1');
    const next = change({
      name: 'wf1',
      expected: { head, ledger },
      listing: listing({ status: 'success', updated_at: '2026-01-03', latest_start: '2026-01-03' }),
      records: [record(6, { job1: job })],
    });
    await redis.del('batchy:journal');
    await redis.set('batchy:journal', 'theirs');
    const before = await everything();
    await expect(stores.store.commit(commit([next], { journal: [entry()] }))).rejects.toMatchObject({
      code: 'foreign-data',
    });
    expect(await everything()).toEqual(before);
  });

  it('is asked by many at a time for the same and for others: each gets its own', async () => {
    await stores.store.commit(opening);
    await redis.rpush('wf3', 'theirs');
    const answers = await Promise.allSettled(['wf1', 'wf2', 'wf3', 'wf1'].map((name) => stores.reader.peek(name)));
    expect(answers).toMatchObject([
      { value: { ledger: '{"revision":1}' } },
      { value: { head: null, ledger: null } },
      { reason: { code: 'foreign-data' } },
      { value: { ledger: '{"revision":1}' } },
    ]);
  });

  it('holds what is no workflow at the name: told, by reads too', async () => {
    await redis.set('wf1', 'theirs');
    for (const call of [() => stores.reader.load('wf1'), () => stores.reader.peek('wf1')]) {
      await expect(call()).rejects.toMatchObject({ code: 'foreign-data', detail: expect.stringContaining('string') });
    }
    await redis.set('wf2-5', 'theirs');
    expect(await stores.reader.copy('wf2', '5')).toBeNull();
    await redis.hset('wf2-6', 'job1', 'no json');
    expect(await stores.reader.copy('wf2', '6')).toBeNull();
    expect(await redis.get('wf1')).toBe('theirs');
  });

  it('holds bytes that are no text: refused rather than mangled', async () => {
    await redis.hset('wf1', 'job1', Buffer.from([0x7b, 0xff, 0x7d]));
    await expect(stores.reader.load('wf1')).rejects.toMatchObject({ code: 'foreign-data' });
    await redis.hset('wf1', 'job1', '{"sign":"\ufffd"}');
    expect((await stores.reader.load('wf1')).head).toEqual(new Map([['job1', '{"sign":"\ufffd"}']]));
  });

  it('is written to by a program that knows nothing of us, between reading and writing: a conflict', async () => {
    await redis.hset('wf1', 'job1', '{}');
    const read = await stores.reader.peek('wf1');
    await redis.hset('wf1', 'job1', '{"rows":2}');
    expect(await stores.store.commit(commit([change({ name: 'wf1', expected: read })]))).toEqual({ kind: 'conflict' });
    const again = await stores.reader.peek('wf1');
    await redis.hset('wf1', 'job2', '{}');
    expect(await stores.store.commit(commit([change({ name: 'wf1', expected: again })]))).toEqual({ kind: 'conflict' });
    expect(await redis.hgetall('wf1')).toEqual({ job1: '{"rows":2}', job2: '{}' });
  });

  it('takes a workflow of more jobs than a script’s stack holds', async () => {
    const jobs = Array.from({ length: 20_000 }, (_, index) => `job ${index}`);
    const head = (rows: number) => new Map(jobs.map((name) => [name, `{"rows":${rows}}`]));
    await put(stores, {
      name: 'wf1',
      head: head(1),
      records: [record(5, Object.fromEntries(jobs.map((name) => [name, job])))],
    });
    await put(stores, {
      name: 'wf1',
      head: new Map([...head(2)].slice(1)),
      records: [record(5, Object.fromEntries(jobs.map((name) => [name, outcome({ status: 'failed' })])))],
    });
    expect((await stores.reader.peek('wf1')).head?.size).toBe(19_999);
    expect((await stores.reader.record('wf1', '5'))?.jobs.size).toBe(20_000);
    expect((await stores.reader.copy('wf1', '5'))?.size).toBe(20_000);
    expect(await stores.reader.windows('wf1', 'job 19999', { after: null, limit: 10 })).toEqual([]);
  });
});
