import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { createServices } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { JobExecution } from '../../src/domain/execution.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { Services } from '../../src/service/services.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import type { ConductorTask } from './conductor-to-kill.ts';
import { countedItems, countedJob } from './counted-job.ts';
import type { StoreAddress } from './service-process.ts';

const points = ['before', 'during', 'after'] as const;
const live = new Set(['STARTING', 'STARTED', 'STOPPING']);

describe('a chunk step whose process is killed at its commits', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-chunk-kill-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** One conductor after the other goes on with it; each is killed one commit later than the one before. */
  async function runThroughKills(address: StoreAddress, stores: Stores): Promise<void> {
    const target = path.join(folder, 'target.db');
    const database = new DatabaseSync(target);
    database.exec('create table rows (id integer not null)');
    const { definition } = countedJob(target);
    const jobs = new Map([[definition.name, { definition, file: 'counted.ts', version: 'aaaaaaaaaaaa', readAt: 0n }]]);
    const { settings } = loadSettings({ folder, environment: {} });
    const services: Services = createServices(stores, settings, {
      catalog: { ready: async () => {}, jobs: () => jobs, broken: () => [] },
      look: () => {},
      stopping: new AbortController().signal,
    });
    const options = { body: undefined, force: false, supersede: false };
    let id = 0;
    await services.jobs.launch(definition.name, options, { name: 'test', idempotency: null }, (execution) => {
      ({ id } = execution);
      return { status: 202, headers: {}, body: '' };
    });
    let kills = 0;
    let execution: JobExecution = await services.executions.get(id);
    for (let commit = 2; live.has(execution.status); commit += 1) {
      const when = points[commit % points.length] as (typeof points)[number];
      const task: ConductorTask = { address, target, logs: path.join(folder, 'logs'), arming: { commit, when } };
      const child = fork(path.join(import.meta.dirname, 'conductor-to-kill.ts'), [JSON.stringify(task)], {
        execArgv: ['--disable-warning=ExperimentalWarning'],
      });
      const exited = once(child, 'exit');
      const ended = services.executions.waitForEnd(id, 60, new AbortController().signal);
      await Promise.race([exited, ended]);
      execution = await services.executions.get(id);
      if (live.has(execution.status)) kills += 1;
      // It may be at its last commit, or dead already: then nobody is there to be told, which is no error.
      else if (child.connected) child.send('stop', () => undefined);
      await exited;
    }
    expect(execution).toMatchObject({ status: 'COMPLETED' });
    expect(kills).toBeGreaterThan(3);
    expect({ ...database.prepare('select count(*) count, count(distinct id) different from rows').get() }).toEqual({
      count: countedItems,
      different: countedItems,
    });
    database.close();
    const [step] = await services.executions.steps(id);
    expect(step).toMatchObject({
      status: 'COMPLETED',
      counters: { read: countedItems, write: countedItems, commit: 10 },
    });
  }

  it('writes each row once, on the embedded store', async () => {
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

    it('writes each row once, on Redis', async () => {
      const stores = await createRedisStores({ url: redis.url });
      await runThroughKills({ url: redis.url }, stores);
      await stores.upkeep.close();
    });
  });
});
