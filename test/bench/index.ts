import { cpus, release, totalmem } from 'node:os';

import { bringRedis } from '../servers/bring-redis.ts';
import type { Row } from './measure.ts';
import { type BenchOptions, type Group, readOptions, usage } from './options.ts';
import { CleanUp } from './processes.ts';
import { tableOf } from './report.ts';

type Measure = (options: BenchOptions, cleanUp: CleanUp) => Promise<Row[]>;

const measures: Readonly<Record<Group, () => Promise<Measure>>> = {
  'get-status': async () => (await import('./rows/get-status.ts')).measureGetStatus,
  open: async () => (await import('./rows/open-close.ts')).measureOpenClose,
  'older-service': async () => (await import('./rows/older-service.ts')).measureOlderService,
  'group-commit': async () => (await import('./rows/group-commit.ts')).measureGroupCommit,
  launches: async () => (await import('./rows/launches.ts')).measureLaunches,
  flows: async () => (await import('./rows/flows.ts')).measureFlows,
  'task-list': async () => (await import('./rows/task-list.ts')).measureTaskLists,
  steps: async () => (await import('./rows/steps.ts')).measureSteps,
  'chunk-step': async () => (await import('./rows/chunk-step.ts')).measureChunkStep,
  partitions: async () => (await import('./rows/partitions.ts')).measurePartitions,
  'csv-to-sql': async () => (await import('./rows/csv-to-sql.ts')).measureCsvToSql,
  history: async () => (await import('./rows/history.ts')).measureHistory,
  start: async () => (await import('./rows/start.ts')).measureStart,
  idle: async () => (await import('./rows/idle.ts')).measureIdle,
};

/**
 * Measures what is asked for, row by row, and prints the table. A figure that is not reached is no failure: the exit code
 * tells only whether something broke.
 */
async function bench(options: BenchOptions): Promise<boolean> {
  const rows: Row[] = [];
  await bringRedis();
  let broken = false;
  for (const group of options.only) {
    console.error(`measuring ${group} …`);
    const cleanUp = new CleanUp();
    try {
      rows.push(...(await (await measures[group]())(options, cleanUp)));
    } catch (error) {
      broken = true;
      console.error(`${group} broke:`, error);
    } finally {
      await cleanUp.run();
    }
  }
  if (options.json) console.log(JSON.stringify({ machine: machine(), rows }, null, 2));
  else console.log(`${machine()}\n\n${tableOf(rows)}`);
  return !broken;
}

/** Without a name: what a reader needs to judge the figures by. */
function machine(): string {
  const [processor] = cpus();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${processor?.model.trim() ?? 'processor'}, ${gigabytes} GB, Linux ${release()}, Node ${process.version}`;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) console.log(usage);
  else process.exitCode = (await bench(options)) ? 0 : 1;
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
