import { once } from 'node:events';

import { describe, expect, it } from 'vitest';

import { chunkStep, defineJob, functionWriter, listReader, type RunnableJob, step } from '../../src/authoring/index.ts';
import { appWithJobs, type AppWithJobs, type OpenStores } from './app-with-jobs.ts';

/** The acceptance of jobs, by HTTP, for any store: the same suite for each. The conductor runs in the test's own process. */
export function jobAcceptance(name: string, openStores: OpenStores): void {
  const start = (jobs: readonly RunnableJob[], cfg: Readonly<Record<string, string>> = {}): Promise<AppWithJobs> =>
    appWithJobs({ jobs, openStores, cfg });

  const sample = () =>
    defineJob({ name: 'SampleJob', steps: [step('Step1', () => undefined), step('Step2', () => undefined)] });

  async function stepsOf(app: AppWithJobs, id: number): Promise<Record<string, unknown>[]> {
    return (await app.call('GET', `/executions/${id}/steps`)).json;
  }

  describe(`jobs on ${name}`, () => {
    it('1: {} and no body are one instance; the second launch completes at once without steps', async () => {
      const app = await start([sample()]);
      const first = await app.run('SampleJob', {});
      expect(first).toMatchObject({ status: 'COMPLETED', exit_code: 'COMPLETED' });
      const second = await app.run('SampleJob');
      expect(second.job_instance_id).toBe(first.job_instance_id);
      expect(second).toMatchObject({ status: 'COMPLETED', id: first.id + 1 });
      expect(await stepsOf(app, second.id)).toEqual([]);
    });

    it('2: force=true runs every step again', async () => {
      const app = await start([sample()]);
      await app.run('SampleJob', {});
      const forced = await app.run('SampleJob', {}, '?force=true');
      expect((await stepsOf(app, forced.id)).map((each) => each['step_name'])).toEqual(['Step1', 'Step2']);
    });

    it('3: a failed step: the message on both; a relaunch runs only it', async () => {
      const failing = defineJob({
        name: 'FailingJob',
        steps: [
          step('Step1', () => undefined),
          step('ErrorStep', () => {
            throw new Error('Something went wrong!');
          }),
        ],
      });
      const app = await start([failing]);
      const first = await app.run('FailingJob', {});
      expect(first).toMatchObject({ status: 'FAILED' });
      expect(first.exit_message).toContain('Something went wrong!');
      expect(await stepsOf(app, first.id)).toMatchObject([
        { step_name: 'Step1', status: 'COMPLETED' },
        { step_name: 'ErrorStep', status: 'FAILED', exit_message: expect.stringContaining('Something went wrong!') },
      ]);
      const second = await app.run('FailingJob', {});
      expect((await stepsOf(app, second.id)).map((each) => each['step_name'])).toEqual(['ErrorStep']);
    });

    it('4: retries of a step', async () => {
      let fails = 2;
      const retrying = (jobName: string, failures: () => boolean) =>
        defineJob({
          name: jobName,
          steps: [
            step(
              'Flaky',
              () => {
                if (failures()) throw new Error('not yet');
              },
              { maxRetries: 3, retryDelay: 0 },
            ),
            step('Step2', () => undefined),
          ],
        });
      const app = await start([retrying('Flaky', () => (fails -= 1) >= 0), retrying('Hopeless', () => true)]);
      const flaky = await app.run('Flaky', {});
      expect(flaky.status).toBe('COMPLETED');
      expect((await stepsOf(app, flaky.id))[0]).toMatchObject({ retry_count: 2 });
      const hopeless = await app.run('Hopeless', {});
      expect(hopeless.status).toBe('FAILED');
      expect(await stepsOf(app, hopeless.id)).toMatchObject([{ step_name: 'Flaky', retry_count: 3 }]);
    });

    it('5, 6: parameters are typed, and identify by type', async () => {
      const app = await start([sample()]);
      const body = '{"start_date":"2024-01-01","batch_size":100,"threshold":0.95}';
      const launched = await app.run('SampleJob', body);
      const rows = (await app.call('GET', `/instances/${launched.job_instance_id}/parameters`)).json;
      expect(rows).toMatchObject([
        { key_name: 'start_date', date_value: expect.stringContaining('2024-01-01') },
        { key_name: 'batch_size', long_value: 100 },
        { key_name: 'threshold', double_value: 0.95 },
      ]);
      const ids = [];
      for (const text of ['{"a":1,"b":2}', '{"a":"1","b":2}', '{"b":2,"a":1}', '{"a":1.0,"b":2}'])
        ids.push((await app.run('SampleJob', text)).job_instance_id);
      expect(ids[2]).toBe(ids[0]);
      expect(new Set(ids).size).toBe(3);
    });

    it('7, 8: a chunk job counts what it does', async () => {
      const written: unknown[] = [];
      const chunks = (jobName: string, count: number) =>
        defineJob({
          name: jobName,
          steps: [
            chunkStep('Squares', {
              reader: listReader(Array.from({ length: count }, (_each, index) => index + 1)),
              processor: (item: number) => (item % 2 === 0 ? item * item : null),
              writer: functionWriter((items: readonly number[]) => void written.push(...items)),
              chunkSize: 10,
            }),
          ],
        });
      const app = await start([chunks('ChunkJob', 50), chunks('Small', 25)]);
      const expected = { read_count: 50, write_count: 25, filter_count: 25, commit_count: 5 };
      expect(await stepsOf(app, (await app.run('ChunkJob', {})).id)).toMatchObject([expected]);
      expect(await stepsOf(app, (await app.run('ChunkJob', {}, '?force=true')).id)).toMatchObject([expected]);
      expect(await stepsOf(app, (await app.run('Small', {})).id)).toMatchObject([{ commit_count: 3 }]);
      expect(written).toHaveLength(25 + 25 + 12);
    });

    it('10: of many racing launches of an instance one runs', async () => {
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const slow = defineJob({ name: 'Slow', steps: [step('Wait', () => released)] });
      const app = await start([slow]);
      const answers = await Promise.all(
        Array.from({ length: 200 }, () => app.call('POST', '/jobs/Slow/launch', { body: {} })),
      );
      release();
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 202)).toHaveLength(1);
      expect(statuses.filter((status) => status === 409)).toHaveLength(199);
      await app.ended(1);
    });

    it('11: a stop that comes in the midst of a chunk lets that one end, and begins no other; a restart completes', async () => {
      const numbers = Array.from({ length: 100 }, (_each, index) => index);
      const isWriting = Promise.withResolvers<void>();
      const written: number[] = [];
      const stoppable = defineJob({
        name: 'Stoppable',
        steps: [
          chunkStep('Load', {
            reader: listReader(numbers),
            writer: functionWriter(async (items: readonly number[], _chunk, { signal }) => {
              if (items.includes(15)) {
                isWriting.resolve();
                await whenAborted(signal);
              }
              written.push(...items);
            }),
            chunkSize: 10,
          }),
        ],
      });
      const app = await start([stoppable]);
      const { id } = await app.launch('Stoppable', {});
      await isWriting.promise;
      expect((await app.call('POST', `/executions/${id}/stop`)).status).toBe(202);
      expect((await app.ended(id)).status).toBe('STOPPED');
      expect(written).toEqual(numbers.slice(0, 20));
      expect(await stepsOf(app, id)).toMatchObject([{ status: 'STOPPED', write_count: 20, commit_count: 2 }]);
      const again = await app.run('Stoppable', {});
      expect(again.status).toBe('COMPLETED');
      expect(written).toEqual(numbers);
    });

    it('12: a bound job that fails gets the same window again and skips what is done; then the next window', async () => {
      let broken = true;
      const windows: unknown[] = [];
      const ran: string[] = [];
      const bound = defineJob({
        name: 'LoadOrders',
        workflow: 'orders',
        steps: [
          step('Download', (ctx) => {
            ran.push('Download');
            windows.push([ctx.parameters['from_date'], ctx.parameters['to_date']]);
          }),
          step('Load', () => {
            ran.push('Load');
            if (broken) throw new Error('the database is away');
          }),
        ],
      });
      const app = await start([bound], { orders: 'customers:\n  from_date: "2026-01-01"\n' });
      await app.call('POST', '/load_cfg/orders');
      const first = await app.run('LoadOrders', {});
      expect(first).toMatchObject({ status: 'FAILED', batch: { workflow: 'orders' } });
      expect((await app.call('GET', '/get_status/orders')).json.customers.status).toBe('failed');
      broken = false;
      app.clock.advance({ hours: 1 });
      const second = await app.run('LoadOrders', {});
      expect(second).toMatchObject({ status: 'COMPLETED', job_instance_id: first.job_instance_id });
      expect(second.batch).toMatchObject({ from_date: first.batch.from_date, to_date: first.batch.to_date });
      expect(ran).toEqual(['Download', 'Load', 'Load']);
      expect((await app.call('GET', '/get_status/orders')).json.customers.status).toBe('success');
      app.clock.advance({ hours: 1 });
      const third = await app.run('LoadOrders', {});
      expect(third.job_instance_id).not.toBe(first.job_instance_id);
      expect(third.batch.from_date).toBe(first.batch.to_date);
      expect(windows).toHaveLength(2);
    });

    it('13: a forced execution that fails is what the next launch goes on from', async () => {
      let fails = false;
      const job = defineJob({
        name: 'Twice',
        steps: [
          step('One', () => undefined),
          step('Two', () => {
            if (fails) throw new Error('no');
          }),
        ],
      });
      const app = await start([job]);
      await app.run('Twice', {});
      fails = true;
      expect((await app.run('Twice', {}, '?force=true')).status).toBe('FAILED');
      fails = false;
      const third = await app.run('Twice', {});
      expect((await stepsOf(app, third.id)).map((each) => each['step_name'])).toEqual(['Two']);
    });

    it('numbers the launches of a job that wants it, and nobody else does', async () => {
      const job = defineJob({ name: 'Nightly', newInstancePerLaunch: true, steps: [step('Load', () => undefined)] });
      const app = await start([job]);
      const [first, second] = [await app.run('Nightly', {}), await app.run('Nightly', {})];
      expect(second.job_instance_id).not.toBe(first.job_instance_id);
      expect((await stepsOf(app, second.id)).map((each) => each['step_name'])).toEqual(['Load']);
      expect(await app.call('POST', '/jobs/Nightly/launch', { body: { run_id: 7 } })).toMatchObject({
        status: 422,
        json: { type: '/problems/invalid-parameters', errors: [{ pointer: '/run_id' }] },
      });
    });

    it('an abandoned execution does not hold up the watermark: the window comes again, as an instance of its own', async () => {
      let fails = true;
      const seen: string[][] = [];
      const bound = defineJob({
        name: 'Bound',
        workflow: 'orders',
        steps: [
          step('Load', (ctx) => {
            seen.push(Object.keys(ctx.parameters).sort());
            if (fails) throw new Error('no');
          }),
        ],
      });
      const app = await start([bound], { orders: 'customers:\n  from_date: "2026-01-01"\n' });
      await app.call('POST', '/load_cfg/orders');
      const first = await app.run('Bound', {});
      expect((await app.call('POST', `/executions/${first.id}/abandon`)).status).toBe(202);
      fails = false;
      const second = await app.run('Bound', {});
      expect(second).toMatchObject({ status: 'COMPLETED', batch: { from_date: first.batch.from_date } });
      expect(second.job_instance_id).not.toBe(first.job_instance_id);
      expect(seen).toEqual([
        ['batch_id', 'from_date', 'to_date'],
        ['batch_id', 'from_date', 'to_date'],
      ]);
    });

    it('success → failed: the execution that loaded the window is ABANDONED, and a launch runs it whole', async () => {
      let broken = true;
      const ran: string[] = [];
      const bound = defineJob({
        name: 'Bound',
        workflow: 'orders',
        steps: [
          step('Download', () => void ran.push('Download')),
          step('Load', () => {
            ran.push('Load');
            if (broken) throw new Error('no');
          }),
        ],
      });
      const app = await start([bound], { orders: 'customers:\n  from_date: "2026-01-01"\n' });
      await app.call('POST', '/load_cfg/orders');
      const statusOf = async (id: number) => (await app.call('GET', `/executions/${id}`)).json.status;
      const undo = async (batchId: number) =>
        (await app.call('POST', `/fail_batch/orders?batch_id=${batchId}&reason=half of it is missing`)).status;

      const failed = await app.run('Bound', {});
      broken = false;
      const loaded = await app.run('Bound', {});
      expect(loaded).toMatchObject({ status: 'COMPLETED', job_instance_id: failed.job_instance_id });
      app.clock.advance({ hours: 1 });
      expect(await undo(loaded.batch.batch_id)).toBe(200);
      const abandoned = (await app.call('GET', `/executions/${loaded.id}`)).json;
      expect(abandoned).toMatchObject({ status: 'ABANDONED', end_time: loaded.end_time });
      expect(abandoned.exit_message).toContain('half of it is missing');
      const journal = (await app.call('GET', '/workflows/orders/journal')).json;
      expect(journal).toContainEqual(
        expect.objectContaining({
          type: 'execution-changed',
          batch_id: loaded.batch.batch_id,
          reason: abandoned.exit_message,
          execution: expect.objectContaining({ id: loaded.id, before: 'COMPLETED', after: 'ABANDONED' }),
        }),
      );
      for (const id of [failed.id, loaded.id])
        expect((await app.call('POST', `/executions/${id}/restart`)).json.detail).toMatch(/abandoned/i);
      ran.length = 0;
      const whole = await app.run('Bound', {});
      expect(whole).toMatchObject({
        status: 'COMPLETED',
        batch: { from_date: loaded.batch.from_date, to_date: loaded.batch.to_date },
      });
      expect(whole.job_instance_id).not.toBe(loaded.job_instance_id);
      expect(ran).toEqual(['Download', 'Load']);

      // A backfill, and one more launch of it that had nothing left to do.
      const window = { from_date: '2025-01-01', to_date: '2025-01-02' };
      const backfill = await app.run('Bound', window);
      const idle = await app.run('Bound', window);
      expect(idle).toMatchObject({ status: 'COMPLETED', batch: null });
      expect(await undo(backfill.batch.batch_id)).toBe(200);
      expect([await statusOf(backfill.id), await statusOf(idle.id)]).toEqual(['ABANDONED', 'ABANDONED']);
      ran.length = 0;
      expect((await app.run('Bound', window)).job_instance_id).not.toBe(backfill.job_instance_id);
      expect(ran).toEqual(['Download', 'Load']);
      expect(await statusOf(whole.id)).toBe('COMPLETED');
    });

    it('refuses what somebody else has open, and leaves the batch as it was', async () => {
      const bound = defineJob({ name: 'Bound', workflow: 'orders', steps: [step('Load', () => undefined)] });
      const app = await start([bound], { orders: 'customers:\n  from_date: "2026-01-01"\n' });
      await app.call('POST', '/load_cfg/orders');
      await app.call('POST', '/open_batch/orders');
      const before = await app.everything();
      expect(await app.call('POST', '/jobs/Bound/launch', { body: {} })).toMatchObject({
        status: 409,
        json: { type: '/problems/batch-open' },
      });
      expect(await app.everything()).toBe(before);
      expect((await app.run('Bound', {}, '?supersede=true')).status).toBe('COMPLETED');
    });
  });
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
