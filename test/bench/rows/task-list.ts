import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Duplex } from 'node:stream';

import { createSqliteStores } from '../../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { readTaskList } from '../../../src/dialects/task-list.ts';
import { keepsCompiled } from '../../../src/runner/worker-process/compile-cache.ts';
import { taskListJob } from '../../../src/runner/task-list-job.ts';
import { conductService } from '../conducted-service.ts';
import { alternate, milliseconds, type Row, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { type CleanUp, projectFolder } from '../processes.ts';

/** By id: what each task of the diamond waits for. */
const parents = [[-1], [1], [1], [2, 3], [4], [5]];
/** Tasks on the way from its first to its last: 1, 2 or 3, 4, 5, 6. */
const criticalPath = 5;

const worker = path.join(projectFolder, 'test/bench/nothing-worker.ts');

/** A process that does nothing, as a list says it and as it is started by hand. */
interface Task {
  readonly what: string;
  readonly reach: number;
  readonly dialect: '#NODE' | '#SHELL';
  readonly fields: string;
  readonly startByHand: () => Promise<void>;
}

/**
 * Lists of six tasks that do nothing, a process each, from launch to end, against as many processes as are on the critical path, started by
 * hand one after the other: nothing is known of them, stored or logged.
 */
export async function measureTaskLists({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const folder = await cleanUp.folder();
  const tasks: Task[] = [
    {
      what: 'workers in TypeScript',
      reach: 1.5,
      dialect: '#NODE',
      fields: 'nothing-worker|Nothing||',
      startByHand: startWorkerByHand,
    },
    {
      what: 'shell commands that start Node',
      reach: 1.5,
      dialect: '#SHELL',
      fields: `${process.execPath} -e 0|`,
      startByHand: () => startByHand('/bin/sh', ['-c', `${process.execPath} -e 0`]),
    },
  ];
  const rows: Row[] = [];
  for (const task of tasks) {
    const runList = await prepareOurs(task, folder, cleanUp);
    const rounds = await alternate(
      { warmUp: quick ? 1 : 5, rounds: quick ? 5 : 25 },
      () => timed(runList),
      () =>
        timed(async () => {
          for (let started = 0; started < criticalPath; started += 1) await task.startByHand();
        }),
    );
    const name = `task list of 6 tasks in a diamond, ${task.what}, embedded store, against ${criticalPath} such processes one after the other`;
    rows.push(rowOf(rounds, { group: 'task-list', name, reach: { atMost: task.reach }, format: milliseconds }));
  }
  return rows;
}

async function prepareOurs({ dialect, fields }: Task, folder: string, cleanUp: CleanUp): Promise<() => Promise<void>> {
  const name = `Diamond${dialect.slice(1)}`;
  const lines = parents.map((of, index) => `${index + 1}|${of.join(',')}|1|0|task ${index + 1}|${fields}`);
  const job = taskListJob(readTaskList([dialect, ...lines].join('\n'), { format: 'lst', environment: {} }), {
    name,
    environment: {},
    passEnvironment: [],
    workingDirectory: folder,
    logFile: (file) => path.join(folder, file),
    findModule: () => ({ file: worker, language: 'node' }),
    maxProcs: 6,
    webhook: null,
  });
  const stores = await createSqliteStores({ file: path.join(folder, `${name}.db`), clock: systemClock });
  cleanUp.add(() => stores.upkeep.close());
  const service = await conductService({ stores, jobs: [job], folder, concurrency: 1 });
  cleanUp.add(() => service.stop());
  return async () => service.completed(await service.launch(name, {}));
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function startByHand(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: {} });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}

/** The same program, told the same. */
async function startWorkerByHand(): Promise<void> {
  const host = path.join(projectFolder, 'src/runner/worker-process/node/host.ts');
  const flags = ['--disable-warning=ExperimentalWarning', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
  const child = spawn(process.execPath, [...flags, host], {
    stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'pipe'],
    env: keepsCompiled,
  });
  const line = child.stdio[4] as Duplex;
  line.resume();
  line.write(`${JSON.stringify({ file: worker, worker: 'Nothing', arguments: [] })}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the worker ended with ${code}`);
}
