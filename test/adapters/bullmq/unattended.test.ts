import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { linesKey, queueNameOf, queuePrefix } from '../../../src/adapters/bullmq/queue-names.ts';
import { describeWithRedis, startRedis, type RedisServer } from '../../servers/redis.ts';
import { createTaker, plainLine, type Taker, type TakerOptions, work } from './take-log.ts';

const gpuLine = { queue: 'default', capabilities: ['gpu'] };
const hour = 3_600_000;
const soon = { timeout: 20_000, interval: 10 };

describeWithRedis('messages of a line at which nobody stands', () => {
  let server: RedisServer;
  let redis: Redis;
  const takers: Taker[] = [];

  beforeEach(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });

  afterEach(async () => {
    for (const { held, answer } of takers) for (const id of held) answer(id);
    await Promise.all(takers.splice(0).map(({ dispatcher }) => dispatcher.close()));
    redis.disconnect();
    await server.stop();
  });

  function taker(options: Partial<TakerOptions> = {}): Taker {
    const made = createTaker({ url: server.url, ...options });
    takers.push(made);
    return made;
  }

  const messages = async (): Promise<string[]> =>
    (await redis.keys('batchy:queue:*:e-*')).map((key) => key.replace(/^.*:(e-\d+.*)$/, '$1')).sort();

  it('are removed, those that wait and those that were put off, and no others', async () => {
    const { dispatcher } = taker({ unattendedMs: 300 });
    // More than are removed at a time.
    for (let id = 1; id <= 120; id += 1) await dispatcher.dispatch(work(id, gpuLine));
    await dispatcher.dispatch(work(121, { ...gpuLine, delayMilliseconds: hour }));
    await dispatcher.dispatch(work(201));
    await dispatcher.dispatch(work(202, { delayMilliseconds: hour }));
    await vi.waitFor(async () => expect(await messages()).toEqual(['e-201', 'e-202']), soon);
    await dispatcher.close();
    const late = taker({ lines: [gpuLine] });
    late.consumer.setRoom(1);
    // Whoever finds in the store that it waits hands it on again.
    await late.dispatcher.dispatch(work(1, gpuLine));
    await vi.waitFor(() => expect(late.taken).toEqual([1]), soon);
  });

  it('are removed where somebody who is gone had them', async () => {
    await taker().dispatcher.dispatch(work(1, gpuLine));
    const gone = new Worker(queueNameOf(gpuLine), null, {
      connection: { url: server.url },
      prefix: queuePrefix,
      lockDuration: 100,
      autorun: false,
    });
    expect((await gone.getNextJob('gone'))?.id).toBe('e-1');
    await gone.close(true);
    taker({ unattendedMs: 300 });
    await vi.waitFor(async () => expect(await messages()).toEqual([]), soon);
  });

  it('are kept while somebody stands there, and has no room', async () => {
    const unattendedMs = 3000;
    taker({ lines: [gpuLine], unattendedMs });
    const { dispatcher } = taker({ unattendedMs });
    await dispatcher.dispatch(work(1, gpuLine));
    await dispatcher.dispatch(work(2, { queue: 'night' }));
    await vi.waitFor(async () => expect(await messages()).toEqual(['e-1']), soon);
    expect(await redis.zrange(linesKey, '0', '-1')).toEqual(
      expect.arrayContaining([gpuLine, plainLine].map(queueNameOf)),
    );
  });
});
