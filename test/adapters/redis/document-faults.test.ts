import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { change, commit, document, entry } from '../../contract/fixtures.ts';
import { describeWithRedis, startRedis, type RedisServer } from '../../servers/redis.ts';

const key = { collection: 'things', id: 'a' };
const page = { index: 'all', prefix: '', direction: 'ascending', beyond: null, limit: 10 } as const;
const member = (name: string) => ({ index: 'all', member: name });

describeWithRedis('documents in a Redis that fails', () => {
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
    for (const name of (await redis.keys('*')).sort()) found.set(name, (await redis.dumpBuffer(name)).toString('hex'));
    return found;
  }

  /** Refused as somebody else's, by name, and not a byte is another. */
  async function expectRefused(name: string, call: () => Promise<unknown>): Promise<void> {
    const before = await everything();
    await expect(call()).rejects.toMatchObject({
      code: 'foreign-data',
      detail: expect.stringContaining(JSON.stringify(name)),
    });
    expect(await everything()).toEqual(before);
  }

  const indexed = document({ ...key, add: [member('a'), { index: 'other', member: 'a' }] });

  it.each([
    ['batchy:document:things:a', 'list'],
    ['batchy:document:things:a', 'string'],
    ['batchy:index:all', 'list'],
    ['batchy:index:other', 'list'],
  ])('hold somebody else’s value at %s, a %s: refused, nothing written', async (name, type) => {
    await (type === 'list' ? redis.rpush(name, 'theirs') : redis.set(name, 'theirs'));
    for (const journal of [[], [entry()]])
      await expectRefused(name, () => stores.store.commit(commit([change({ name: 'wf1' }), indexed], { journal })));
    await redis.del(name);
    expect(await stores.store.commit(commit([indexed]))).toMatchObject({ kind: 'committed' });
  });

  it('are told from somebody else’s by reads, which the others asked for at that time do not suffer from', async () => {
    await stores.store.commit(commit([document({ id: 'b' })]));
    await redis.rpush('batchy:document:things:a', 'theirs');
    await redis.set('batchy:document:things:c', 'theirs');
    await redis.set('batchy:index:all', 'theirs');
    await redis.rpush('batchy:sequence:numbers', 'theirs');
    const [found] = await Promise.all([
      stores.documents.get([{ ...key, id: 'b' }]),
      expectRefused('batchy:document:things:a', () => stores.documents.get([{ ...key, id: 'b' }, key])),
    ]);
    expect(found).toEqual([{ revision: 1, text: '{}' }]);
    await expectRefused('batchy:document:things:c', () => stores.documents.get([{ ...key, id: 'c' }]));
    await expectRefused('batchy:index:all', () => stores.documents.scan(page));
    await expectRefused('batchy:sequence:numbers', () => stores.documents.reserve('numbers', 1));
  });

  it('are guarded by somebody else’s value: refused', async () => {
    await redis.rpush('batchy:document:leases:7', 'theirs');
    const guards = [{ collection: 'leases', id: '7', expected: 1 }];
    await expectRefused('batchy:document:leases:7', () => stores.store.commit(commit([indexed], { guards })));
  });

  it('that were indexed are as they were after a change that is refused', async () => {
    await stores.store.commit(commit([indexed]));
    await redis.set('batchy:index:foreign', 'theirs');
    const next = document({
      ...key,
      expected: 1,
      text: 'next',
      remove: [member('a'), member('never')],
      add: [member('b'), member('c'), { index: 'foreign', member: 'a' }],
    });
    for (const journal of [[], [entry()]])
      await expectRefused('batchy:index:foreign', () => stores.store.commit(commit([next], { journal })));
    expect(await stores.documents.scan(page)).toEqual(['a']);
    expect(await stores.documents.get([key])).toEqual([{ revision: 1, text: '{}' }]);
  });

  it.each([
    ['without entries', []],
    ['with an entry', [entry()]],
  ])('meet no memory: whatever a commit begins with, it is refused as full as a whole (%s)', async (_what, journal) => {
    await stores.store.commit(commit([indexed]));
    const before = await everything();
    await redis.config('SET', 'maxmemory', '1');
    const next = document({ ...key, expected: 1, text: 'next', remove: [member('a')], add: [member('b')] });
    const removal = document({ ...key, expected: 1, text: null, remove: [member('a')] });
    // What only forgets, and tells nobody of it, frees memory.
    for (const changed of journal.length === 0 ? [next] : [next, removal])
      await expect(stores.store.commit(commit([changed], { journal }))).rejects.toMatchObject({ code: 'store-full' });
    await expect(stores.documents.reserve('numbers', 1)).rejects.toMatchObject({ code: 'store-full' });
    expect(await everything()).toEqual(before);
    expect(await stores.documents.get([key])).toEqual([{ revision: 1, text: '{}' }]);
    await redis.config('SET', 'maxmemory', '0');
    expect(await stores.store.commit(commit([next], { journal }))).toMatchObject({ kind: 'committed' });
  });

  it('travel with others’ commits: one that is stale or refused is none of the others’ matter', async () => {
    await redis.rpush('batchy:document:things:b', 'theirs');
    const ids = ['a', 'b', 'c', 'a', 'd'];
    const outcomes = await Promise.allSettled(ids.map((id) => stores.store.commit(commit([document({ ...key, id })]))));
    expect(outcomes).toMatchObject([
      { value: { kind: 'committed' } },
      { reason: { code: 'foreign-data' } },
      { value: { kind: 'committed' } },
      { value: { kind: 'conflict' } },
      { value: { kind: 'committed' } },
    ]);
  });

  it('are there after a kill', async () => {
    await stores.store.commit(commit([indexed]));
    expect(await stores.documents.reserve('numbers', 5)).toBe(1);
    await server.kill();
    await server.restart();
    expect(await stores.documents.get([key])).toEqual([{ revision: 1, text: '{}' }]);
    expect(await stores.documents.scan(page)).toEqual(['a']);
    expect(await stores.documents.reserve('numbers', 1)).toBe(6);
  });
});
