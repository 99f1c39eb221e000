import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type JobService, startJobService } from '../faults/job-service.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';

const shipped = path.resolve(import.meta.dirname, '../../cfg');

/** The jobs that are shipped, by a service as it is started, which runs them in its own process for jobs. */
function samples(environment: () => Readonly<Record<string, string>>): void {
  let folder = '';
  let service: JobService;
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-samples-'));
    cpSync(shipped, path.join(folder, 'cfg'), { recursive: true });
    service = await startJobService(folder, environment());
  });
  afterEach(async () => {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(job: string, body: object = {}, query = '') {
    const launched = await service.call('POST', `/jobs/${job}/launch${query}`, body);
    expect(launched, job).toMatchObject({ status: 202 });
    const execution = await service.ended(launched.json.execution_id);
    return { execution, steps: (await service.call('GET', `/executions/${execution.id}/steps`)).json };
  }

  /** Counters, and a restart that skips what is done. */
  async function count(): Promise<void> {
    const counted = {
      execution: { status: 'COMPLETED' },
      steps: [{ read_count: 50, write_count: 25, filter_count: 25, commit_count: 5 }],
    };
    expect(await run('ChunkJob')).toMatchObject(counted);
    expect(await run('ChunkJob', {}, '?force=true')).toMatchObject(counted);
    const failed = {
      step_name: 'ErrorStep',
      status: 'FAILED',
      exit_message: expect.stringContaining('Something went wrong!'),
    };
    expect((await run('FailingJob')).steps).toMatchObject([{ step_name: 'Step1', status: 'COMPLETED' }, failed]);
    expect((await run('FailingJob')).steps).toMatchObject([failed]);
  }

  async function retry(): Promise<void> {
    const [twice, always] = await Promise.all([run('RetryJob', { failures: 2 }), run('RetryJob', { failures: 9 })]);
    expect(twice).toMatchObject({
      execution: { status: 'COMPLETED' },
      steps: [{}, { retry_count: 2 }, { status: 'COMPLETED' }],
    });
    expect(always).toMatchObject({
      execution: { status: 'FAILED' },
      steps: [{}, { retry_count: 3, status: 'FAILED' }],
    });
  }

  /** In two goes, each row once. */
  async function load(): Promise<void> {
    expect((await service.call('POST', '/load_cfg/orders')).status).toBe(200);
    const first = await run('LoadOrders', { fail_at: 50_000 });
    expect(first).toMatchObject({
      execution: { status: 'FAILED' },
      steps: [
        { step_name: 'Prepare', status: 'COMPLETED' },
        { step_name: 'Extract', status: 'COMPLETED', read_count: 100_000, write_count: 100_000, commit_count: 10 },
        { step_name: 'Load', status: 'FAILED', read_count: 49_000, commit_count: 49 },
      ],
    });
    const second = await run('LoadOrders');
    const { from_date: from, to_date: to } = first.execution.batch;
    expect(second).toMatchObject({
      execution: {
        status: 'COMPLETED',
        job_instance_id: first.execution.job_instance_id,
        batch: { from_date: from, to_date: to },
      },
      steps: [
        { step_name: 'Load', status: 'COMPLETED', read_count: 51_000, commit_count: 51 },
        { step_name: 'Count', status: 'COMPLETED' },
      ],
    });
    const written: number = first.steps[2].write_count + second.steps[0].write_count;
    const orders = new DatabaseSync(path.join(folder, 'data/samples/orders.db'), { readOnly: true });
    expect({ ...orders.prepare('select count(*) count from orders').get() }).toEqual({ count: written });
    orders.close();
    const head = (await service.call('POST', '/get_status/orders')).json.extract_orders;
    expect(head).toMatchObject({ status: 'success', batch_id: second.execution.batch.batch_id });
  }

  /** Spec 3 A 15: workers of two languages that share a date; mended, only what is unfinished runs. */
  async function runTasks(): Promise<void> {
    const load = path.join('workers', 'load.ts');
    writeFileSync(path.join(folder, 'cfg', load), 'process.exit(0);\n');
    const failed = await run('daily-load');
    expect(failed.execution).toMatchObject({ status: 'FAILED' });
    expect(namesOf(failed.steps, 'COMPLETED').toSorted()).toEqual(['download orders', 'download prices', 'start']);
    expect(namesOf(failed.steps, 'FAILED')).toEqual(['load']);
    cpSync(path.join(shipped, load), path.join(folder, 'cfg', load));
    const restarted = await service.call('POST', `/executions/${failed.execution.id}/restart`);
    const { id, status } = await service.ended(restarted.json.execution_id);
    expect(status).toBe('COMPLETED');
    const steps = (await service.call('GET', `/executions/${id}/steps`)).json;
    expect(namesOf(steps, 'COMPLETED')).toEqual(['load', 'write', 'end']);
  }

  /** Tried again, it is there; given up, nothing is left of it. */
  async function provision(): Promise<void> {
    const [made, undone] = await Promise.all([
      run('provision', { fails: 1, size: 3 }),
      run('provision', { fails: 2, attempts: 2 }),
    ]);
    const server = ({ id }: { id: number }): string => path.join(folder, `data/samples/provision/server-${id}`);
    expect(made.execution).toMatchObject({ status: 'COMPLETED' });
    const machine = ['create_volume', 'create_key', 'attach', 'check'];
    const reverts = ['attach', 'create_key', 'create_volume'];
    expect(made.steps.map((step: { step_name: string }) => step.step_name)).toEqual([
      'make_folder',
      ...machine,
      ...reverts,
      ...machine,
    ]);
    expect(readdirSync(server(made.execution)).sort()).toEqual(['key', 'server.json', 'volume']);
    expect(statSync(path.join(server(made.execution), 'volume')).size).toBe(3 * 1024);
    expect(undone).toMatchObject({
      execution: { status: 'REVERTED', exit_message: 'check: the server does not answer in attempt 2' },
    });
    expect(undone.steps.at(-1)).toMatchObject({ step_name: 'make_folder', phase: 'revert', task_state: 'REVERTED' });
    expect(existsSync(server(undone.execution))).toBe(false);
  }

  it('count what they do, retry, and go on where they failed', async () => {
    await Promise.all([count(), retry(), load(), runTasks(), provision()]);
  });
}

function namesOf(steps: readonly { step_name: string; status: string }[], wanted: string): string[] {
  return steps.flatMap(({ step_name: name, status }) => (status === wanted ? [name] : []));
}

describe('the sample jobs, on the embedded store', () => {
  samples(() => ({}));
});

describeWithRedis('the sample jobs, on Redis', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(() => redis.stop());
  samples(() => ({ REDIS_URL: redis.url }));
});
