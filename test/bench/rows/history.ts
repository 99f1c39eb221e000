import { join } from 'node:path';

import { createRedisStores } from '../../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { startRedis } from '../../servers/redis.ts';
import { type DrivenService, driveService } from '../driven-service.ts';
import { grownArchive, grownWorkflow } from '../grown-archive.ts';
import { median, milliseconds, type Row, type Rounds, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { CleanUp } from '../processes.ts';

const small = { batches: 10, workflows: 10 };

/** What requests cost in a store that has grown, against one that has not: the same requests, answered in the same size. */
export async function measureHistory({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const large = quick ? { batches: 10_000, workflows: 1_000 } : { batches: 100_000, workflows: 10_000 };
  const rows: Row[] = [];
  for (const [store, openStores] of [
    ['embedded store', openSqlite],
    ['Redis', openRedis],
  ] as const) {
    const [grown, young] = [
      await grow(await openStores(cleanUp), large, cleanUp),
      await grow(await openStores(cleanUp), small, cleanUp),
    ];
    for (const { name, request } of requests) {
      const rounds = await interleave(
        { rounds: quick ? 3 : 9, requests: quick ? 20 : 60 },
        () => request(grown),
        () => request(young),
      );
      rows.push(
        rowOf(rounds, {
          group: 'history',
          name: `${name}, ${store}, ${large.batches.toLocaleString('en')} batches, ${large.workflows.toLocaleString('en')} workflows against ${small.batches} and ${small.workflows}`,
          reach: { atMost: 1.1 },
          format: milliseconds,
        }),
      );
    }
  }
  return rows;
}

/** Each gives the milliseconds of one request. */
const requests: readonly { name: string; request: (service: DrivenService) => Promise<number> }[] = [
  {
    name: 'open',
    request: async (service) => {
      const spent = await timed(() => service.open(grownWorkflow));
      await service.close(grownWorkflow);
      return spent;
    },
  },
  { name: 'get', request: ({ services }) => timed(() => services.workflows.status(grownWorkflow)) },
  {
    name: 'page of 10 batches',
    request: ({ services }) =>
      timed(() =>
        services.history.records(grownWorkflow, {
          before: null,
          limit: 10,
          kinds: [],
          status: null,
          job: null,
          openedAfter: null,
          openedBefore: null,
        }),
      ),
  },
  {
    name: 'page of 10 workflows',
    request: ({ services }) =>
      timed(() =>
        services.workflows.list({ sort: 'name', descending: false, status: null, prefix: '', after: null, limit: 10 }),
      ),
  },
];

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** As `alternate`, but in turns request by request; a round's figure is the median of its requests. */
async function interleave(
  { rounds, requests: perRound }: { readonly rounds: number; readonly requests: number },
  ours: () => Promise<number>,
  peer: () => Promise<number>,
): Promise<Rounds> {
  const medians = { ours: [] as number[], peer: [] as number[] };
  for (let round = 0; round <= rounds; round += 1) {
    const figures = { ours: [] as number[], peer: [] as number[] };
    for (let request = 0; request < perRound; request += 1) {
      const turns = [async () => figures.ours.push(await ours()), async () => figures.peer.push(await peer())];
      for (const turn of request % 2 === 0 ? turns : turns.toReversed()) await turn();
    }
    // The first round warms up.
    if (round === 0) continue;
    medians.ours.push(median(figures.ours));
    medians.peer.push(median(figures.peer));
  }
  return medians;
}

async function grow(
  stores: Stores,
  { batches, workflows }: { readonly batches: number; readonly workflows: number },
  cleanUp: CleanUp,
): Promise<DrivenService> {
  cleanUp.add(() => stores.upkeep.close());
  await stores.upkeep.importAll(grownArchive(await cleanUp.folder(), batches, workflows));
  return driveService(stores, await cleanUp.folder());
}

async function openSqlite(cleanUp: CleanUp): Promise<Stores> {
  return createSqliteStores({ file: join(await cleanUp.folder(), 'batchy.db'), clock: systemClock });
}

async function openRedis(cleanUp: CleanUp): Promise<Stores> {
  const redis = await startRedis({ args: ['--auto-aof-rewrite-percentage', '0'] });
  cleanUp.add(() => redis.stop());
  return createRedisStores({ url: redis.url });
}
