import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import {
  chunkStep,
  csvWriter,
  defineJob,
  functionWriter,
  listReader,
  partitionedStep,
  type RunnableJob,
  step,
} from '../../src/authoring/index.ts';
import { ItemError } from '../../src/runner/items/item.ts';
import { appWithJobs, type AppWithJobs, type OpenStores } from './app-with-jobs.ts';

/** What a chunk step has left out, run alone: by HTTP, for any store. */
export function replayAcceptance(name: string, openStores: OpenStores): void {
  const start = (jobs: RunnableJob[], cfg: Readonly<Record<string, string>> = {}): Promise<AppWithJobs> =>
    appWithJobs({ jobs, openStores, cfg });

  /** A job whose processor refuses what `bad` holds, as long as it does. */
  function numbersJob(bad: Set<number>, written: number[], count = 25, chunkSize = 10): RunnableJob {
    return defineJob({
      name: 'Numbers',
      steps: [
        chunkStep('Load', {
          reader: listReader(Array.from({ length: count }, (_each, index) => index + 1)),
          processor: (item: number) => {
            if (bad.has(item)) throw new RangeError(`no ${item}`);
            return item * 100;
          },
          writer: functionWriter((items: readonly number[]) => void written.push(...items)),
          chunkSize,
          skip: { limit: 20 },
        }),
        step('Report', () => undefined),
      ],
    });
  }

  const replay = async (app: AppWithJobs, id: number, body?: object, query = '') =>
    app.call('POST', `/executions/${id}/skipped/replay${query}`, body === undefined ? {} : { body });
  const replayed = async (app: AppWithJobs, id: number, body?: object) => {
    const answer = await replay(app, id, body);
    expect(answer.status, answer.text).toBe(202);
    return app.ended(answer.json.execution_id);
  };
  const itemsOf = async (app: AppWithJobs, id: number, query = '') =>
    (await app.call('GET', `/executions/${id}/skipped${query}`)).json;

  describe(`replays on ${name}`, () => {
    it('runs processor and writer over what was left out, in its order, and nothing else', async () => {
      const bad = new Set([3, 14, 15, 22]);
      const written: number[] = [];
      const app = await start([numbersJob(bad, written)]);
      const first = await app.run('Numbers', { day: 1 });
      expect(first).toMatchObject({ status: 'COMPLETED', replay: null });
      expect(await itemsOf(app, first.id)).toMatchObject(
        [3, 14, 15, 22].map((item, index) => ({ number: index + 1, item, replayed_by: null, error: `no ${item}` })),
      );
      bad.clear();
      written.length = 0;
      const answer = await replay(app, first.id);
      expect([answer.status, answer.headers['location']]).toEqual([202, `/executions/${answer.json.execution_id}`]);
      expect(answer.json).toMatchObject({ items: 4, left_out: { count: 0, reasons: [] } });
      const second = await app.ended(answer.json.execution_id);
      expect(second).toMatchObject({
        status: 'COMPLETED',
        replay: { job_execution_id: first.id, step_name: 'Load' },
        parameters: { day: 1 },
      });
      expect(second.job_instance_id).not.toBe(first.job_instance_id);
      expect(written).toEqual([300, 1400, 1500, 2200]);
      expect((await app.call('GET', `/executions/${second.id}/steps`)).json).toMatchObject([
        { step_name: 'Load', read_count: 4, write_count: 4, skip_count: 0, commit_count: 1 },
      ]);
      expect((await app.call('GET', `/executions/${second.id}/graph`)).json.nodes).toMatchObject([
        { name: 'Load', status: 'COMPLETED' },
      ]);
      expect((await app.call('GET', `/executions/${second.id}/steps/Load/log`)).text).toContain(
        `replays what execution ${first.id} has left out in this step`,
      );
      expect((await itemsOf(app, first.id)).map((item: { replayed_by: number }) => item.replayed_by)).toEqual(
        Array.from({ length: 4 }, () => second.id),
      );
      expect(await itemsOf(app, first.id, '?missing=true')).toEqual([]);
      expect(await itemsOf(app, second.id)).toEqual([]);
      // It is no execution of the original instance: that is complete as before.
      expect((await app.run('Numbers', { day: 1 })).job_instance_id).toBe(first.job_instance_id);
      const before = await app.everything();
      expect(await replay(app, first.id)).toMatchObject({ status: 409, json: { type: '/problems/not-replayable' } });
      expect(await replay(app, second.id)).toMatchObject({
        status: 409,
        json: { type: '/problems/not-replayable', detail: expect.stringContaining(`execution ${first.id}`) },
      });
      expect(await app.everything()).toBe(before);
    });

    it('keeps what fails again where it was, with its new error, and a second replay takes only that', async () => {
      const bad = new Set([3, 14, 15]);
      const written: number[] = [];
      const app = await start([numbersJob(bad, written)]);
      const { id } = await app.run('Numbers', {});
      bad.delete(3);
      bad.delete(15);
      const second = await replayed(app, id);
      expect(second.status).toBe('COMPLETED');
      expect((await app.call('GET', `/executions/${second.id}/steps`)).json).toMatchObject([
        { read_count: 3, write_count: 2, process_skip_count: 1 },
      ]);
      expect(await itemsOf(app, id)).toMatchObject([
        { number: 1, item: 3, replayed_by: second.id, tried_by: null },
        { number: 2, item: 14, replayed_by: null, tried_by: second.id, error: 'no 14' },
        { number: 3, item: 15, replayed_by: second.id },
      ]);
      expect(await itemsOf(app, id, '?missing=true')).toMatchObject([{ number: 2 }]);
      bad.clear();
      written.length = 0;
      const third = await replayed(app, id);
      expect(written).toEqual([1400]);
      // Another instance than the replay before, which is complete.
      expect(third.job_instance_id).not.toBe(second.job_instance_id);
      expect(await itemsOf(app, id)).toMatchObject([{}, { replayed_by: third.id, tried_by: second.id }, {}]);
    });

    it('takes other values of parameters that do not identify, and keeps them when it is restarted', async () => {
      const written: number[] = [];
      const app = await start([
        defineJob({
          name: 'Picky',
          parameters: {
            refuse: { type: 'integer', default: 0, identifying: false },
            breaks: { type: 'boolean', default: false, identifying: false },
          },
          steps: [
            chunkStep('Load', {
              reader: listReader([1, 2, 3]),
              processor: (item: number, { parameters }) => {
                if (parameters['breaks'] === true) throw new TypeError('broken');
                if (item === parameters['refuse']) throw new RangeError(`no ${item}`);
                return item;
              },
              writer: functionWriter((items: readonly number[]) => void written.push(...items)),
              skip: { limit: 3, errors: [RangeError] },
            }),
          ],
        }),
      ]);
      const { id } = await app.run('Picky', { day: 1, refuse: 3 });
      expect(await replayed(app, id)).toMatchObject({ parameters: { refuse: 3 } });
      expect(await itemsOf(app, id, '?missing=true')).toMatchObject([{ item: 3 }]);
      const before = await app.everything();
      for (const [name, value] of [
        ['day', 2],
        ['refuse', 'none'],
        ['unknown', 1],
      ] as const) {
        const { status, json } = await replay(app, id, { parameters: { [name]: value } });
        expect([status, json.type]).toEqual([422, '/problems/invalid-parameters']);
        expect(json.errors).toMatchObject([{ pointer: `/parameters/${name}` }]);
      }
      expect(await app.everything()).toBe(before);
      const parameters = { day: 1, refuse: 0, breaks: true };
      const broken = await replayed(app, id, { step: 'Load', parameters: { refuse: 0, breaks: true } });
      expect(broken).toMatchObject({ status: 'FAILED', exit_message: 'broken', parameters });
      const { json: restarted } = await app.call('POST', `/executions/${broken.id}/restart`);
      expect(await app.ended(restarted.execution_id)).toMatchObject({ status: 'FAILED', parameters });
      const last = await replayed(app, id, { parameters: { refuse: 0 } });
      expect(last).toMatchObject({ status: 'COMPLETED', job_instance_id: broken.job_instance_id });
      expect(written).toEqual([1, 2, 3]);
    });

    it('restarts a replay that failed behind its last chunk', async () => {
      const bad = new Set([1, 2, 3, 4, 5, 6]);
      const written: number[] = [];
      let fails = true;
      const job = defineJob({
        name: 'Numbers',
        steps: [
          chunkStep('Load', {
            reader: listReader([1, 2, 3, 4, 5, 6]),
            processor: (item: number) => {
              if (bad.has(item)) throw new RangeError(`no ${item}`);
              return item;
            },
            writer: functionWriter((items: readonly number[]) => {
              if (fails && items.includes(4)) throw new TypeError('the target is away');
              written.push(...items);
            }),
            chunkSize: 2,
            skip: { limit: 20, errors: [RangeError] },
          }),
        ],
      });
      const app = await start([job]);
      const { id } = await app.run('Numbers', {});
      bad.clear();
      const failed = await replayed(app, id);
      expect(failed).toMatchObject({ status: 'FAILED', exit_message: expect.stringContaining('the target is away') });
      expect(written).toEqual([1, 2]);
      expect(await itemsOf(app, id, '?missing=true')).toMatchObject([3, 4, 5, 6].map((item) => ({ item })));
      expect((await app.call('GET', `/executions/${failed.id}/restart-plan`)).json).toMatchObject([
        { step_name: 'Load', action: 'resume' },
      ]);
      fails = false;
      const restarted = (await app.call('POST', `/executions/${failed.id}/restart`)).json;
      const again = await app.ended(restarted.execution_id);
      expect(again).toMatchObject({ status: 'COMPLETED', job_instance_id: failed.job_instance_id });
      expect(written).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await itemsOf(app, id, '?missing=true')).toEqual([]);
      // To restart what is complete ends at once and runs nothing.
      const once = (await app.call('POST', `/executions/${again.id}/restart`)).json;
      expect((await app.ended(once.execution_id)).status).toBe('COMPLETED');
      expect(written).toHaveLength(6);
    });

    it('opens no batch and moves no watermark; its step has the window, the context and the secrets of the original', async () => {
      const seen: unknown[] = [];
      let broken = true;
      const bound = defineJob({
        name: 'LoadOrders',
        workflow: 'orders',
        parameters: { db_password: { type: 'string', identifying: false, default: 'hunter2' } },
        steps: [
          step('Prepare', (ctx) => ctx.context.set('table', 'orders_1')),
          chunkStep('Load', {
            reader: listReader([{ id: 1, token: 't-1' }]),
            processor: (row, ctx) => {
              if (broken) throw new Error('no');
              seen.push(row, { ...ctx.parameters }, ctx.context.get('table'));
              return row;
            },
            writer: functionWriter(() => undefined),
            skip: { limit: 1 },
          }),
        ],
      });
      const app = await start([bound], { orders: 'customers:\n  from_date: "2026-01-01"\n' });
      await app.call('POST', '/load_cfg/orders');
      const first = await app.run('LoadOrders', {});
      expect(first.status).toBe('COMPLETED');
      const status = (await app.call('GET', '/get_status/orders')).text;
      const history = (await app.call('GET', '/workflows/orders/batches')).text;
      broken = false;
      app.clock.advance({ hours: 1 });
      const second = await replayed(app, first.id);
      expect(second).toMatchObject({ status: 'COMPLETED', batch: null });
      expect(seen).toEqual([
        { id: 1, token: 't-1' },
        { db_password: 'hunter2', from_date: first.batch.from_date, to_date: first.batch.to_date },
        'orders_1',
      ]);
      expect((await itemsOf(app, first.id))[0].item).toEqual({ id: 1, token: '***' });
      expect((await app.call('GET', '/get_status/orders')).text).toBe(status);
      expect((await app.call('GET', '/workflows/orders/batches')).text).toBe(history);
    });

    it('gives the processor the very item, and says which ones it cannot give', async () => {
      const given: unknown[] = [];
      let broken = true;
      const items = [
        {
          n: 2n ** 64n,
          at: new Date('2026-11-21T12:00:00Z'),
          raw: Buffer.from([0, 255]),
          none: undefined,
          nan: Number.NaN,
        },
        { rows: new Map([[1, 2]]) },
        { text: 'x'.repeat(100_001) },
        { plain: 1.5 },
      ];
      let next = 0;
      const job = defineJob({
        name: 'Odd',
        steps: [
          chunkStep('Load', {
            reader: () => ({
              open: async () => void (next = 0),
              read: async () => {
                next += 1;
                if (next === 3) throw new ItemError('bad quotes', { position: 'line 3', item: 'a"b' });
                return items[next > 3 ? next - 2 : next - 1] ?? null;
              },
              checkpoint: () => next,
              close: async () => {},
            }),
            processor: (item) => {
              if (broken) throw new Error('not yet');
              given.push(item);
              return item;
            },
            writer: functionWriter(() => undefined),
            skip: { limit: 9 },
          }),
        ],
      });
      const app = await start([job]);
      const { id } = await app.run('Odd', {});
      broken = false;
      const answer = await replay(app, id, undefined, '?wait=20');
      expect(answer.json).toMatchObject({
        status: 'COMPLETED',
        items: 2,
        left_out: {
          count: 3,
          reasons: [
            expect.stringContaining('its rows is a Map'),
            expect.stringContaining('it could not be read'),
            expect.stringContaining('100000 are kept at most'),
          ],
        },
      });
      expect(answer.json.message).toContain('replays 2 items that step Load');
      expect(answer.json.message).toContain('3 cannot be replayed');
      expect(given).toStrictEqual([items[0], items[3]]);
      expect(await itemsOf(app, id, '?missing=true')).toMatchObject([
        { phase: 'process', obstacle: expect.stringContaining('Map') },
        { phase: 'read', item: 'a"b', position: 'line 3', obstacle: expect.stringContaining('could not be read') },
        { phase: 'process', obstacle: expect.stringContaining('kept at most') },
      ]);
      expect((await replay(app, id)).json.detail).toContain('3 cannot be replayed: its rows is a Map');
    });

    it('writes to a file behind what the step had written, however often', async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'batchy-replay-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const file = path.join(folder, 'out.csv');
      const bad = new Set(['b', 'd']);
      let fails = true;
      const job = defineJob({
        name: 'ToFile',
        steps: [
          chunkStep('Write', {
            reader: listReader(['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id }))),
            processor: (row: { id: string }) => {
              if (bad.has(row.id)) throw new RangeError(`no ${row.id}`);
              if (row.id === 'f' && fails) throw new Error('stop here');
              return row;
            },
            writer: csvWriter(file),
            chunkSize: 2,
            skip: { limit: 9, errors: [RangeError] },
          }),
        ],
      });
      const app = await start([job]);
      const first = await app.run('ToFile', {});
      expect(first.status).toBe('FAILED');
      for (const [mended, expected] of [
        ['b', 'id\na\nc\nb\n'],
        ['d', 'id\na\nc\nb\nd\n'],
      ] as const) {
        bad.delete(mended);
        expect((await replayed(app, first.id)).status).toBe('COMPLETED');
        expect(readFileSync(file, 'utf8')).toBe(expected);
      }
      // What the instance has not written yet follows, and nothing is cut off.
      fails = false;
      expect((await app.run('ToFile', {})).status).toBe('COMPLETED');
      expect(readFileSync(file, 'utf8')).toBe('id\na\nc\nb\nd\ne\nf\n');
    });

    it('refuses what cannot be replayed, and changes nothing', async () => {
      const bad = new Set([1, 2]);
      const gate = Promise.withResolvers<void>();
      const twice = (jobName: string) =>
        defineJob({
          name: jobName,
          steps: ['One', 'Two'].map((stepName) =>
            chunkStep(stepName, {
              reader: listReader([1, 2, 3]),
              processor: (item: number) => {
                if (bad.has(item)) throw new Error(`no ${item}`);
                return item;
              },
              writer: functionWriter(() => (jobName === 'Slow' && stepName === 'Two' ? gate.promise : undefined)),
              chunkSize: 2,
              skip: { limit: 9 },
            }),
          ),
        });
      const jobs = [twice('Twice'), twice('Slow'), defineJob({ name: 'Task', steps: [step('Only', () => undefined)] })];
      const app = await start(jobs);
      const both = (await app.run('Twice', {})).id;
      const task = (await app.run('Task', {})).id;
      const { id: slow } = await app.launch('Slow', {});
      const gone = (await app.run('Twice', { other: 1 })).id;
      jobs.shift();
      const before = await app.everything();
      const refusals: [unknown, number, string, RegExp][] = [
        [await replay(app, 999), 404, 'unknown-execution', /no execution 999/],
        [await replay(app, slow), 409, 'already-running', /Wait for its end, or stop it/],
        [await replay(app, task), 409, 'not-replayable', /No step of execution \d+ has left nothing|left nothing out/],
        [await replay(app, task, { step: 'Only' }), 422, 'invalid-body', /no chunk step/],
        [await replay(app, task, { step: 'Nope' }), 422, 'invalid-body', /no step "Nope"/],
        [await replay(app, task, { steps: 'Only' }), 422, 'invalid-body', /only step and parameters are known/],
        [await replay(app, task, { step: 7 }), 422, 'invalid-body', /name of a step/],
        [await replay(app, task, ['Only']), 422, 'invalid-body', /an object with step/],
        [await replay(app, gone), 404, 'unknown-job-definition', /no job "Twice"/],
      ];
      for (const [answer, status, type, detail] of refusals)
        expect(answer, type).toMatchObject({
          status,
          json: { type: `/problems/${type}`, detail: expect.stringMatching(detail) },
        });
      expect(await app.everything()).toBe(before);
      jobs.unshift(twice('Twice'));
      expect((await replay(app, both)).json).toMatchObject({
        type: '/problems/invalid-body',
        detail: expect.stringContaining('say which: "One", "Two"'),
        errors: [{ pointer: '/step' }],
      });
      bad.clear();
      expect((await replayed(app, both, { step: 'Two' })).replay).toEqual({ job_execution_id: both, step_name: 'Two' });
      expect(await itemsOf(app, both, '?missing=true')).toMatchObject([{ step_name: 'One' }, { step_name: 'One' }]);
      // Run afresh, the items are read again.
      const forced = await app.run('Twice', {}, '?force=true');
      expect((await replay(app, both, { step: 'One' })).json).toMatchObject({
        type: '/problems/not-replayable',
        detail: expect.stringContaining(`run afresh by execution ${forced.id}`),
      });
      gate.resolve();
      await app.ended(slow);
    });

    it('runs beside nothing that writes to the same target, and has one effect under one key', async () => {
      const bad = new Set([1, 2]);
      const gate = Promise.withResolvers<void>();
      let waits = false;
      let writes = 0;
      const job = defineJob({
        name: 'Slow',
        steps: [
          chunkStep('Load', {
            reader: listReader([1, 2, 3]),
            processor: (item: number) => {
              if (bad.has(item)) throw new Error(`no ${item}`);
              return item;
            },
            writer: functionWriter(async () => {
              writes += 1;
              if (waits) await gate.promise;
            }),
            skip: { limit: 9 },
          }),
          step('Fails', () => {
            throw new Error('always');
          }),
        ],
      });
      const app = await start([job]);
      const { id } = await app.run('Slow', {});
      bad.clear();
      waits = true;
      writes = 0;
      const headers = { 'idempotency-key': 'k1' };
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => app.call('POST', `/executions/${id}/skipped/replay`, { headers })),
      );
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      const racing = await Promise.all(Array.from({ length: 5 }, () => replay(app, id)));
      expect(racing.map(({ json }) => json.type)).toEqual(racing.map(() => '/problems/already-running'));
      // Neither may the instance go on meanwhile: its step would write beside the replay.
      expect(await app.call('POST', '/jobs/Slow/launch', { body: {} })).toMatchObject({
        status: 409,
        json: { type: '/problems/already-running', detail: expect.stringContaining('replays items of execution') },
      });
      gate.resolve();
      await app.ended(answers[0]?.json.execution_id);
      expect(writes).toBe(1);
      expect((await app.launch('Slow', {})).job_instance_id).toBe(1);
    });

    it('is told from the launches of a job that numbers them, and from what is launched meanwhile', async () => {
      const seen: unknown[] = [];
      let broken = true;
      const job = defineJob({
        name: 'Nightly',
        newInstancePerLaunch: true,
        maxConcurrent: 1,
        steps: [
          chunkStep('Load', {
            reader: listReader(['a']),
            processor: (item, ctx) => {
              if (broken) throw new Error('no');
              seen.push([item, ctx.parameters['run_id']]);
              return item;
            },
            writer: functionWriter(() => undefined),
            skip: { limit: 1 },
          }),
        ],
      });
      const app = await start([job]);
      const first = await app.run('Nightly', {});
      broken = false;
      expect((await replayed(app, first.id)).status).toBe('COMPLETED');
      const second = await app.run('Nightly', {});
      // A number of its own, and the next one: the replay has taken none.
      expect(seen).toEqual([
        ['a', 1],
        ['a', 2],
      ]);
      expect(second.job_instance_id).not.toBe(first.job_instance_id);
      expect((await app.call('GET', `/instances/${first.job_instance_id}/executions`)).json).toHaveLength(1);
    });

    it('replays the parts of a partitioned step, each with its range', async () => {
      const seen: unknown[] = [];
      let broken = true;
      const job = defineJob({
        name: 'Parts',
        steps: [
          partitionedStep('Load', {
            partition: () => [{ region: 'eu' }, { region: 'us' }],
            reader: (ctx) => [`${ctx.partition.region}-1`, 'fine'],
            processor: (item, ctx) => {
              if (broken && item !== 'fine') throw new Error('no');
              if (!broken) seen.push([item, ctx.partition]);
              return item;
            },
            writer: functionWriter(() => undefined),
            skip: { limit: 5 },
          }),
        ],
      });
      const app = await start([job]);
      const { id } = await app.run('Parts', {});
      broken = false;
      expect((await replay(app, id)).json.detail).toContain('"Load:partition0", "Load:partition1"');
      expect((await replay(app, id, { step: 'Load' })).json.detail).toContain('is partitioned');
      expect((await replayed(app, id, { step: 'Load:partition1' })).status).toBe('COMPLETED');
      expect(seen).toEqual([['us-1', { region: 'us' }]]);
      expect(await itemsOf(app, id, '?missing=true')).toMatchObject([{ step_name: 'Load:partition0' }]);
    });

    it('tells of skipped items in pages that begin where the last one ended', async () => {
      const bad = new Set(Array.from({ length: 17 }, (_each, index) => index + 1));
      const app = await start([numbersJob(bad, [], 20)]);
      const { id } = await app.run('Numbers', {});
      for (const item of [2, 5, 6]) bad.delete(item);
      await replayed(app, id);
      const pages = async (query: string): Promise<number[]> => {
        const numbers: number[] = [];
        for (let next: string | undefined = `/executions/${id}/skipped?limit=4${query}`; next !== undefined;) {
          const { json, headers } = await app.call('GET', next);
          expect(json.length).toBeLessThanOrEqual(4);
          numbers.push(...(json as { item: number }[]).map(({ item }) => item));
          next = /^<([^>]+)>/.exec((headers['link'] as string | undefined) ?? '')?.[1];
        }
        return numbers;
      };
      expect(await pages('')).toEqual(Array.from({ length: 17 }, (_each, index) => index + 1));
      expect(await pages('&missing=true')).toEqual([1, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
    });
  });
}
