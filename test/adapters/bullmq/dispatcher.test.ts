import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Taken } from '../../../src/ports/dispatcher.ts';
import { describeWithRedis, startRedis, type RedisServer } from '../../servers/redis.ts';
import { createTaker, over, plainLine, type Taker, type TakerOptions, work } from './take-log.ts';

const gpuLine = { queue: 'default', capabilities: ['gpu'] };
const nightLine = { queue: 'night', capabilities: [] };

describeWithRedis('work that is handed on', () => {
  let server: RedisServer;
  let redis: Redis;
  const takers: Taker[] = [];

  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });

  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  beforeEach(() => redis.flushall());

  afterEach(async () => {
    for (const { held, answer } of takers) for (const id of held) answer(id);
    await Promise.all(takers.splice(0).map(({ dispatcher }) => dispatcher.close()));
  });

  function taker(options: Partial<TakerOptions> = {}): Taker {
    const made = createTaker({ url: server.url, ...options });
    takers.push(made);
    return made;
  }

  /** Keys of messages, in whatever state. */
  const messages = async (): Promise<string[]> => (await redis.keys('batchy:queue:*:e-*')).sort();

  it('comes by priority, and in its order within one', async () => {
    const { dispatcher, consumer, taken } = taker();
    await dispatcher.dispatch(work(1, { priority: 'very_low' }));
    for (const id of [2, 3, 4]) await dispatcher.dispatch(work(id));
    await dispatcher.dispatch(work(5, { priority: 'low' }));
    await dispatcher.dispatch(work(6, { priority: 'very_high' }));
    await dispatcher.dispatch(work(7, { priority: 'high' }));
    consumer.setRoom(1);
    await vi.waitFor(() => expect(taken).toEqual([6, 7, 2, 3, 4, 5, 1]), 5000);
    await vi.waitFor(async () => expect(await messages()).toEqual([]));
  });
});
