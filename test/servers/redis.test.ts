import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { locateRedis } from './redis-binary.ts';
import { describeWithRedis, startRedis, type RedisServer } from './redis.ts';

describeWithRedis('a real Redis server', () => {
  let server: RedisServer;
  let client: Redis;

  beforeEach(async () => {
    server = await startRedis();
    client = new Redis(server.url);
  });

  afterEach(async () => {
    client.disconnect();
    await server.stop();
  });

  it('answers through the driver that the service uses', async () => {
    expect(await client.ping()).toBe('PONG');
  });

  it.each(['restart', 'kill'] as const)('keeps its data and port over a %s', async (how) => {
    await client.set('wf1', 'here');
    const before = server.pid;
    if (how === 'kill') await server.kill();
    await server.restart();
    expect(server.pid).not.toBe(before);
    expect(await client.get('wf1')).toBe('here');
  });

  it('takes further arguments, and two of them do not meet', async () => {
    const other = await startRedis({ args: ['--maxmemory', '3mb'] });
    try {
      const second = new Redis(other.url);
      expect(await second.config('GET', 'maxmemory')).toEqual(['maxmemory', '3145728']);
      expect(await client.config('GET', 'maxmemory')).toEqual(['maxmemory', '0']);
      second.disconnect();
    } finally {
      await other.stop();
    }
  });

  it('says what the server said when it cannot start', async () => {
    await expect(startRedis({ port: server.port })).rejects.toThrow(/in use/i);
    await expect(startRedis({ args: ['--no-such-setting', '1'] })).rejects.toThrow(/ended with code 1/);
  });
});

describe('locateRedis', () => {
  let empty: string;

  beforeEach(async () => {
    empty = await mkdtemp(path.join(tmpdir(), 'batchy-cache-'));
  });

  afterEach(() => rm(empty, { recursive: true }));

  it('finds none where there is none', () => {
    expect(locateRedis({ PATH: empty }, empty)).toBeUndefined();
  });

  it('takes the file that REDIS_SERVER names, and no other when that one cannot be run', () => {
    expect(locateRedis({ REDIS_SERVER: process.execPath }, empty)?.file).toBe(process.execPath);
    expect(locateRedis({ REDIS_SERVER: path.join(empty, 'absent'), PATH: '/usr/bin' }, empty)).toBeUndefined();
  });
});
