import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { startRedis } from '../../servers/redis.ts';
import type { LaunchingPlan, LaunchingRound } from '../launching.ts';
import { alternate, median, perSecond, type Row, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { type CleanUp, nodeFlags, projectFolder } from '../processes.ts';

/** So many are being launched at a time, and so many run. */
const concurrency = 50;

/**
 * A job of one step that does nothing, launched again and again in a process that also runs it; the same of BullMQ.
 *
 * What a process makes of the same code (what it compiles when, how its heap lies) stays with it for as long as it lives, and is
 * more than what its rounds differ by. So several pairs of fresh processes are measured, one after the other, each on a fresh
 * server; the two of a pair take turns.
 */
export async function measureLaunches({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const pairs = { ours: [] as number[], peer: [] as number[] };
  for (let pair = 0; pair < (quick ? 2 : 5); pair += 1) {
    const { ours, peer } = await measurePair(pair % 2 === 0, quick, cleanUp);
    pairs.ours.push(ours);
    pairs.peer.push(peer);
  }
  const ratios = pairs.ours.map((ours, pair) => ours / (pairs.peer[pair] ?? Number.NaN));
  return [
    rowOf(pairs, {
      group: 'launches',
      name: `launches of a job that does nothing, ${concurrency} at a time, Redis against jobs of BullMQ`,
      reach: { atLeast: 0.25 },
      format: perSecond,
      note: `the rounds are pairs of processes: ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}`,
    }),
  ];
}

/** @returns what is launched a second, as the medians of the rounds of each */
async function measurePair(
  oursFirst: boolean,
  quick: boolean,
  cleanUp: CleanUp,
): Promise<{ readonly ours: number; readonly peer: number }> {
  // A rewrite of the append-only file would fall on one of the two only.
  const redis = await startRedis({ args: ['--auto-aof-rewrite-percentage', '0'] });
  cleanUp.add(() => redis.stop());
  const folder = await cleanUp.folder();
  const start = (by: LaunchingPlan['by']) => startLaunching({ by, port: redis.port, folder, concurrency }, cleanUp);
  const first = await start(oursFirst ? 'ours' : 'bullmq');
  const second = await start(oursFirst ? 'bullmq' : 'ours');
  const [ours, peer] = oursFirst ? [first, second] : [second, first];
  const count = quick ? 300 : 2000;
  const figures = await alternate(
    { warmUp: quick ? 1 : 8, rounds: quick ? 3 : 9 },
    () => ours.launch(count),
    () => peer.launch(count),
  );
  await Promise.all([ours.stop(), peer.stop()]);
  await redis.stop();
  return { ours: median(figures.ours), peer: median(figures.peer) };
}

interface LaunchingProcess {
  /** @returns how many a second */
  launch(count: number): Promise<number>;
  stop(): Promise<void>;
}

async function startLaunching(plan: LaunchingPlan, cleanUp: CleanUp): Promise<LaunchingProcess> {
  const file = path.join(projectFolder, 'test/bench/launching.ts');
  const child = fork(file, [JSON.stringify(plan)], { cwd: projectFolder, execArgv: nodeFlags });
  const ended = once(child, 'exit');
  cleanUp.add(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const told = async (): Promise<unknown> => {
    const broken = ended.then(([code]): never => {
      throw new Error(`the process that launches (${plan.by}) ended with ${String(code)}`);
    });
    const [message] = (await Promise.race([once(child, 'message'), broken])) as [unknown];
    return message;
  };
  await told();
  return {
    async launch(count) {
      child.send({ count } satisfies LaunchingRound);
      return (1000 * count) / Number(await told());
    },
    async stop() {
      child.disconnect();
      await ended;
    },
  };
}
