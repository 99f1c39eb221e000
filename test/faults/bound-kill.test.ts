import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { createServices } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import type { ConductorTask } from './conductor-to-kill.ts';
import { countedItems, countedJob } from './counted-job.ts';
import { startDoomedConductors } from './doomed-conductors.ts';
import { brokenInvariants } from './invariants.ts';
import type { Arming, StoreAddress } from './service-process.ts';

/** Each visits every commit at another of its moments: three visit all of them. */
const rounds = Number(process.env['KILL_ROUNDS'] ?? 1);
const moments: readonly Arming['when'][] = ['before', 'during', 'after'];
const patience = { timeout: 300_000 * Math.max(1, rounds) };
const by = { name: 'test', idempotency: null };
const answer = { status: 200, headers: {}, body: '' };

describe('a bound job whose process is killed at each of its commits', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-bound-kill-'));
    writeFileSync(path.join(folder, 'orders.yaml'), 'customers:\n  from_date: "2026-01-01"\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** One execution after the other, until one has no more commits; who takes over from the one that was killed is killed in the next. */
  async function runThroughKills(address: StoreAddress, stores: Stores): Promise<void> {
    const target = path.join(folder, 'target.db');
    const database = new DatabaseSync(target);
    database.exec('create table rows (id integer not null, batch integer not null)');
    const { definition } = countedJob(target);
    const jobs = new Map([[definition.name, { definition, file: 'counted.ts', version: 'aaaaaaaaaaaa', readAt: 0n }]]);
    const { settings } = loadSettings({ folder, environment: {} });
    const {
      workflows,
      jobs: launches,
      executions,
    } = createServices(
      stores,
      { ...settings, BATCHY_CFG: folder },
      {
        catalog: { ready: async () => {}, jobs: () => jobs, broken: () => [] },
        look: () => {},
        stopping: new AbortController().signal,
      },
    );
    await workflows.load('orders', { mode: 'replace', force: false, reason: null }, by, () => answer);
    const batches = new Map<number, number>();
    const launch = async (): Promise<number> => {
      let launched = 0;
      const options = { body: undefined, force: false, supersede: false };
      await launches.launch(definition.name, options, by, ({ id, batch }) => {
        launched = id;
        batches.set(id, batch?.batchId ?? 0);
        return answer;
      });
      return launched;
    };
    const task: ConductorTask = { job: 'counted', address, target, logs: path.join(folder, 'logs') };
    const doomed = startDoomedConductors(task, {
      launch,
      statusOf: async (id) => (await executions.get(id)).status,
      ended: (id) => executions.waitForEnd(id, 60, new AbortController().signal),
    });

    /** @returns whether it was killed before the execution had ended */
    async function killAt(arming: Arming): Promise<boolean> {
      const { id, isKilled } = await doomed.killAt(arming);
      await expectWhole(id, batches.get(id) ?? 0, `killed ${arming.when} commit ${arming.commit}`);
      return isKilled;
    }

    async function expectWhole(id: number, batchId: number, where: string): Promise<void> {
      expect(await executions.get(id), where).toMatchObject({ status: 'COMPLETED' });
      const rows = database.prepare('select count(*) count, count(distinct id) different from rows where batch = ?');
      expect({ ...rows.get(batchId) }, where).toEqual({ count: countedItems, different: countedItems });
      expect(await executions.steps(id), where).toMatchObject([
        { stepName: 'Prepare', status: 'COMPLETED' },
        { stepName: 'Load', status: 'COMPLETED', counters: { read: countedItems, write: countedItems, commit: 4 } },
        { stepName: 'End', status: 'COMPLETED' },
      ]);
      expect(await brokenInvariants(stores, 'orders', [{ type: 'batch-closed', batchId }]), where).toEqual([]);
    }

    try {
      for (let round = 0; round < rounds; round += 1) {
        let commit = 1;
        const when = (): Arming['when'] => moments[(commit + round) % moments.length] as Arming['when'];
        while (await killAt({ commit, when: when() })) commit += 1;
        // Its start, its four chunks and its end at least.
        expect(commit).toBeGreaterThanOrEqual(6);
      }
    } finally {
      doomed.end();
      database.close();
    }
  }

  it('writes each row once and closes each batch once, on the embedded store', patience, async () => {
    const address = { file: path.join(folder, 'batchy.db') };
    const stores = await createSqliteStores({ ...address, clock: systemClock });
    await runThroughKills(address, stores);
    await stores.upkeep.close();
  });

  describeWithRedis('with Redis', () => {
    let redis: RedisServer;
    beforeEach(async () => {
      redis = await startRedis();
    });
    afterEach(() => redis.stop());

    it('writes each row once and closes each batch once, on Redis', patience, async () => {
      const stores = await createRedisStores({ url: redis.url });
      await runThroughKills({ url: redis.url }, stores);
      await stores.upkeep.close();
    });
  });
});
