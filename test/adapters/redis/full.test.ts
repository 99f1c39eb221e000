import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { commit, entry, put } from '../../contract/fixtures.ts';
import { describeWithRedis, startRedis, type RedisServer } from '../../servers/redis.ts';

const journalOf = { workflow: null, direction: 'ascending', beyond: null, limit: 1000 } as const;
const page = { index: 'steps', prefix: '', direction: 'ascending', beyond: null, limit: 10 } as const;

describeWithRedis('a Redis without memory', () => {
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

  it('is rid of what is old all the same', async () => {
    const kept = { collection: 'step', id: '1:1' };
    const members = [{ index: 'steps', member: '1' }];
    const made = { kind: 'document', ...kept, expected: null, text: '{}', add: members, remove: [] } as const;
    const removed = { ...made, expected: 1, text: null, add: [], remove: members } as const;
    await put(stores, { name: 'wf1' }, [entry(), entry(), entry()]);
    await stores.store.commit(commit([made]));
    const operation = commit([removed]);
    await redis.set('batchy:document:other:1', '1\n{}');
    await redis.config('SET', 'maxmemory', '1');
    // What is refused in its midst is taken back.
    const refused = { ...made, collection: 'other', id: '1', add: [] } as const;
    expect(await stores.store.commit(commit([removed, refused]))).toEqual({ kind: 'conflict' });
    expect(await stores.documents.scan(page)).toEqual(['1']);
    expect(await stores.store.commit(operation)).toMatchObject({ kind: 'committed' });
    expect(await stores.documents.get([kept])).toEqual([null]);
    expect(await stores.upkeep.prune(1n << 62n, 1000)).toBe(3);
    expect(await stores.journal.read(journalOf)).toEqual([]);
  });
});
