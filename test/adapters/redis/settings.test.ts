import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { refuseUnfit, settingsWarnings, type ServerSettings } from '../../../src/adapters/redis/server-settings.ts';
import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import { collect, put } from '../../contract/fixtures.ts';
import { freePort } from '../../servers/free-port.ts';
import { describeWithRedis, startRedis, type RedisServer } from '../../servers/redis.ts';

describeWithRedis('opening the stores', () => {
  let server: RedisServer | undefined;

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  it('is refused where data may be evicted, unless that is wanted', async () => {
    server = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    await expect(createRedisStores({ url: server.url })).rejects.toMatchObject({
      code: 'invalid-setting',
      detail: expect.stringContaining('allkeys-lru'),
    });
    const { upkeep } = await createRedisStores({ url: server.url, allowEviction: true });
    expect(await upkeep.warnings()).toEqual([expect.stringContaining('allkeys-lru')]);
    await upkeep.close();
  });

  it('is refused on a cluster', async () => {
    server = await startRedis({ args: ['--cluster-enabled', 'yes'] });
    await expect(createRedisStores({ url: server.url })).rejects.toMatchObject({
      code: 'invalid-setting',
      detail: expect.stringContaining('Cluster'),
    });
  });

  it('is refused where a later release has written, then and during work', async () => {
    server = await startRedis();
    const { upkeep, store } = await createRedisStores({ url: server.url });
    const redis = new Redis(server.url);
    await redis.set('batchy:schema', '2');
    redis.disconnect();
    await expect(createRedisStores({ url: server.url })).rejects.toMatchObject({ code: 'newer-schema' });
    await expect(upkeep.ping()).rejects.toMatchObject({ code: 'newer-schema' });
    const operation = { id: 'any', fingerprint: '', answer: null, keepSeconds: 1 };
    await expect(store.commit({ operation, changes: [], journal: [] })).rejects.toMatchObject({ code: 'newer-schema' });
    await upkeep.close();
  });

  it('says so when nobody answers or the password is wrong', async () => {
    const port = await freePort();
    await expect(createRedisStores({ url: `redis://127.0.0.1:${port}`, deadlineMs: 200 })).rejects.toMatchObject({
      code: 'store-unavailable',
      detail: expect.stringContaining(String(port)),
    });
    server = await startRedis({ args: ['--requirepass', 'right'] });
    const url = new URL(server.url);
    await expect(createRedisStores({ url: `redis://:wrong@${url.host}`, deadlineMs: 500 })).rejects.toMatchObject({
      code: 'store-unavailable',
      detail: expect.stringMatching(/WRONGPASS|NOAUTH/),
    });
    const { upkeep } = await createRedisStores({ url: `redis://:right@${url.host}` });
    await upkeep.close();
    await expect(upkeep.ping()).rejects.toMatchObject({ code: 'store-unavailable' });
  });

  it('warns when its memory becomes full, and no more once it has room', async () => {
    server = await startRedis();
    const { upkeep } = await createRedisStores({ url: server.url });
    const redis = new Redis(server.url);
    // The limit is moved, not what is used: of that a part is the server's own, and comes and goes.
    await redis.setrange('theirs', 50_000_000, 'x');
    const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
    const warningsAt = async (limit: number) => {
      await redis.config('SET', 'maxmemory', Math.round(limit));
      return upkeep.warnings();
    };
    expect(await warningsAt(used * 2)).toEqual([]);
    expect(await warningsAt(used * 1.05)).toEqual([expect.stringMatching(/nearly full, [\d.]+ of [\d.]+ MiB/)]);
    expect(await warningsAt(used / 2)).toEqual([expect.stringMatching(/is full, .*every change is refused/)]);
    await expect(redis.set('batchy:any', '')).rejects.toThrow('OOM');
    expect(await warningsAt(0)).toEqual([]);
    redis.disconnect();
    await upkeep.close();
  });

  it.each([
    { user: 'without-info', rules: ['+@all', '-info'], warnings: 4 },
    { user: 'without-client', rules: ['+@all', '-client'], warnings: 0 },
    { user: 'of-a-managed-one', rules: ['+@all', '-@admin', '-@dangerous'], warnings: 4 },
  ])('is warned of where settings may not be read, and works: $user', async ({ user, rules, warnings }) => {
    server = await startRedis();
    const redis = new Redis(server.url);
    await redis.call('ACL', 'SETUSER', user, 'on', '>secret', '~*', '&*', ...rules);
    redis.disconnect();
    const stores = await createRedisStores({ url: `redis://${user}:secret@127.0.0.1:${server.port}/1` });
    expect(await stores.upkeep.warnings()).toHaveLength(warnings);
    await put(stores, { name: 'wf1' });
    await stores.upkeep.prune(1n << 60n, 1000);
    await stores.upkeep.close();
  });

  it('warns when nothing is kept on disk, and finds what other programs wrote', async () => {
    server = await startRedis({ args: ['--appendonly', 'no'] });
    const { upkeep, store } = await createRedisStores({ url: server.url });
    expect(await upkeep.warnings()).toEqual([expect.stringContaining('append-only')]);
    const redis = new Redis(server.url);
    await redis.hset('theirs', 'job1', '{}');
    await redis.hset('theirs-1467149783', 'job1', '{}');
    await redis.set('text', '');
    redis.disconnect();
    await store.commit({
      operation: { id: 'any', fingerprint: '', answer: null, keepSeconds: 1 },
      changes: [],
      journal: [],
    });
    expect(new Set(await collect(upkeep.foreignKeys()))).toEqual(new Set(['theirs', 'theirs-1467149783']));
    await upkeep.close();
  });
});

describe('a server’s settings', () => {
  const good: ServerSettings = {
    version: '7.0.15',
    isCluster: false,
    evictionPolicy: 'noeviction',
    hasAppendOnlyFile: true,
    memory: null,
  };

  it('that are good pass without a warning', () => {
    expect(() => refuseUnfit(good, false)).not.toThrow();
    expect(settingsWarnings(good)).toEqual([]);
  });

  it('that are unknown make a warning each', () => {
    const unknown: ServerSettings = {
      version: null,
      isCluster: null,
      evictionPolicy: null,
      hasAppendOnlyFile: null,
      memory: null,
    };
    expect(() => refuseUnfit(unknown, false)).not.toThrow();
    expect(settingsWarnings(unknown)).toHaveLength(4);
  });

  it('that evict are not told to be full: there is room at any time', () => {
    const full = { ...good, memory: { used: 2, limit: 1 } };
    expect(settingsWarnings(full)).toEqual([expect.stringContaining('The memory of Redis is full')]);
    expect(settingsWarnings({ ...full, evictionPolicy: 'allkeys-lru' })).toEqual([
      expect.stringContaining('may evict data'),
    ]);
  });

  it.each(['5.0.3', '6.2.14', '0'])('of version %s are refused', (version) => {
    expect(() => refuseUnfit({ ...good, version }, false)).toThrow(/version/);
  });

  it.each(['7.0.15', '7.2.4', '8.0.1', '10.0.0'])('of version %s are taken', (version) => {
    expect(() => refuseUnfit({ ...good, version }, false)).not.toThrow();
  });
});
