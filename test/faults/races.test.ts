import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import type { StoreAddress } from './service-process.ts';
import { type RunningService, startService } from './service.ts';

const processes = 3;
const opens = 1000;
/** Rounds of each race between two requests. */
const rounds = Number(process.env['RACE_ROUNDS'] ?? 6);

/** Several servers on one store: what one process could hide by its own order of things shows here. Each race has a workflow of its own. */
function races(address: () => StoreAddress): void {
  let services: RunningService[] = [];
  let folder: string;
  let workflow = '';
  let workflows = 0;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-races-'));
    services = await Promise.all(Array.from({ length: processes }, () => startService(address(), folder)));
  });
  beforeEach(async () => {
    workflow = `wf${(workflows += 1)}`;
    writeFileSync(path.join(folder, `${workflow}.yaml`), 'job1: {}\njob2:\n  emit_to_date: true\n');
    expect((await post(0, `/load_cfg/${workflow}`))?.status).toBe(200);
  });
  afterAll(async () => {
    await Promise.all(services.map((service) => service.kill()));
    rmSync(folder, { recursive: true, force: true });
  });
  const post = (index: number, url: string) => (services[index % processes] as RunningService).call('POST', url);

  it(`gives ${opens} racing opens of ${processes} processes as many ids and records, and one head`, async () => {
    const answers = await Promise.all(
      Array.from({ length: opens }, (_, index) => post(index, `/open_batch/${workflow}`)),
    );
    expect(new Set(answers.map((answer) => answer?.status))).toEqual(new Set([200]));
    const ids = new Set(answers.map((answer) => answer?.json.job1.batch_id as number));
    expect(ids.size).toBe(opens);
    const listed = await services[0]?.call('GET', `/workflows/${workflow}/batches?kind=batch`, {
      headers: { accept: 'application/x-ndjson' },
    });
    const records = (listed?.text.trim().split('\n') ?? []).map((line) => JSON.parse(line));
    expect(new Set(records.map((record) => record.batch_id))).toEqual(ids);
    expect(records.filter(({ status }) => status === 'open').map(({ batch_id: id }) => id)).toEqual([Math.max(...ids)]);
    expect((await post(1, `/get_status/${workflow}`))?.json.job2.batch_id).toBe(Math.max(...ids));
  });

  it('lets exactly one of many racing opens in when they say if_open=reject', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => post(index, `/open_batch/${workflow}?if_open=reject`)),
    );
    expect(answers.filter((answer) => answer?.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer?.json.type === '/problems/batch-open')).toHaveLength(199);
  });

  it('has one winner when a close and a fail of the same batch race', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const id = (await post(round, `/open_batch/${workflow}`))?.json.job1.batch_id as number;
      const [closed, failed] = await Promise.all([
        post(round, `/close_batch/${workflow}?batch_id=${id}`),
        post(round + 1, `/fail_batch/${workflow}?batch_id=${id}`),
      ]);
      const status = (await post(round + 2, `/get_status/${workflow}`))?.json.job1.status;
      // Closed first, the fail is an allowed correction; failed first, the close is refused.
      const outcome = [closed?.status, failed?.status, status];
      expect([
        [200, 200, 'failed'],
        [409, 200, 'failed'],
      ]).toContainEqual(outcome);
    }
  });

  it('never closes the batch that an open has put in its place', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const id = (await post(round, `/open_batch/${workflow}`))?.json.job1.batch_id as number;
      const [closed, opened] = await Promise.all([
        post(round, `/close_batch/${workflow}?batch_id=${id}`),
        post(round + 1, `/open_batch/${workflow}`),
      ]);
      const head = (await post(round + 2, `/get_status/${workflow}`))?.json.job1;
      expect(opened?.status).toBe(200);
      expect([head.batch_id, head.status]).toEqual([opened?.json.job1.batch_id, 'open']);
      const before = (await services[0]?.call('GET', `/workflows/${workflow}/batches/${id}`))?.json;
      expect(before.status).toBe(closed?.status === 200 ? 'success' : 'failed');
      // Closed before: the window goes on from it; superseded: the same window again.
      if (closed?.status === 409) expect(head.from_date).toBe(before.jobs.job1.from_date);
      else expect(head.from_date).toBe(before.jobs.job1.batch_start);
    }
  });

  it('gives one key raced over all processes one effect and one answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        (services[index % processes] as RunningService).call('POST', `/open_batch/${workflow}`, { key: 'one-open' }),
      ),
    );
    expect(new Set(answers.map((answer) => answer?.text)).size).toBe(1);
    expect(answers.filter((answer) => answer?.replayed === false)).toHaveLength(1);
    expect((await services[0]?.call('GET', `/workflows/${workflow}/batches?kind=batch`))?.json).toHaveLength(1);
  });
}

describe(`${processes} processes on one SQLite file`, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-races-db-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  races(() => ({ file: path.join(folder, 'batchy.db') }));
});

describeWithRedis(`${processes} processes on one Redis`, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  races(() => ({ url: server.url }));
});
