import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';

import { createBullmqDispatcher } from '../../src/adapters/bullmq/dispatcher.ts';
import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { readTarget } from '../../src/adapters/redis/target.ts';
import { systemTimers } from '../../src/adapters/system/timers.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Dispatcher } from '../../src/ports/dispatcher.ts';
import type { Urgency } from '../../src/domain/urgency.ts';
import { createConductor } from '../../src/runner/conductor.ts';
import { createLogs } from '../../src/runner/step-log.ts';
import { createServices } from '../../src/use-cases.ts';
import { describeWithRedis, startRedis, type RedisServer } from '../servers/redis.ts';
import { nobody } from './one-process.ts';
import { jobOf } from './world.ts';

const nothing = { status: 204, headers: {}, body: '' };
const soon = { timeout: 20_000, interval: 10 };

describeWithRedis('gates before two conductors that are handed their work', () => {
  let server: RedisServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  // Nothing of one is left for the next.
  beforeEach(() => redis.flushall());
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  /** Jobs that run until they are let go. */
  async function start() {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-gates-'));
    const stores = await createRedisStores({ url: server.url });
    const begun: number[] = [];
    const running = new Map<number, () => void>();
    const problems: unknown[] = [];
    const run = async (n: number, signal: AbortSignal): Promise<void> => {
      begun.push(n);
      await new Promise<void>((resolve) => {
        running.set(n, resolve);
        signal.addEventListener('abort', () => resolve());
      });
      running.delete(n);
    };
    const jobs = [{ name: 'Orders', maxRunning: 2 }, { name: 'Items' }].map((definition) =>
      jobOf(
        [
          {
            name: 'Step',
            body: { kind: 'task', run: ({ parameters, signal }) => run(Number(parameters['n']), signal) },
          },
        ],
        definition,
      ),
    );
    const dispatchers: Dispatcher[] = [];
    const dispatcher = (): Dispatcher => {
      const made = createBullmqDispatcher({ server: readTarget(server.url) });
      dispatchers.push(made);
      return made;
    };
    const onProblem = (error: unknown): void => void problems.push(error);
    const conductors = ['a', 'b'].map((id) =>
      createConductor({
        stores,
        catalog: new Map(jobs.map((job) => [job.definition.name, job])),
        id,
        leaseSeconds: 15,
        concurrency: 4,
        logs: createLogs({ folder, now: systemTimers.wall }),
        operationId: () => crypto.randomUUID(),
        timers: systemTimers,
        random: Math.random,
        environment: {},
        graceMilliseconds: 1000,
        lookEveryMilliseconds: 200,
        dispatcher: dispatcher(),
        onProblem,
      }),
    );
    const { settings } = loadSettings({ folder, environment: { BATCHY_CFG: folder, BATCHY_DATA: folder } });
    const services = createServices(stores, settings, {
      catalog: {
        ready: async () => {},
        jobs: () =>
          new Map(
            jobs.map(({ definition }) => [
              definition.name,
              { definition, file: 'test.ts', version: 'aaaaaaaaaaaa', readAt: 0n },
            ]),
          ),
        broken: () => [],
      },
      look: () => {},
      stopping: new AbortController().signal,
      dispatching: { dispatcher: dispatcher(), onProblem },
    });
    onTestFinished(async () => {
      await Promise.all(conductors.map((conductor) => conductor.stop()));
      await Promise.all(dispatchers.map((each) => each.close()));
      await stores.upkeep.close();
      rmSync(folder, { recursive: true, force: true });
      expect(problems).toEqual([]);
    });
    await Promise.all(conductors.map((conductor) => conductor.start()));
    const launch = async (name: string, n: number, urgency: Urgency = {}): Promise<void> => {
      await services.jobs.launch(name, { body: { n }, force: false, supersede: false, urgency }, nobody, () => nothing);
    };
    return { services, begun, running, launch };
  }

  it('let no more of a job run than may, in the order of their priority, and forget nobody', async () => {
    const { services, begun, running, launch } = await start();
    for (let n = 1; n <= 8; n += 1) await launch('Orders', n, n === 8 ? { priority: 'very_high' } : {});
    await launch('Items', 9);
    await expect.poll(() => running.size, soon).toBe(3);
    await expect.poll(() => begun.toSorted((one, other) => one - other), soon).toEqual([1, 2, 9]);
    // A message that is on its way when a place is free may come before what was held back: all have arrived.
    const messages = async () => (await redis.keys('batchy:queue:*:e-*')).filter((key) => !key.endsWith(':lock'));
    await expect.poll(messages, soon).toHaveLength(3);
    running.get(9)?.();
    for (let left = 8; left > 0; left -= 1) {
      await expect.poll(() => running.size, soon).toBe(Math.min(left, 2));
      const [oldest] = running;
      oldest?.[1]();
      await expect.poll(() => running.has(oldest?.[0] as number), soon).toBe(false);
    }
    expect(begun.filter((n) => n !== 9).slice(2)).toEqual([8, 3, 4, 5, 6, 7]);
    await expect.poll(async () => (await services.queues.get('default')).running, soon).toBe(0);
  });

  it('hold back what is in a paused queue, and let all of it go when it is resumed', async () => {
    const { services, begun, running, launch } = await start();
    await services.queues.pause('default', 'night', nobody, () => nothing);
    for (let n = 1; n <= 6; n += 1) await launch('Items', n);
    const waiting = async (): Promise<number> => (await services.queues.get('default')).waiting.normal;
    await expect.poll(waiting, soon).toBe(6);
    // Both have looked, several times.
    const [before] = await services.conductors.list(false);
    await expect
      .poll(async () => (await services.conductors.list(false))[0]?.ageSeconds !== before?.ageSeconds, soon)
      .toBe(true);
    expect(begun).toEqual([]);
    await services.queues.resume('default', nobody, () => nothing);
    await expect.poll(() => running.size, soon).toBe(6);
    for (const end of running.values()) end();
    await expect.poll(async () => (await services.queues.get('default')).running, soon).toBe(0);
  });
});
