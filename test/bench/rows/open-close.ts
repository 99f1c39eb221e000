import path from 'node:path';

import type { LoadPlan, LoadResult } from '../generate-load.ts';
import { alternate, perSecond, pick, type Row, rowOf, serverRounds } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { type CleanUp, nodeFlags, runNode } from '../processes.ts';
import { startRedisServers } from '../redis-servers.ts';

const connections = 16;
const generator = path.join(import.meta.dirname, '../generate-load.ts');

/** All workflows are opened, then all are closed, again and again; each of the two has its own time. */
export async function measureOpenClose({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const { ours, peer, workflows } = await startRedisServers(cleanUp, 100);
  const seconds = quick ? 1 : 2;
  const rounds = await alternate(
    serverRounds(quick),
    () => openAndClose(ours.origin, workflows, 'POST', seconds),
    () => openAndClose(peer.origin, workflows, 'POST', seconds),
  );
  return ['open_batch', 'close_batch'].map((name, stage) =>
    rowOf(
      pick(rounds, (round) => round[stage] ?? Number.NaN),
      {
        group: 'open',
        name: `${name}, ${workflows.length} workflows, Redis against bare handler: one HGETALL, one script`,
        reach: { atLeast: 0.7 },
        format: perSecond,
      },
    ),
  );
}

/** @returns opens and closes a second */
export async function openAndClose(
  origin: string,
  workflows: readonly string[],
  method: LoadPlan['method'],
  seconds: number,
): Promise<LoadResult> {
  const stages = ['open', 'close'].map((action) => workflows.map((name) => `${origin}/${action}_batch/${name}`));
  const plan: LoadPlan = { connections, method, stages, seconds };
  return JSON.parse(await runNode([...nodeFlags, generator, JSON.stringify(plan)])) as LoadResult;
}
