import { Queue, Worker } from 'bullmq';

import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import { defineJob, step } from '../../../src/authoring/index.ts';
import { startRedis } from '../../servers/redis.ts';
import { conductService } from '../conducted-service.ts';
import { alternate, perSecond, type Row, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { CleanUp } from '../processes.ts';

/** So many are being launched at a time, and so many run. */
const concurrency = 50;
const jobName = 'Nothing';

/** Takes the numbers of one round and resolves when all of them have run. */
type RunRound = (numbers: readonly number[]) => Promise<void>;

/** A job of one step that does nothing, launched again and again in a process that also runs it; the same of BullMQ. */
export async function measureLaunches({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  // A rewrite of the append-only file would fall on one of the two only.
  const redis = await startRedis({ args: ['--auto-aof-rewrite-percentage', '0'] });
  cleanUp.add(() => redis.stop());
  const ours = await prepareOurs(redis.url, cleanUp);
  const peer = await prepareBullMq(redis.port, cleanUp);
  const count = quick ? 300 : 2000;
  let numbered = 0;
  const round = async (run: RunRound): Promise<number> => {
    const numbers = Array.from({ length: count }, () => (numbered += 1));
    const began = performance.now();
    await run(numbers);
    return (1000 * count) / (performance.now() - began);
  };
  const rounds = await alternate(
    { warmUp: quick ? 1 : 8, rounds: quick ? 3 : 15 },
    () => round(ours),
    () => round(peer),
  );
  const name = `launches of a job that does nothing, ${concurrency} at a time, Redis against jobs of BullMQ`;
  return [rowOf(rounds, { group: 'launches', name, reach: { atLeast: 0.25 }, format: perSecond })];
}

async function prepareOurs(url: string, cleanUp: CleanUp): Promise<RunRound> {
  const stores = await createRedisStores({ url, allowEviction: false });
  cleanUp.add(() => stores.upkeep.close());
  const jobs = [defineJob({ name: jobName, steps: [step('nothing', async () => {})] })];
  const service = await conductService({ stores, jobs, folder: await cleanUp.folder(), concurrency });
  cleanUp.add(() => service.stop());
  return async (numbers) => {
    const ids = await inLanes(numbers, (number) => service.launch(jobName, { number }));
    await service.idle();
    await service.completed(Math.max(...ids));
  };
}

async function prepareBullMq(port: number, cleanUp: CleanUp): Promise<RunRound> {
  // Workers wait for their next job on a connection of their own, which BullMQ makes of these.
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const queue = new Queue(jobName, { connection });
  cleanUp.add(() => queue.close());
  let left = 0;
  let end = (): void => {};
  const worker = new Worker(jobName, async () => {}, { connection, concurrency });
  cleanUp.add(() => worker.close());
  worker.on('completed', () => {
    left -= 1;
    if (left === 0) end();
  });
  await worker.waitUntilReady();
  return async (numbers) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    left = numbers.length;
    end = resolve;
    await inLanes(numbers, (number) => queue.add(jobName, { number }));
    await promise;
  };
}

/** At most `concurrency` at a time. */
async function inLanes<T>(numbers: readonly number[], work: (number: number) => Promise<T>): Promise<T[]> {
  const waiting = numbers.values();
  const results: T[] = [];
  const lane = async (): Promise<void> => {
    for (const number of waiting) results.push(await work(number));
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return results;
}
