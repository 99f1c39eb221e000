import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { type JobService, startJobService } from './job-service.ts';

/** Each waits for a file with its verdict: `verdict-` and the id of the execution. */
const jobFile = `
import { existsSync, readFileSync, unwatchFile, watchFile } from 'node:fs';
import { defineJob, step } from 'batchy';

const text = (file) => existsSync(file) ? readFileSync(file, 'utf8') : '';
const judged = step('Judged', async (ctx) => {
  const file = 'verdict-' + ctx.execution.id;
  await new Promise((resolve) => {
    const look = () => {
      if (text(file) === '') return;
      unwatchFile(file, look);
      resolve(undefined);
    };
    watchFile(file, { interval: 20 }, look);
    look();
  });
  if (text(file) === 'fail') throw new Error('as the verdict says');
});
export const plain = defineJob({ name: 'Plain', steps: [judged] });
export const bound = defineJob({ name: 'Bound', workflow: 'orders', steps: [judged] });
`;
const processes = 3;
const launches = 60;

/** Several services on one store, each with its own process for jobs. */
function races(environment: () => Readonly<Record<string, string>>): void {
  let folder = '';
  let services: JobService[] = [];
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-job-races-'));
    mkdirSync(path.join(folder, 'cfg/jobs'), { recursive: true });
    writeFileSync(path.join(folder, 'cfg/jobs/judged.ts'), jobFile);
    writeFileSync(path.join(folder, 'cfg/orders.yaml'), 'customers:\n  from_date: "2026-01-01"\n');
    services = await Promise.all(Array.from({ length: processes }, () => startJobService(folder, environment())));
    // Each knows the job from here on.
    for (const service of services) expect((await service.call('GET', '/jobs')).json.jobs).toHaveLength(2);
  });
  afterEach(async () => {
    await Promise.all(services.map((service) => service.stop()));
    rmSync(folder, { recursive: true, force: true });
  });
  const service = (index: number): JobService => services[index % processes] as JobService;
  const judge = (id: number, verdict: string): void => writeFileSync(path.join(folder, `verdict-${id}`), verdict);

  /** @returns the id of the one execution that came of it; all others were refused */
  async function race(url: string): Promise<number> {
    const answers = await Promise.all(
      Array.from({ length: launches }, (_each, index) => service(index).call('POST', url)),
    );
    const won = answers.filter(({ status }) => status === 202);
    expect(won).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(launches - 1);
    return won[0]?.json.execution_id;
  }

  it('has one winner of many racing launches, and of many racing restarts', async () => {
    expect((await service(0).call('POST', '/load_cfg/orders')).status).toBe(200);
    for (const job of ['Plain', 'Bound']) {
      const first = await race(`/jobs/${job}/launch`);
      judge(first, 'fail');
      expect(await service(1).ended(first)).toMatchObject({ status: 'FAILED' });
      const second = await race(`/executions/${first}/restart`);
      judge(second, 'pass');
      expect(await service(0).ended(second)).toMatchObject({ status: 'COMPLETED' });
      const listed: { id: number }[] = (await service(1).call('GET', `/executions?job_name=${job}`)).json;
      expect(listed.map(({ id }) => id)).toEqual([second, first]);
    }
    expect((await service(1).call('POST', '/get_status/orders')).json.customers.status).toBe('success');
    const journal: { type: string }[] = (await service(0).call('GET', '/workflows/orders/journal')).json;
    const ofBatches = journal.map(({ type }) => type).filter((type) => type.startsWith('batch-'));
    expect(ofBatches.toSorted()).toEqual(['batch-closed', 'batch-failed', 'batch-opened', 'batch-opened']);
  });
}

describe(`${processes} services on one SQLite file`, () => {
  races(() => ({}));
});

describeWithRedis(`${processes} services on one Redis`, () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.stop());
  races(() => ({ REDIS_URL: redis.url }));
});
