import { Queue, Worker } from 'bullmq';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { defineJob, step } from '../../src/authoring/index.ts';
import { conductService } from './conducted-service.ts';

/** What one process launches, again and again. */
export interface LaunchingPlan {
  readonly by: 'ours' | 'bullmq';
  /** Of Redis, on the loopback interface. */
  readonly port: number;
  /** For logs. */
  readonly folder: string;
  /** So many are being launched at a time, and so many run. */
  readonly concurrency: number;
}

/** What it is told: to launch so many and to see them to their ends. It answers with the milliseconds that took. */
export interface LaunchingRound {
  readonly count: number;
}

const jobName = 'Nothing';

/** Launches one for each number and resolves when all have run. */
type Run = (numbers: readonly number[]) => Promise<void>;

interface Launching {
  readonly run: Run;
  stop(): Promise<void>;
}

async function prepareOurs({ port, folder, concurrency }: LaunchingPlan): Promise<Launching> {
  const stores = await createRedisStores({ url: `redis://127.0.0.1:${port}`, allowEviction: false });
  const jobs = [defineJob({ name: jobName, steps: [step('nothing', async () => {})] })];
  const service = await conductService({ stores, jobs, folder, concurrency });
  return {
    async run(numbers) {
      const ids = await inLanes(concurrency, numbers, (number) => service.launch(jobName, { number }));
      await service.idle();
      await service.completed(Math.max(...ids));
    },
    async stop() {
      await service.stop();
      await stores.upkeep.close();
    },
  };
}

async function prepareBullMq({ port, concurrency }: LaunchingPlan): Promise<Launching> {
  // Workers wait for their next job on a connection of their own, which BullMQ makes of these.
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const queue = new Queue(jobName, { connection });
  let left = 0;
  let end = (): void => {};
  const worker = new Worker(jobName, async () => {}, { connection, concurrency });
  worker.on('completed', () => {
    left -= 1;
    if (left === 0) end();
  });
  await worker.waitUntilReady();
  return {
    async run(numbers) {
      const { promise, resolve } = Promise.withResolvers<void>();
      left = numbers.length;
      end = resolve;
      await inLanes(concurrency, numbers, (number) => queue.add(jobName, { number }));
      await promise;
    },
    async stop() {
      await worker.close();
      await queue.close();
    },
  };
}

/** At most `concurrency` at a time. */
async function inLanes<T>(
  concurrency: number,
  numbers: readonly number[],
  work: (number: number) => Promise<T>,
): Promise<T[]> {
  const waiting = numbers.values();
  const results: T[] = [];
  const lane = async (): Promise<void> => {
    for (const number of waiting) results.push(await work(number));
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return results;
}

async function launchAsTold(plan: LaunchingPlan): Promise<void> {
  const launching = await (plan.by === 'ours' ? prepareOurs(plan) : prepareBullMq(plan));
  let numbered = 0;
  let last: Promise<void> = Promise.resolve();
  const round = async ({ count }: LaunchingRound): Promise<void> => {
    const numbers = Array.from({ length: count }, () => (numbered += 1));
    const began = performance.now();
    await launching.run(numbers);
    process.send?.(performance.now() - began);
  };
  process.on('message', (told) => {
    last = round(told as LaunchingRound);
  });
  process.once('disconnect', () => void last.then(() => launching.stop()));
  process.send?.('ready');
}

if (import.meta.main) await launchAsTold(JSON.parse(process.argv[2] ?? '') as LaunchingPlan);
