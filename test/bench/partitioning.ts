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
  /** Of each part: nothing but computing. */
  readonly turns: number;
}

/**
 * What it is told: to be online as a conductor, or not to be, or to launch the job and to see it to its end. It answers with the milliseconds that
 * took.
 */
export type PartitioningOrder = 'on' | 'off' | 'run';

const jobName = 'Computing';

/** @returns something of all turns, so that none is left out */
function compute(turns: number): number {
  let value = 1;
  for (let turn = 0; turn < turns; turn += 1) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
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
        run: ({ context, partition }) => context.set(`part${partition}`, compute(plan.turns)),
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
