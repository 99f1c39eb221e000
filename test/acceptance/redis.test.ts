import { afterAll, beforeAll } from 'vitest';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import type { OpenStores } from './app-with-jobs.ts';
import { acceptance } from './batch-state.ts';
import { conductorAcceptance } from './conductors.ts';
import { jobAcceptance } from './jobs.ts';
import { replayAcceptance } from './replays.ts';
import { retentionAcceptance } from './retention.ts';

describeWithRedis('a real Redis', () => {
  let server: RedisServer;
  let database = 0;
  beforeAll(async () => {
    server = await startRedis({ args: ['--databases', '500'] });
  });
  afterAll(() => server.stop());

  // A database for each test, so that "nothing was changed" can be said of all of it.
  const openStores: OpenStores = (clock) => createRedisStores({ url: `${server.url}/${(database += 1)}`, clock });
  acceptance('Redis', openStores);
  jobAcceptance('Redis', openStores);
  replayAcceptance('Redis', openStores);
  retentionAcceptance('Redis', openStores);
  conductorAcceptance('Redis', openStores);
});
