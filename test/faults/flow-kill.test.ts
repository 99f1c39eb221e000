import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { createServices } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import { stepFields } from '../../src/domain/execution-text.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { startDoomedConductors } from './doomed-conductors.ts';
import { brokenInvariants } from './invariants.ts';
import { brokenReverts } from './reverts.ts';
import type { Arming, StoreAddress } from './service-process.ts';
import { undoneFlow, undoneTrace } from './undone-flow.ts';

/** Each visits every commit at another of its moments: three visit all of them. */
const rounds = Number(process.env['KILL_ROUNDS'] ?? 1);
const moments: readonly Arming['when'][] = ['before', 'during', 'after'];
const patience = { timeout: 300_000 * Math.max(1, rounds) };
const by = { name: 'test', idempotency: null };
const answer = { status: 200, headers: {}, body: '' };
const whole = undoneTrace.split(' ');

describe('a bound flow whose process is killed at each of its commits', () => {
  let folder = '';
  let trace = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-flow-kill-'));
    trace = path.join(folder, 'trace');
    writeFileSync(path.join(folder, 'orders.yaml'), 'customers:\n  from_date: "2026-01-01"\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function runThroughKills(address: StoreAddress, stores: Stores): Promise<void> {
    const { definition } = undoneFlow(trace);
    const { settings } = loadSettings({ folder, environment: {} });
    const listed = { definition, file: 'undone.ts', version: 'aaaaaaaaaaaa', readAt: 0n };
    const { workflows, jobs, executions } = createServices(
      stores,
      { ...settings, BATCHY_CFG: folder },
      {
        catalog: { ready: async () => {}, jobs: () => new Map([[definition.name, listed]]), broken: () => [] },
        look: () => {},
        stopping: new AbortController().signal,
      },
    );
    await workflows.load('orders', { mode: 'replace', force: false, reason: null }, by, () => answer);
    const task = { job: 'undone', address, target: trace, logs: path.join(folder, 'logs') } as const;
    const doomed = startDoomedConductors(task, {
      async launch() {
        let launched = 0;
        writeFileSync(trace, '');
        const options = { body: undefined, force: false, supersede: false };
        await jobs.launch(definition.name, options, by, ({ id }) => {
          launched = id;
          return answer;
        });
        return launched;
      },
      statusOf: async (id) => (await executions.get(id)).status,
      ended: (id) => executions.waitForEnd(id, 60, new AbortController().signal),
    });

    async function expectUndone(id: number, where: string): Promise<void> {
      const { status, exitMessage, batch } = await executions.get(id);
      expect({ status, exitMessage }, where).toEqual({ status: 'REVERTED', exitMessage: 'c: c has failed' });
      const done = readFileSync(trace, 'utf8').trim().split('\n');
      // Nobody knows how far the one thing that was under way had got: that may be done twice, and nothing else.
      const twice = done.findIndex((each, place) => each !== whole[place]);
      const once = done.length === whole.length + 1 ? done.toSpliced(twice === -1 ? whole.length : twice, 1) : done;
      expect(once, `${where}: ${done.join(' ')}`).toEqual(whole);
      const latest = new Map(
        (await executions.steps(id)).map((step) => [step.stepName, stepFields(step)['task_state']]),
      );
      expect(Object.fromEntries(latest), where).toEqual({ a: 'REVERTED', b: 'REVERTED', c: 'REVERTED' });
      const page = { workflow: null, direction: 'ascending', beyond: null, limit: 5000 } as const;
      const entries = (await stores.journal.read(page)).map(({ entry }) => entry);
      expect(brokenReverts(entries, id), where).toEqual([]);
      const ended = [{ type: 'batch-failed', batchId: batch?.batchId ?? 0 }] as const;
      expect(await brokenInvariants(stores, 'orders', [...ended]), where).toEqual([]);
    }

    try {
      for (let round = 0; round < rounds; round += 1) {
        for (let commit = 1, isKilled = true; isKilled; commit += 1) {
          const when = moments[(commit + round) % moments.length] as Arming['when'];
          const killed = await doomed.killAt({ commit, when });
          ({ isKilled } = killed);
          await expectUndone(killed.id, `killed ${when} commit ${commit}`);
          // What is done outside is as many commits at least, and the two failures are stored by themselves.
          if (!isKilled) expect(commit).toBeGreaterThanOrEqual(whole.length + 2);
        }
      }
    } finally {
      doomed.end();
    }
  }

  it(
    'undoes what it has done in reverse, each once, and fails its batch once, on the embedded store',
    patience,
    async () => {
      const address = { file: path.join(folder, 'batchy.db') };
      const stores = await createSqliteStores({ ...address, clock: systemClock });
      await runThroughKills(address, stores);
      await stores.upkeep.close();
    },
  );

  describeWithRedis('with Redis', () => {
    let redis: RedisServer;
    beforeEach(async () => {
      redis = await startRedis();
    });
    afterEach(() => redis.stop());

    it('undoes what it has done in reverse, each once, and fails its batch once, on Redis', patience, async () => {
      const stores = await createRedisStores({ url: redis.url });
      await runThroughKills({ url: redis.url }, stores);
      await stores.upkeep.close();
    });
  });
});
