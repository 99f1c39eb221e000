import { afterAll, beforeAll, expect, it } from 'vitest';

import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../servers/redis.ts';

describeWithRedis('a database that the address names', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ args: ['--databases', '4'] });
  });
  afterAll(() => server.stop());

  it('is used where there is one', async () => {
    const stores = await createRedisStores({ url: `${server.url}/3` });
    await stores.upkeep.close();
  });

  it('is refused where there is none, since the driver would go on with database 0', async () => {
    await expect(createRedisStores({ url: `${server.url}/4` })).rejects.toMatchObject({
      code: 'invalid-setting',
    });
  });
});
