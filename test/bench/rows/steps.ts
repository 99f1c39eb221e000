import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import type { RunnableJob } from '../../../src/authoring/index.ts';
import { readTaskList } from '../../../src/dialects/task-list.ts';
import { taskListJob } from '../../../src/runner/task-list-job.ts';
import { startRedis } from '../../servers/redis.ts';
import { conductService } from '../conducted-service.ts';
import { alternate, milliseconds, type Row, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { CleanUp } from '../processes.ts';

const few = 1000;
const many = 10_000;
/** For lists in which no task waits for another. */
const atATime = 16;

/** Executions of many steps that do nothing, from launch to end, against as many steps in executions of few. */
export async function measureSteps({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  // A rewrite of the append-only file would fall on some rounds only.
  const redis = await startRedis({ args: ['--auto-aof-rewrite-percentage', '0'] });
  cleanUp.add(() => redis.stop());
  const stores = await createRedisStores({ url: redis.url, allowEviction: false });
  cleanUp.add(() => stores.upkeep.close());
  const kinds = [
    { name: 'Line', what: 'one after the other', parentOf: (id: number) => (id === 1 ? -1 : id - 1) },
    { name: 'Heap', what: `${atATime} at a time`, parentOf: () => -1 },
  ];
  const jobs = kinds.flatMap(({ name, parentOf }) =>
    [few, many].map((count) => listOf(`${name}${count}`, count, parentOf)),
  );
  const service = await conductService({ stores, jobs, folder: await cleanUp.folder(), concurrency: 1 });
  cleanUp.add(() => service.stop());
  const millisecondsPerStep = async (name: string, count: number): Promise<number> => {
    const began = performance.now();
    for (let run = 0; run < many / count; run += 1) await service.completed(await service.launch(name + count, {}));
    return (performance.now() - began) / many;
  };
  const rows: Row[] = [];
  for (const { name, what } of kinds) {
    const rounds = await alternate(
      { warmUp: 1, rounds: quick ? 1 : 5 },
      () => millisecondsPerStep(name, many),
      () => millisecondsPerStep(name, few),
    );
    const row = `list of ${many.toLocaleString('en')} tasks, ${what}, Redis, time per task against one of ${few.toLocaleString('en')}`;
    rows.push(rowOf(rounds, { group: 'steps', name: row, reach: { atMost: 1.1 }, format: milliseconds }));
  }
  return rows;
}

/** A task list whose tasks are functions: what a process costs would hide what a step does. */
function listOf(name: string, count: number, parentOf: (id: number) => number): RunnableJob {
  const lines = Array.from({ length: count }, (_each, index) => `${index + 1}|${parentOf(index + 1)}|1|0|t${index}|:|`);
  const job = taskListJob(readTaskList(['#SHELL', ...lines].join('\n'), { format: 'lst', environment: {} }), {
    name,
    environment: {},
    passEnvironment: [],
    workingDirectory: null,
    logFile: (file) => file,
    findModule: () => null,
    maxProcs: atATime,
    webhook: null,
  });
  const nothing = { kind: 'task', run: () => undefined } as const;
  return { ...job, bodies: new Map([...job.bodies.keys()].map((task) => [task, nothing])) };
}
