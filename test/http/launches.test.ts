import { expect, test } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { fixedCatalog } from './fixed-catalog.ts';
import { testApp } from './test-app.ts';

/** The real services, on a store in memory; nothing runs what is launched, so each execution stands where it was put. */
async function launchApp() {
  const app = await testApp({
    cfg: { orders: 'job1:\n  from_date: 2026-11-20\n' },
    jobSide: fixedCatalog(
      { name: 'Plain' },
      { name: 'Strict', additionalParameters: false, parameters: { day: { type: 'date', required: true } } },
      { name: 'Bound', workflow: 'orders' },
      { name: 'Single', maxConcurrent: 1 },
      { name: 'Once', restartable: false },
      { name: 'Nightly', newInstancePerLaunch: true },
      { name: 'Etl', newInstancePerLaunch: true, queue: 'etl', priority: 'low' },
    ),
  });
  const launch = async (job: string, body?: unknown, query = '') =>
    app.call('POST', `/jobs/${job}/launch${query}`, body === undefined ? {} : { body });
  const command = async (name: string, id: number) => app.call('POST', `/executions/${id}/${name}`);
  return { ...app, launch, command };
}

const typeOf = (called: { json: { type?: string } }): string => called.json.type?.replace('/problems/', '') ?? '';

test('no body and an empty one are the same instance; key order does not matter, types do', async () => {
  const { call, launch, command } = await launchApp();
  const bodies = [undefined, {}, { a: 1, b: 2 }, { b: 2, a: 1 }, { a: '1', b: 2 }, { a: true, b: 2 }];
  const instances: number[] = [];
  for (const body of bodies) {
    const { status, json } = await launch('Plain', body);
    expect(status).toBe(202);
    instances.push(json.job_instance_id as number);
    await command('stop', json.execution_id as number);
  }
  expect(instances).toEqual([1, 1, 2, 2, 3, 4]);
  expect((await call('GET', '/instances')).json).toHaveLength(4);
  const raw = await call('POST', '/jobs/Plain/launch', { rawBody: '{"a":1.0,"b":2}' });
  expect(raw.json.job_instance_id).toBe(5);
});

test('parameters that do not fit are refused before anything is stored', async () => {
  const { launch, everything } = await launchApp();
  const before = await everything();
  for (const [body, pointer] of [
    [undefined, '/day'],
    [{ day: '2024-02-30' }, '/day'],
    [{ day: '2024-02-28', other: 1 }, '/other'],
  ] as const) {
    const refused = await launch('Strict', body);
    expect([refused.status, typeOf(refused)]).toEqual([422, 'invalid-parameters']);
    expect(refused.json.errors).toMatchObject([{ pointer }]);
  }
  expect(typeOf(await launch('Nope'))).toBe('unknown-job-definition');
  expect((await launch('Nope')).json.detail).toContain('"Plain"');
  expect(await everything()).toBe(before);
});

test('three parameters are three rows, each with the value of its type', async () => {
  const { call, launch } = await launchApp();
  await launch('Plain', { start_date: '2024-01-01', batch_size: 100, threshold: 0.95 });
  expect((await call('GET', '/instances/1/parameters')).json).toMatchObject([
    { key_name: 'start_date', date_value: '2024-01-01', long_value: null },
    { key_name: 'batch_size', long_value: 100, double_value: null },
    { key_name: 'threshold', double_value: 0.95, string_value: null },
  ]);
});

test('a launch waits as its job says, or as it says itself; one that says nothing has nothing stored of it', async () => {
  const { call, launch, command, everything } = await launchApp();
  const waits = async (id: number): Promise<unknown> => {
    const { queue, priority, not_before: notBefore } = (await call('GET', `/executions/${id}`)).json;
    return { queue, priority, notBefore };
  };
  await launch('Plain');
  expect(await everything()).not.toMatch(/not_before|priority\\":|queue\\":/);
  expect(await waits(1)).toEqual({});
  await launch('Etl');
  expect(await waits(2)).toEqual({ queue: 'etl', priority: 'low' });
  await launch('Etl', { a: 1 }, '?priority=very_high&not_before=2026-12-24T18:00:00%2B01:00');
  expect(await waits(3)).toEqual({
    queue: 'etl',
    priority: 'very_high',
    notBefore: '2026-12-24T17:00:00.000000',
  });
  await launch('Nightly', {}, '?priority=normal&delay_seconds=0');
  expect(await waits(4)).toEqual({});
  await launch('Nightly', { a: 1 }, '?delay_seconds=3600.5');
  const { create_time: created, not_before: until } = (await call('GET', '/executions/5')).json;
  expect(Date.parse(`${until as string}Z`) - Date.parse(`${created as string}Z`)).toBe(3_600_500);
  await command('stop', 5);
  expect((await call('POST', '/executions/5/restart?priority=high&delay_seconds=60')).status).toBe(202);
  expect(await waits(6)).toEqual({ priority: 'high', notBefore: expect.any(String) as string });
});

test.each([
  ['?priority=urgent', '/priority'],
  ['?delay_seconds=-1', '/delay_seconds'],
  ['?delay_seconds=1e99', '/delay_seconds'],
  ['?not_before=tomorrow', '/not_before'],
  ['?delay_seconds=1&not_before=2026-12-24', '/not_before'],
])('a launch that cannot be begun so is refused: %s', async (query, pointer) => {
  const { launch, everything } = await launchApp();
  const before = await everything();
  const refused = await launch('Plain', {}, query);
  expect([refused.status, typeOf(refused)]).toEqual([400, 'invalid-request']);
  expect(refused.json.errors).toMatchObject([{ pointer }]);
  expect(await everything()).toBe(before);
});

test('a running instance is refused, however many ask at once; a stopped one is restarted', async () => {
  const { call, launch, command } = await launchApp();
  const answers = await Promise.all(Array.from({ length: 50 }, () => launch('Plain')));
  const counts = [202, 409].map((wanted) => answers.filter(({ status }) => status === wanted).length);
  expect(counts).toEqual([1, 49]);
  const id = answers.find(({ status }) => status === 202)?.json.execution_id as number;
  expect(answers.find(({ status }) => status === 409)?.json).toMatchObject({ execution_id: id });
  expect((await command('stop', id)).json).toMatchObject({ execution_id: id, status: 'STOPPED' });
  const again = await command('restart', id);
  expect(again).toMatchObject({ status: 202, json: { job_instance_id: 1, status: 'STARTING' } });
  expect(again.headers['location']).toBe(`/executions/${again.json.execution_id}`);
  expect((await call('GET', '/instances/1/executions')).json).toHaveLength(2);
});

test('what was abandoned is not launched again, and what may not be restarted is not', async () => {
  const { launch, command } = await launchApp();
  for (const [job, expected] of [
    ['Plain', 'abandoned'],
    ['Once', 'not-restartable'],
  ] as const) {
    const { json } = await launch(job);
    await command('stop', json.execution_id as number);
    if (job === 'Plain') expect((await command('abandon', json.execution_id as number)).status).toBe(202);
    expect(typeOf(await launch(job))).toBe(expected);
    expect(typeOf(await launch(job, {}, '?force=true'))).toBe(expected);
  }
  expect((await launch('Single', { a: 1 })).status).toBe(202);
  expect(typeOf(await launch('Single', { a: 2 }))).toBe('too-many-running');
});

test('a restart is of the instance that is meant, though a newer one has the same parameters', async () => {
  const { call, launch, command, everything } = await launchApp();
  for (const id of [1, 2]) {
    expect((await launch('Nightly')).json).toMatchObject({ execution_id: id, job_instance_id: id });
    await command('stop', id);
    if (id === 1) await command('abandon', id);
  }
  expect((await command('restart', 2)).json).toMatchObject({ execution_id: 3, job_instance_id: 2 });
  // The only one that goes on from another knows which.
  expect((await everything()).match(/previous_execution_id\W+\d+/g)).toEqual([String.raw`previous_execution_id\":2`]);
  await command('stop', 3);
  await command('abandon', 3);
  // Execution 2 is no more than STOPPED; its instance was given up, and no instance 3 begins under the name of a restart.
  expect(typeOf(await command('restart', 2))).toBe('abandoned');
  expect((await call('GET', '/instances')).json).toHaveLength(2);
  expect((await launch('Nightly')).json).toMatchObject({ execution_id: 4, job_instance_id: 3 });
  expect(await command('restart', 2)).toMatchObject({ status: 409, json: { job_instance_id: 2 } });
});

test.each([
  ['/to_date', { from_date: '2026-11-02', to_date: '2026-11-02' }],
  ['/to_date', { from_date: '2026-11-02', to_date: '2026-11-01' }],
  ['/to_date', { from_date: '2026-11-02', to_date: '2099-01-01' }],
  ['/to_date', { from_date: '2026-11-02' }],
  ['/from_date', { from_date: '2099-01-01', to_date: '2099-01-02' }],
  ['/from_date', { to_date: '2026-11-02' }],
])('a window that cannot be is refused at %s of the parameters: %j', async (pointer, body) => {
  const { call, launch, everything } = await launchApp();
  await call('POST', '/load_cfg/orders');
  const before = await everything();
  const refused = await launch('Bound', body);
  expect([refused.status, typeOf(refused)]).toEqual([422, 'invalid-parameters']);
  expect(refused.json.errors).toMatchObject([{ pointer }]);
  expect(await everything()).toBe(before);
});

test('only the last execution of an instance can be abandoned, and twice is once', async () => {
  const { launch, command, everything } = await launchApp();
  for (const id of [1, 2]) {
    await launch('Plain');
    await command('stop', id);
  }
  const before = await everything();
  const refused = await command('abandon', 1);
  expect([typeOf(refused), refused.json.execution_id]).toEqual(['illegal-transition', 2]);
  expect(await everything()).toBe(before);
  expect((await command('abandon', 2)).status).toBe(202);
  expect((await command('abandon', 2)).status).toBe(202);
  expect(typeOf(await launch('Plain'))).toBe('abandoned');
});

test.each(['abandon', 'launch'])(
  'of an abandon and a launch at once, the %s being first, one is refused',
  async (first) => {
    let meanwhile: (() => Promise<unknown>) | null = null;
    const app = await testApp({
      jobSide: fixedCatalog({ name: 'Plain' }),
      openStores: async (clock) => {
        const stores = await createMemoryStores({ clock });
        const commit: typeof stores.store.commit = async (asked) => {
          const between = asked.journal.some(({ execution }) => execution !== undefined) ? meanwhile : null;
          meanwhile = between === null ? meanwhile : null;
          await between?.();
          return stores.store.commit(asked);
        };
        return { ...stores, store: { ...stores.store, commit } };
      },
    });
    const launch = () => app.call('POST', '/jobs/Plain/launch');
    const abandon = () => app.call('POST', '/executions/1/abandon');
    await launch();
    await app.call('POST', '/executions/1/stop');
    const [early, late] = first === 'abandon' ? [abandon, launch] : [launch, abandon];
    // What comes late has read everything by the time that the other one is stored.
    meanwhile = early;
    expect(typeOf(await late())).toBe(first === 'abandon' ? 'abandoned' : 'illegal-transition');
  },
);

test('a command that the state forbids changes nothing', async () => {
  const { launch, command, everything } = await launchApp();
  const { json } = await launch('Plain');
  await command('stop', json.execution_id as number);
  const before = await everything();
  expect(typeOf(await command('stop', json.execution_id as number))).toBe('illegal-transition');
  expect(typeOf(await command('recover', json.execution_id as number))).toBe('illegal-transition');
  expect(await everything()).toBe(before);
});

test('one key is one launch, and another body under it is refused', async () => {
  const { call } = await launchApp();
  const headers = { 'idempotency-key': 'k1' };
  const first = await call('POST', '/jobs/Plain/launch', { headers, body: { a: 1 } });
  const again = await call('POST', '/jobs/Plain/launch', { headers, body: { a: 1 } });
  expect([again.status, again.text, again.headers['idempotency-replayed']]).toEqual([202, first.text, 'true']);
  expect(typeOf(await call('POST', '/jobs/Plain/launch', { headers, body: { a: 2 } }))).toBe('idempotency-mismatch');
  expect((await call('GET', '/executions')).json).toHaveLength(1);
});

test('executions are found by what they are, in pages, whatever they are asked by', async () => {
  const { call, launch, command } = await launchApp();
  for (let n = 1; n <= 12; n += 1) {
    const { json } = await launch(n % 3 === 0 ? 'Single' : 'Plain', { n });
    if (n % 2 === 0 || n % 3 === 0) await command('stop', json.execution_id as number);
  }
  const idsOf = async (query: string): Promise<number[]> => {
    const ids: number[] = [];
    for (let next: string | undefined = `/executions?limit=2${query}`; next !== undefined;) {
      const { json, headers } = await call('GET', next);
      ids.push(...(json as { id: number }[]).map(({ id }) => id));
      next = /^<([^>]+)>/.exec((headers['link'] as string | undefined) ?? '')?.[1];
    }
    return ids;
  };
  expect(await idsOf('')).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  expect(await idsOf('&job_name=Single')).toEqual([12, 9, 6, 3]);
  expect(await idsOf('&status=STARTING')).toEqual([11, 7, 5, 1]);
  expect(await idsOf('&status=STOPPED&job_name=Plain')).toEqual([10, 8, 4, 2]);
  expect(await idsOf('&job_instance_id=4')).toEqual([4]);
  expect(await idsOf('&started_after=2000-01-01')).toEqual([]);
});

test('a launch of a bound job opens its batch, and its stop fails it: the next launch has the same window', async () => {
  const { call, launch, command, clock } = await launchApp();
  await call('POST', '/load_cfg/orders');
  const first = await launch('Bound');
  expect(first.status, first.text).toBe(202);
  const execution = (await call('GET', '/executions/1')).json;
  expect(execution.batch).toMatchObject({
    workflow: 'orders',
    backfill: false,
    from_date: '2026-11-20T00:00:00.000000',
  });
  expect(execution.parameters).toMatchObject({
    from_date: execution.batch.from_date,
    to_date: execution.batch.to_date,
  });
  expect((await call('GET', '/get_status/orders')).json.job1).toMatchObject({ status: 'open' });
  expect(typeOf(await call('POST', `/close_batch/orders?batch_id=${execution.batch.batch_id}`))).toBe('owned');
  await command('stop', 1);
  expect((await call('GET', '/get_status/orders')).json.job1).toMatchObject({ status: 'failed' });
  clock.advance({ hours: 1 });
  const second = await launch('Bound');
  expect(second.json.job_instance_id).toBe(first.json.job_instance_id);
  expect((await call('GET', '/executions/2')).json.batch).toMatchObject({ to_date: execution.batch.to_date });
});

test('the batch of a backfill is its execution’s as well, as long as that runs', async () => {
  const { call, launch, command } = await launchApp();
  await call('POST', '/load_cfg/orders');
  await launch('Bound', { from_date: '2026-11-01', to_date: '2026-11-02' });
  const { batch } = (await call('GET', '/executions/1')).json;
  expect(batch).toMatchObject({ backfill: true });
  for (const end of ['fail_batch', 'close_batch'])
    expect(typeOf(await call('POST', `/${end}/orders?batch_id=${batch.batch_id}`))).toBe('owned');
  const status = async () => (await call('GET', `/workflows/orders/batches/${batch.batch_id}`)).json.status;
  expect(await status()).toBe('open');
  await command('stop', 1);
  expect(await status()).toBe('failed');
  await launch('Bound', { from_date: '2026-11-01', to_date: '2026-11-02' });
  const second = (await call('GET', '/executions/2')).json.batch.batch_id;
  expect((await call('POST', `/fail_batch/orders?batch_id=${second}&force=true`)).status).toBe(200);
});

test('an execution whose batch was declared loaded, and then failed, is ABANDONED and says why', async () => {
  const { call, launch, command } = await launchApp();
  await call('POST', '/load_cfg/orders');
  await launch('Bound');
  const { batch } = (await call('GET', '/executions/1')).json;
  await command('stop', 1);
  expect((await call('POST', '/close_batch/orders?job=job1&force=true&reason=by+hand')).status).toBe(200);
  const undo = `/fail_batch/orders?batch_id=${batch.batch_id}&reason=half+of+it`;
  expect((await call('POST', undo)).json.job1).toMatchObject({ status: 'failed' });
  const { json: given } = await call('GET', '/executions/1');
  expect(given).toMatchObject({ status: 'ABANDONED', exit_code: 'ABANDONED' });
  expect(given.exit_message).toMatch(
    /^stopped by (\S+); batch \d+ of workflow "orders" was declared failed by \1: half/,
  );
  const before = await call('GET', '/workflows/orders/journal');
  expect((await call('POST', undo)).status).toBe(200);
  expect((await call('GET', '/workflows/orders/journal')).text).toBe(before.text);
  const refused = await command('restart', 1);
  expect(typeOf(refused)).toBe('illegal-transition');
  expect(refused.json.detail).toContain('ABANDONED');
  expect((await launch('Bound')).json.job_instance_id).toBe(2);
  expect((await call('GET', '/executions/2')).json.batch).toMatchObject({
    from_date: batch.from_date,
    to_date: batch.to_date,
  });
});

test('the plan, steps, context and log of what has not begun are there', async () => {
  const { call, launch } = await launchApp();
  await launch('Plain');
  expect((await call('GET', '/executions/1/restart-plan')).json).toMatchObject([
    { step_name: 'First', action: 'run' },
    { step_name: 'Second', action: 'run' },
  ]);
  expect((await call('GET', '/executions/1/steps')).json).toEqual([]);
  expect((await call('GET', '/executions/1/context')).json).toEqual({});
  expect((await call('GET', '/executions/1/skipped')).json).toEqual([]);
  expect((await call('GET', '/executions/1/log')).text).toBe('');
  expect((await call('GET', '/executions/1/graph')).json.nodes).toMatchObject([{ status: null }, { status: null }]);
  expect((await call('GET', '/jobs/Plain')).json.last_execution).toMatchObject({ id: 1, status: 'STARTING' });
});
