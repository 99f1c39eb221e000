import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import type { JournalType } from '../../src/domain/change.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { type Acknowledged, brokenInvariants } from './invariants.ts';
import { type HttpAnswer, type RunningService, startService } from './service.ts';
import type { Arming, StoreAddress } from './service-process.ts';

/**
 * How often each request is killed at each of its points; 20 for the figure of the specification. Where it is not said, every other one is
 * killed, at one of them, by turns, and those between them on the other store: to visit all takes two minutes.
 */
const rounds = process.env['KILL_ROUNDS'] === undefined ? null : Number(process.env['KILL_ROUNDS']);

/** One request of a client, and the entry of the journal that its effect leaves. */
interface Request {
  readonly effect: JournalType;
  readonly method: string;
  /** @param batchId the batch that is open, or the backfill */
  readonly path: (batchId: number) => string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const post = (effect: JournalType, asked: Request['path'], body?: unknown): Request => ({
  effect,
  method: 'POST',
  path: asked,
  body,
});

/** A life of a workflow in which every request changes something, so that each has a commit to be killed at. */
const life: readonly Request[] = [
  post('configuration-loaded', () => '/load_cfg/wf1'),
  post('batch-opened', () => '/open_batch/wf1'),
  post('batch-failed', (id) => `/fail_batch/wf1?batch_id=${id}&reason=disk`),
  post('batch-opened', () => '/open_batch/wf1/infa'),
  post('batch-closed', (id) => `/close_batch/wf1?batch_id=${id}`, { job1: { rows: 12 } }),
  post('batch-opened', () => '/open_batch/wf1?job=job1'),
  post('batch-opened', () => '/open_batch/wf1'),
  post('batch-closed', (id) => `/close_batch/wf1?batch_id=${id}`),
  {
    effect: 'job-edited',
    method: 'PATCH',
    path: () => '/workflows/wf1/jobs/job2',
    body: { set: { from_date: '2026-01-01' }, reason: 'restated' },
    headers: { 'if-match': '*' },
  },
  post('backfill-opened', () => '/workflows/wf1/backfill', { from: '2025-01-01', to: '2025-02-01', job: 'job1' }),
  post('backfill-closed', (id) => `/close_batch/wf1?batch_id=${id}`),
];

const points: readonly Arming['when'][] = ['before', 'during', 'after'];

/** `null`: it is not killed. */
type Visit = readonly [request: Request, when: Arming['when'] | null];

/** @param turn where the turns begin */
function visitsOf(turn: number): Visit[] {
  if (rounds === null)
    return life.map((request, index): Visit => [
      request,
      (index + turn) % 2 === 0 ? (points[Math.floor(index / 2) % points.length] ?? 'before') : null,
    ]);
  const once = points.flatMap((when) => life.map((request): Visit => [request, when]));
  return Array.from({ length: rounds }, () => once).flat();
}

/** Lives that life, killed at each commit, and repeats each request with its key as a careful client does. */
async function liveThroughKills(
  address: StoreAddress,
  openStores: () => Promise<Stores>,
  visits: readonly Visit[],
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-kill-'));
  writeFileSync(
    path.join(folder, 'wf1.yaml'),
    'job1:\n  from_date: 2026-01-01\njob2:\n  emit_to_date: yes\n  reprocess_hours: 1\n',
  );
  const witness = await openStores();
  let service = await startService(address, folder);
  // The one that will take over is started meanwhile: a second server on the same store, as a team would have.
  let next = startService(address, folder);
  const acknowledged: Acknowledged[] = [];
  let batchId = 0;
  let operations = 0;
  try {
    const killedAt = async (when: Arming['when'], { effect }: Request, ask: () => Promise<HttpAnswer | null>) => {
      await service.arm({ commit: 1, when });
      const first = await ask();
      if (when !== 'during') expect(first, `${effect}, killed ${when} its commit`).toBeNull();
      await service.ended;
      expect(await brokenInvariants(witness, 'wf1', acknowledged)).toEqual([]);
      return first;
    };
    for (const [request, when] of visits) {
      const forced = request.effect === 'configuration-loaded' ? '?force=true&reason=again' : '';
      const key = `key-${(operations += 1)}`;
      const ask = (running: RunningService): Promise<HttpAnswer | null> =>
        running.call(request.method, request.path(batchId) + forced, { ...request, key });
      const first = when === null ? null : await killedAt(when, request, () => ask(service));
      if (when !== null) {
        service = await next;
        next = startService(address, folder);
      }
      const again = await ask(service);
      expect(again?.status, again?.text).toBe(request.effect === 'backfill-opened' ? 201 : 200);
      if (when !== null && when !== 'during') expect(again?.replayed).toBe(when === 'after');
      if (first !== null)
        expect([again?.text, again?.replayed], 'what was answered is kept').toEqual([first.text, true]);
      const effects = await witness.journal.read({
        workflow: 'wf1',
        direction: 'descending',
        beyond: null,
        limit: 1,
      });
      batchId = effects[0]?.entry.batchId ?? batchId;
      if (/^(batch|backfill)-/.test(request.effect)) acknowledged.push({ type: request.effect, batchId });
      const total = await witness.journal.read({
        workflow: 'wf1',
        direction: 'ascending',
        beyond: null,
        limit: 10_000,
      });
      expect(total.map(({ entry }) => entry.type).slice(-1)).toEqual([request.effect]);
      expect(total, 'one effect for each key').toHaveLength(operations);
      expect(await brokenInvariants(witness, 'wf1', acknowledged)).toEqual([]);

      // However often it is repeated, the answer is the same.
      const third = await ask(service);
      expect([third?.status, third?.replayed, third?.text]).toEqual([again?.status, true, again?.text]);
    }
  } finally {
    await service.kill();
    await (await next).kill();
    await witness.upkeep.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const patience = { timeout: 300_000 * Math.max(1, rounds ?? 1) };

describe('a service killed at each of its commits, on SQLite', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-kill-sqlite-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has each effect once, whole, and gives the same answer again', patience, async () => {
    const file = path.join(folder, 'batchy.db');
    await liveThroughKills({ file }, () => createSqliteStores({ file, clock: systemClock }), visitsOf(0));
  });
});

describeWithRedis('a service killed at each of its commits, on Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it('has each effect once, whole, and gives the same answer again', patience, async () => {
    const { url } = server;
    await liveThroughKills({ url }, () => createRedisStores({ url }), visitsOf(1));
  });
});
