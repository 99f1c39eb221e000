import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { startRedis } from '../../servers/redis.ts';
import { alternate, milliseconds, pick, type Row, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { PartitioningOrder, PartitioningPlan } from '../partitioning.ts';
import { type CleanUp, nodeFlags, projectFolder } from '../processes.ts';

const parts = 16;
const concurrency = 8;

/**
 * A step of 16 partitions that only compute, on two conductors against one: processes of one core each. A part takes about half a second, and lets
 * others have their turn from time to time. One core may be slower than the other at the moment, so that the one conductor is tried on each of them;
 * and both together may be slower than each alone, so that the same is done without us, which is what the machine has to give.
 */
export async function measurePartitions({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const redis = await startRedis({ args: ['--auto-aof-rewrite-percentage', '0'] });
  cleanUp.add(() => redis.stop());
  const folder = await cleanUp.folder();
  const plan = { port: redis.port, folder, parts, concurrency, rounds: quick ? 4 : 150 };
  const one = await startPartitioning(plan, 0, cleanUp);
  const other = await startPartitioning(plan, 1, cleanUp);
  // Each run has conductors of its own, which look anew who else is there.
  const conducted = async (on: PartitioningProcess): Promise<number> => {
    await on.order('on');
    const took = await on.order('run');
    await on.order('off');
    return took;
  };
  const plain = async (on: PartitioningProcess, times: number): Promise<number> => {
    let took = 0;
    for (let time = 0; time < times; time += 1) took += await on.order('compute');
    return took;
  };
  const figures = await alternate(
    { warmUp: 1, rounds: quick ? 3 : 5 },
    async () => {
      await other.order('on');
      const shared = await conducted(one);
      await other.order('off');
      return { conducted: shared, plain: Math.max(...(await Promise.all([plain(one, 1), plain(other, 1)]))) };
    },
    async () => ({
      conducted: meanOf(await conducted(one), await conducted(other)),
      plain: meanOf(await plain(one, 2), await plain(other, 2)),
    }),
  );
  const perSecond = (took: number): number => 1000 / took;
  const row = (figureOf: (round: Took) => number, name: string, reach: Row['reach']): Row =>
    rowOf(
      pick(figures, (round) => perSecond(figureOf(round))),
      { group: 'partitions', name, reach, format: (figure) => milliseconds(1000 / figure) },
    );
  return [
    row(
      (round) => round.conducted,
      `${parts} partitions that only compute, ${concurrency} at a time, Redis: two conductors against one`,
      { atLeast: 1.8 },
    ),
    row((round) => round.plain, 'the same without us: what two cores do against one', null),
  ];
}

/** In milliseconds. */
interface Took {
  readonly conducted: number;
  readonly plain: number;
}

/** @returns the time for the work of one at the mean of two speeds */
function meanOf(took: number, tookToo: number): number {
  return 2 / (1 / took + 1 / tookToo);
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
