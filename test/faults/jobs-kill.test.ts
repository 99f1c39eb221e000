import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { type JobService, startJobService } from './job-service.ts';

/** Ends its process without a word at item 55,000, once for each line of the file `lives`. */
const loadJob = `
import { existsSync, rmSync } from 'node:fs';
import { chunkStep, defineJob, sqlWriter } from 'batchy';

export default defineJob({
  name: 'Load',
  steps: [
    chunkStep('Load', {
      reader: function* () { for (let id = 1; id <= 100_000; id += 1) yield id; },
      processor: (id) => {
        if (id === 55_000 && existsSync('deadly')) {
          rmSync('deadly');
          process.kill(process.pid, 'SIGKILL');
        }
        return { id };
      },
      writer: sqlWriter({ connection: 'sqlite:target.db', table: 'rows' }),
      chunkSize: 1000,
    }),
  ],
});
`;

const fatalJob = `
import { defineJob, step } from 'batchy';

export default defineJob({ name: 'Fatal', steps: [step('Die', () => process.kill(process.pid, 'SIGKILL'))] });
`;

function killedJobs(environment: () => Readonly<Record<string, string>>): void {
  let folder = '';
  let service: JobService | null = null;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-jobs-'));
    mkdirSync(path.join(folder, 'cfg/jobs'), { recursive: true });
  });
  afterEach(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function rows(): { count: number; different: number; least: number; greatest: number } {
    const target = new DatabaseSync(path.join(folder, 'target.db'));
    const found = target
      .prepare('select count(*) count, count(distinct id) different, min(id) least, max(id) greatest from rows')
      .get();
    target.close();
    return { ...found } as ReturnType<typeof rows>;
  }

  function prepareLoad(): void {
    writeFileSync(path.join(folder, 'cfg/jobs/load.ts'), loadJob);
    const target = new DatabaseSync(path.join(folder, 'target.db'));
    target.exec('create table rows (id integer not null)');
    target.close();
    writeFileSync(path.join(folder, 'deadly'), '');
  }

  const all = { count: 100_000, different: 100_000, least: 1, greatest: 100_000 };

  it('9: killed at item 55,000 of 100,000, another process goes on: each row is there once', async () => {
    prepareLoad();
    service = await startJobService(folder, environment());
    const launched = await service.call('POST', '/jobs/Load/launch', {});
    expect(launched.status).toBe(202);
    const ended = await service.ended(launched.json.execution_id);
    expect(ended).toMatchObject({ status: 'COMPLETED', takeovers: 1 });
    expect(rows()).toEqual(all);
    const steps = (await service.call('GET', `/executions/${launched.json.execution_id}/steps`)).json;
    expect(steps).toMatchObject([{ step_name: 'Load', read_count: 100_000, write_count: 100_000, commit_count: 100 }]);
  });

  it('the service and all with it is killed: the next start goes on with the same execution', async () => {
    prepareLoad();
    rmSync(path.join(folder, 'deadly'));
    service = await startJobService(folder, environment());
    const launched = await service.call('POST', '/jobs/Load/launch', {});
    await service.kill();
    service = await startJobService(folder, environment());
    expect(await service.ended(launched.json.execution_id)).toMatchObject({ status: 'COMPLETED' });
    expect(rows()).toEqual(all);
  });

  it('14: an execution whose conductor is killed four times ends FAILED: owner lost', async () => {
    writeFileSync(path.join(folder, 'cfg/jobs/fatal.ts'), fatalJob);
    service = await startJobService(folder, environment());
    const launched = await service.call('POST', '/jobs/Fatal/launch', {});
    expect(await service.ended(launched.json.execution_id)).toMatchObject({
      status: 'FAILED',
      exit_message: 'owner lost: its process was ended by SIGKILL',
      takeovers: 3,
    });
  });
}

describe('jobs whose process is killed, on the embedded store', () => {
  killedJobs(() => ({}));
});

describeWithRedis('jobs whose process is killed, on Redis', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.stop());
  killedJobs(() => ({ REDIS_URL: redis.url }));
});
