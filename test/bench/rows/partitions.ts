import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { startRedis } from '../../servers/redis.ts';
import { alternate, milliseconds, type Row, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { PartitioningOrder, PartitioningPlan } from '../partitioning.ts';
import { type CleanUp, nodeFlags, projectFolder } from '../processes.ts';

const parts = 16;
/** Parts that only compute hold their process up: so each conductor has some more in front of it. */
const concurrency = 8;

/**
 * A step of 16 partitions that only compute, on two conductors against one: processes of one core each. Both rounds are launched in the first of
 * them; the second is a conductor in one of the two only.
 */
export async function measurePartitions({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const redis = await startRedis({ args: ['--auto-aof-rewrite-percentage', '0'] });
  cleanUp.add(() => redis.stop());
  const folder = await cleanUp.folder();
  const plan = { port: redis.port, folder, parts, concurrency, turns: quick ? 3e7 : 2e8 };
  const owner = await startPartitioning(plan, 0, cleanUp);
  const other = await startPartitioning(plan, 1, cleanUp);
  await owner.order('on');
  const figures = await alternate(
    { warmUp: 1, rounds: quick ? 3 : 7 },
    async () => {
      await other.order('on');
      // It is known to be there once it has been looked for.
      await new Promise((resolve) => setTimeout(resolve, 1200));
      const took = await owner.order('run');
      await other.order('off');
      return 1000 / took;
    },
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 1200));
      return 1000 / (await owner.order('run'));
    },
  );
  return [
    rowOf(figures, {
      group: 'partitions',
      name: `${parts} partitions that only compute, ${concurrency} at a time, Redis: two conductors against one`,
      reach: { atLeast: 1.8 },
      format: (perSecond) => milliseconds(1000 / perSecond),
    }),
  ];
}

interface PartitioningProcess {
  /** @returns the milliseconds that it took */
  order(order: PartitioningOrder): Promise<number>;
}

async function startPartitioning(plan: PartitioningPlan, core: number, cleanUp: CleanUp): Promise<PartitioningProcess> {
  const file = path.join(projectFolder, 'test/bench/partitioning.ts');
  const command = ['-c', String(core), process.execPath, ...nodeFlags, file, JSON.stringify(plan)];
  const child = spawn('taskset', command, { cwd: projectFolder, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  cleanUp.add(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const told = async (): Promise<unknown> => {
    const broken = ended.then(([code]): never => {
      throw new Error(`the process that runs partitions ended with ${String(code)}`);
    });
    const [message] = (await Promise.race([once(child, 'message'), broken])) as [unknown];
    return message;
  };
  await told();
  return {
    async order(order) {
      child.send(order);
      return Number(await told());
    },
  };
}
