import { expect, test } from 'vitest';

import { createToldCatalog } from '../../src/conductor-catalog.ts';
import { fakeJobs } from './fake-jobs.ts';
import { type CallOptions, testApp } from './test-app.ts';

async function jobsApp() {
  const fake = fakeJobs();
  const app = await testApp({ services: fake.services });
  // Nothing is running, so that a launch is possible.
  fake.change(3, { status: 'STOPPED' });
  const launch = (options: CallOptions = {}, query = '') =>
    app.call('POST', `/jobs/LoadOrders/launch${query}`, options);
  return { ...app, fake, launch };
}

test('the jobs are listed with their parameters, graph and last execution, and the broken files beside them', async () => {
  const { call } = await jobsApp();
  const { status, json } = await call('GET', '/jobs');
  expect(status).toBe(200);
  expect(json.broken).toEqual([{ file: 'half-done.ts', line: 7, column: 12, message: 'Unexpected token }' }]);
  expect(json.jobs).toHaveLength(1);
  expect(json.jobs[0]).toMatchObject({
    name: 'LoadOrders',
    file: 'load-orders.ts',
    version: '5f0c3a9d41be',
    read_time: '2026-11-21T21:50:02.118000',
    workflow: 'orders',
    workflow_jobs: null,
    parameters: { chunk: { type: 'integer', default: 1000, required: false, identifying: false } },
    last_execution: { id: 1, status: 'COMPLETED' },
  });
  expect((await call('GET', '/jobs/LoadOrders')).json).toEqual(json.jobs[0]);
});

test('the graph has the steps, and an edge for each dependency and each decision', async () => {
  const { call } = await jobsApp();
  const { graph } = (await call('GET', '/jobs/LoadOrders')).json;
  expect(graph.nodes.map(({ name, kind }: { name: string; kind: string }) => [name, kind])).toEqual([
    ['Download', 'shell'],
    ['Load', 'chunk'],
    ['Notify', 'task'],
  ]);
  expect(graph.edges).toEqual([
    { from: 'Download', to: 'Load', on: null, end: null },
    { from: 'Load', to: null, on: 'EMPTY', end: 'COMPLETED' },
    { from: 'Load', to: 'Notify', on: '*', end: null },
  ]);
});

test.each(['GET /jobs/Nope', 'POST /jobs/Nope/launch', 'GET /jobs/..%2f..%2fetc'])(
  '%s, which there is not, is a 404',
  async (what) => {
    const { call } = await jobsApp();
    const [method, url] = what.split(' ') as ['GET' | 'POST', string];
    const { status, json } = await call(method, url);
    expect(status).toBe(404);
    expect(json).toMatchObject({
      type: '/problems/unknown-job-definition',
      detail: expect.stringContaining('LoadOrders'),
    });
  },
);

test('a launch is accepted: it says which execution, and where it is found', async () => {
  const { launch, call, fake } = await jobsApp();
  const { status, headers, json } = await launch({ body: { start_date: '2024-01-01' } });
  expect(status).toBe(202);
  expect(headers['location']).toBe('/executions/5');
  expect(json).toEqual({
    message: 'LoadOrders was launched: execution 5 is STARTING',
    job_name: 'LoadOrders',
    execution_id: 5,
    job_instance_id: 1,
    status: 'STARTING',
  });
  expect((await call('GET', String(headers['location']))).json).toMatchObject({
    status: 'STARTING',
    launched_by: 'anonymous',
    parameters: { start_date: '2024-01-01', chunk: 1000 },
  });
  expect(fake.launches).toEqual([{ body: { start_date: '2024-01-01' }, force: false, supersede: false }]);
});

test.each([
  ['no body', {}, undefined],
  ['an empty one', { rawBody: '' }, undefined],
  ['an empty object', { body: {} }, {}],
])('a launch with %s is understood', async (_name, options, body) => {
  const { launch, fake } = await jobsApp();
  expect((await launch(options)).status).toBe(202);
  expect(fake.launches).toEqual([{ body, force: false, supersede: false }]);
});

test.each([
  ['an array', '[]'],
  ['null', 'null'],
  ['a number', '1'],
  ['a text', '"x"'],
  ['true', 'true'],
  ['a key that stands twice', '{"a":1,"a":2}'],
  ['half an object', '{"a":'],
  ['objects 10,000 deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
])('a launch with %s as its body is a 422, and nothing is launched', async (_name, rawBody) => {
  const { launch, fake } = await jobsApp();
  const { status, headers } = await launch({ rawBody });
  expect(status).toBe(422);
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(fake.launches).toEqual([]);
});

test('a parameter that does not fit is named by its place', async () => {
  const { launch, fake } = await jobsApp();
  const { status, json } = await launch({ body: { chunk: 'many' } });
  expect(status).toBe(422);
  expect(json).toMatchObject({ type: '/problems/invalid-parameters', errors: [{ pointer: '/chunk' }] });
  expect(fake.launches).toEqual([]);
});

test('numbers reach the launch as they were written', async () => {
  const { launch, fake } = await jobsApp();
  await launch({ rawBody: '{"a":1.0,"b":12345678901234567890}' });
  expect(JSON.stringify(fake.launches[0]?.body)).toBe('{"a":1.0,"b":12345678901234567890}');
});

test('force and supersede are told to the launch', async () => {
  const { launch, fake } = await jobsApp();
  expect((await launch({}, '?force=true&supersede=1')).status).toBe(202);
  expect(fake.launches).toEqual([{ body: undefined, force: true, supersede: true }]);
});

test.each(['?force=yes', '?wait=-1', '?wait=601', '?wait=1.5', '?wait=', '?dry_run=true'])(
  'a launch with %s is refused',
  async (query) => {
    const { launch, fake } = await jobsApp();
    const { status, json } = await launch({}, query);
    expect([status, json.type]).toEqual([400, '/problems/invalid-request']);
    expect(fake.launches).toEqual([]);
  },
);

test('the instance that is running is a 409 that says which execution', async () => {
  const { launch } = await jobsApp();
  await launch();
  const { status, json } = await launch();
  expect(status).toBe(409);
  expect(json).toMatchObject({ type: '/problems/already-running', execution_id: 5 });
});

test('the same Idempotency-Key launches once; with other parameters it is refused', async () => {
  const { launch, fake } = await jobsApp();
  const headers = { 'idempotency-key': 'night-1' };
  const first = await launch({ headers, body: { day: 1 } });
  const again = await launch({ headers, body: { day: 1 } });
  expect(again.json).toEqual(first.json);
  expect(again.headers['idempotency-replayed']).toBe('true');
  expect(fake.launches).toHaveLength(1);
  const other = await launch({ headers, body: { day: 2 } });
  expect(other.json.type).toBe('/problems/idempotency-mismatch');
});

test('asked to wait, it answers when the execution has ended', async () => {
  const { launch, fake } = await jobsApp();
  const answer = launch({}, '?wait=600');
  await expect.poll(() => fake.executions.has(5)).toBe(true);
  fake.change(5, { status: 'FAILED' });
  const { status, headers, json } = await answer;
  expect([status, headers['location']]).toEqual([202, '/executions/5']);
  expect(json).toMatchObject({ execution_id: 5, status: 'FAILED' });
});

test('asked to wait under the key of a launch before, it waits for that one', async () => {
  const { launch, fake } = await jobsApp();
  const ask = () => launch({ headers: { 'idempotency-key': 'night-1' } }, '?wait=600');
  const first = ask();
  await expect.poll(() => fake.executions.has(5)).toBe(true);
  const second = ask();
  fake.change(5, { status: 'COMPLETED' });
  for (const { json } of [await first, await second])
    expect(json).toMatchObject({ execution_id: 5, status: 'COMPLETED' });
  expect(fake.launches).toHaveLength(1);
});

test('a wait ends with the service', async () => {
  const app = await jobsApp();
  const answer = app.launch({}, '?wait=600');
  await expect.poll(() => app.fake.executions.has(5)).toBe(true);
  await app.stop();
  expect((await answer).json).toMatchObject({ execution_id: 5, status: 'STARTING' });
});

test.each(['GET /jobs', 'GET /jobs/LoadOrders', 'POST /jobs/LoadOrders/launch'])(
  '%s says that the job files have not been read, and when to ask again',
  async (what) => {
    const [method, url] = what.split(' ') as ['GET' | 'POST', string];
    const catalog = createToldCatalog({
      // Patience is over at once.
      after(_milliseconds, call) {
        queueMicrotask(call);
        return () => {};
      },
    });
    const { call, everything } = await testApp({ jobSide: { catalog, look: () => {} } });
    const before = await everything();
    const { status, headers, json } = await call(method, url);
    expect([status, headers['retry-after'], json.type]).toEqual([503, '5', '/problems/jobs-not-ready']);
    expect(json.detail).toContain('/health/ready');
    expect(await everything()).toBe(before);
  },
);

test.each([
  ['nothing', undefined, { deselected: [], context: {}, restart: false }],
  [
    'all that there is',
    { leave_out: ['a', 'b, c', 'a'], context: { day: '2026-11-21' }, restart: true },
    { deselected: ['a', 'b, c'], context: { day: '2026-11-21' }, restart: true },
  ],
])('a run of a task list is asked for by %s', async (_name, body, expected) => {
  const { call, fake } = await jobsApp();
  const { status, json } = await call('POST', '/jobs/LoadOrders/run', body === undefined ? {} : { body });
  expect([status, json.execution_id]).toEqual([202, 5]);
  expect(fake.runs.map((run) => ({ ...run, context: Object.fromEntries(run.context) }))).toEqual([expected]);
});

test.each([
  ['', []],
  ['/leave_out', { leave_out: 'a,b' }],
  ['/leave_out', { leave_out: [1] }],
  ['/context', { context: [] }],
  ['/restart', { restart: 'yes' }],
  ['/only', { only: ['a'] }],
])('a run with something wrong at %j is a 422, and nothing is launched', async (pointer, body) => {
  const { call, fake } = await jobsApp();
  const { status, json } = await call('POST', '/jobs/LoadOrders/run', { body });
  expect([status, json]).toMatchObject([422, { type: '/problems/invalid-body', errors: [{ pointer }] }]);
  expect(fake.runs).toEqual([]);
});
