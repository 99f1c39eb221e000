import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { startRedis } from '../../servers/redis.ts';
import { median, type Reach, type Row } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { type CleanUp, type ServerProcess, startOurs } from '../processes.ts';
import { post } from '../redis-servers.ts';
import { isReached } from '../report.ts';

const sampleSeconds = 5;
/** After a start the engine still compiles and collects. */
const settleSeconds = 20;
/** Linux counts processor time in these, whatever the machine's own tick is. */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** A server that nobody asks anything, on each store, from /proc. It has served some requests before. */
export async function measureIdle({ idleMinutes, quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const redis = await startRedis();
  cleanUp.add(() => redis.stop());
  const servers = [
    { store: 'embedded store', server: await startIdle({}, cleanUp) },
    { store: 'Redis', server: await startIdle({ REDIS_URL: redis.url }, cleanUp) },
  ];
  await pause((quick ? 5 : settleSeconds) * 1000);
  const seconds = idleMinutes * 60;
  const watched = await Promise.all(servers.map(({ server }) => watch(server.pid, seconds)));
  return servers.flatMap(({ store }, index) => rowsOf(store, idleMinutes, watched[index] as Watched));
}

interface Watched {
  /** Of one processor, in percent. */
  readonly cpuPercent: number;
  /** Resident megabytes. */
  readonly samples: readonly number[];
}

async function startIdle(environment: Readonly<Record<string, string>>, cleanUp: CleanUp): Promise<ServerProcess> {
  const server = await startOurs({ ...environment, BATCHY_DATA: await cleanUp.folder() });
  cleanUp.add(() => server.stop());
  for (let round = 0; round < 50; round += 1)
    for (const route of ['get_status', 'open_batch', 'close_batch']) await post(`${server.origin}/${route}/wf1`);
  return server;
}

async function watch(pid: number, seconds: number): Promise<Watched> {
  const samples: number[] = [];
  const began = performance.now();
  const before = processorSeconds(pid);
  while (performance.now() - began < seconds * 1000) {
    await pause(sampleSeconds * 1000);
    samples.push(residentMegabytes(pid));
  }
  const spent = processorSeconds(pid) - before;
  return { cpuPercent: (100_000 * spent) / (performance.now() - began), samples };
}

function rowsOf(store: string, minutes: number, { cpuPercent, samples }: Watched): Row[] {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const growth = median(samples.slice(-third)) - median(samples.slice(0, third));
  const row = (what: string, figure: number, digits: number, reach: Reach): Row => ({
    group: 'idle',
    name: `idle server, ${store}, ${minutes} min: ${what}`,
    ours: `${figure.toFixed(digits)} ${reach.unit}`,
    peer: '',
    ratio: figure,
    spread: null,
    reach,
    note: isReached(figure, reach) ? '' : 'look at it over 10 minutes: --only idle --idle-minutes 10',
  });
  return [
    row('processor', cpuPercent, 2, { atMost: 1, unit: '%' }),
    row('most memory', Math.max(...samples), 0, { atMost: 180, unit: 'MB' }),
    // Pages come and go by some hundred kB; less than a megabyte is none.
    row('growth of memory, last third against first', growth, 2, { atMost: 1, unit: 'MB' }),
  ];
}

/** User and system time of all threads so far. */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function residentMegabytes(pid: number): number {
  const [, pages = ''] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
  return (Number(pages) * pageBytes) / 2 ** 20;
}
