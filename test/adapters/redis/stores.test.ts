import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import type { ContractDatabase } from '../../contract/fixtures.ts';
import { storeContract } from '../../contract/store-contract.ts';
import { describeWithRedis, startRedis, type RedisServer } from '../../servers/redis.ts';

describeWithRedis('on a real server', () => {
  let server: RedisServer;
  let admin: Redis;
  const free = Array.from({ length: 16 }, (_, index) => index);

  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
  });

  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  storeContract('Redis', async (): Promise<ContractDatabase> => {
    const database = free.shift() ?? 0;
    return {
      open: (options = {}) => createRedisStores({ url: `${server.url}/${database}`, ...options }),
      shared: true,
      async remove() {
        await admin.select(database);
        await admin.flushdb();
        free.push(database);
      },
    };
  });
});
