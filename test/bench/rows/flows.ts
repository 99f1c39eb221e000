import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import { defineFlow, linearFlow, task } from '../../../src/authoring/index.ts';
import { startRedis } from '../../servers/redis.ts';
import { conductService } from '../conducted-service.ts';
import { alternate, milliseconds, perSecond, type Reach, type Row, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { type CleanUp, projectFolder } from '../processes.ts';

const group = 'flows';
const taskCount = 1000;
const longTaskCount = 10_000;
const flowName = 'Line';

/**
 * Linear flows of tasks that do nothing, each from its launch to its end. A task's end is stored in one commit with the next one's
 * beginning, before that one runs.
 */
export async function measureFlows({ taskflow, quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const runFlow = await prepareOurs(cleanUp);
  // TaskFlow takes ten seconds and more for a round, and compiles nothing: ours is warmed up alone.
  for (let round = 0; round < (quick ? 2 : 30); round += 1) await runFlow(taskCount);
  const speed = await measureAgainstTaskFlow(taskflow, quick, runFlow);
  const costs = await alternate(
    { warmUp: 1, rounds: quick ? 3 : 7 },
    () => millisecondsPerTask(longTaskCount, 1, runFlow),
    () => millisecondsPerTask(taskCount, longTaskCount / taskCount, runFlow),
  );
  const name = 'linear flow of 10,000 tasks, Redis, time per task against one of 1,000';
  return [speed, rowOf(costs, { group, name, reach: { atMost: 1.1 }, format: milliseconds })];
}

async function measureAgainstTaskFlow(python: string | null, quick: boolean, runFlow: RunFlow): Promise<Row> {
  const name = 'linear flow of 1,000 tasks, Redis, against TaskFlow’s serial engine in memory';
  const reach: Reach = { atLeast: 20 };
  if (python === null)
    return { group, name, ours: '', peer: '', ratio: null, spread: null, reach, note: 'skipped: no --taskflow' };
  const rounds = await alternate(
    { warmUp: 0, rounds: quick ? 1 : 5 },
    async () => 1000 / (await millisecondsPerTask(taskCount, 5, runFlow)),
    async () => taskCount / (await secondsOfTaskFlow(python)),
  );
  return rowOf(rounds, { group, name, reach, format: perSecond });
}

type RunFlow = (tasks: number) => Promise<void>;

async function millisecondsPerTask(tasks: number, times: number, runFlow: RunFlow): Promise<number> {
  const began = performance.now();
  for (let time = 0; time < times; time += 1) await runFlow(tasks);
  return (performance.now() - began) / (tasks * times);
}

async function prepareOurs(cleanUp: CleanUp): Promise<RunFlow> {
  // A rewrite of the append-only file would fall on some rounds only.
  const redis = await startRedis({ args: ['--auto-aof-rewrite-percentage', '0'] });
  cleanUp.add(() => redis.stop());
  const stores = await createRedisStores({ url: redis.url, allowEviction: false });
  cleanUp.add(() => stores.upkeep.close());
  const execute = (): null => null;
  const revert = (): void => {};
  const flow = defineFlow(flowName, ({ tasks }: { readonly tasks: number }) =>
    linearFlow(
      'line',
      Array.from({ length: tasks }, (_each, number) => task(`task-${number}`, { requires: [], execute, revert })),
    ),
  );
  const service = await conductService({ stores, jobs: [flow], folder: await cleanUp.folder(), concurrency: 1 });
  cleanUp.add(() => service.stop());
  return async (tasks) => service.completed(await service.launch(flowName, { tasks }));
}

async function secondsOfTaskFlow(python: string): Promise<number> {
  const script = path.join(projectFolder, 'test/bench/peers/taskflow-linear.py');
  const { stdout } = await promisify(execFile)(python, [script, String(taskCount)]);
  return Number(stdout);
}
