import { pbkdf2Sync } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { defineJob, partitionedStep } from '../../src/authoring/index.ts';
import { type ConductedService, conductService } from './conducted-service.ts';

/** What one process conducts. */
export interface PartitioningPlan {
  /** Of Redis, on the loopback interface. */
  readonly port: number;
  /** For logs. */
  readonly folder: string;
  readonly parts: number;
  /** At a time, in all. */
  readonly concurrency: number;
  /** Of each part: nothing but computing, some ten milliseconds each. */
  readonly rounds: number;
}

/**
 * What it is told: to be online as a conductor, or not to be, or to launch the job and to see it to its end, or to compute as much as half of the
 * job's parts without a conductor. It answers with the milliseconds that took.
 */
export type PartitioningOrder = 'on' | 'off' | 'run' | 'compute';

const jobName = 'Computing';

/** Some ten milliseconds' worth of work that is all native, so that no compiler's mood is measured. */
const hashesAtOnce = 20_000;

/** Lets others have their turn from time to time, as job code should. @returns something of all rounds, so that none is left out */
async function compute(rounds: number): Promise<string> {
  let value = '';
  for (let round = 0; round < rounds; round += 1) {
    value = pbkdf2Sync(value, 'partition', hashesAtOnce, 32, 'sha256').toString('hex');
    await setImmediate();
  }
  return value;
}

async function partitionAsTold(plan: PartitioningPlan): Promise<void> {
  const stores = await createRedisStores({ url: `redis://127.0.0.1:${plan.port}`, allowEviction: false });
  const job = defineJob({
    name: jobName,
    newInstancePerLaunch: true,
    steps: [
      partitionedStep('compute', {
        partition: () => Array.from({ length: plan.parts }, (_part, index) => index),
        concurrency: plan.concurrency,
        run: async ({ context, partition }) => context.set(`part${partition}`, await compute(plan.rounds)),
      }),
    ],
  });
  let service: ConductedService | null = null;
  let launched = 0;
  const obey: Readonly<Record<PartitioningOrder, () => Promise<void>>> = {
    async on() {
      service = await conductService({ stores, jobs: [job], folder: plan.folder, concurrency: plan.concurrency });
    },
    async off() {
      await service?.stop();
      service = null;
    },
    async run() {
      launched += 1;
      await service?.completed(await service.launch(jobName, { number: launched }));
    },
    async compute() {
      for (let part = 0; part < plan.parts / 2; part += 1) await compute(plan.rounds);
    },
  };
  let last: Promise<void> = Promise.resolve();
  const follow = async (order: PartitioningOrder): Promise<void> => {
    const began = performance.now();
    await obey[order]();
    process.send?.(performance.now() - began);
  };
  process.on('message', (order) => {
    last = last.then(() => follow(order as PartitioningOrder));
  });
  process.once('disconnect', () => void last.then(obey.off).then(() => stores.upkeep.close()));
  process.send?.('ready');
}

if (import.meta.main) await partitionAsTold(JSON.parse(process.argv[2] ?? '') as PartitioningPlan);
