import { expect, test, vi } from 'vitest';

import { BatchyError } from '../../src/domain/errors.ts';
import type { StepExecution } from '../../src/domain/execution.ts';
import { encodeCursor } from '../../src/http/cursor.ts';
import { fakeJobs } from './fake-jobs.ts';
import { testApp } from './test-app.ts';

async function executionsApp() {
  const fake = fakeJobs();
  const app = await testApp({ services: fake.services });
  return { ...app, fake };
}

const idsOf = (json: { id: number }[]): number[] => json.map(({ id }) => id);

test('the executions are a plain array, newest first', async () => {
  const { call } = await executionsApp();
  const { status, json, headers } = await call('GET', '/executions');
  expect(status).toBe(200);
  expect(idsOf(json)).toEqual([4, 3, 2, 1]);
  expect(headers['link']).toBeUndefined();
  expect(json[3]).toEqual({
    id: 1,
    job_instance_id: 1,
    job_name: 'LoadOrders',
    status: 'COMPLETED',
    create_time: '2026-11-21T21:53:34.230000',
    start_time: '2026-11-21T21:53:34.231000',
    end_time: '2026-11-21T21:53:41.902000',
    last_updated: '2026-11-21T21:53:34.230000',
    exit_code: 'COMPLETED',
    exit_message: '',
    forced: false,
    replay: null,
    batch: expect.objectContaining({
      workflow: 'orders',
      batch_id: 1795298014,
      from_date: '2026-11-20T21:53:34.230000',
      to_date: '2026-11-21T21:53:34.230000',
    }),
    launched_by: 'nightly',
    takeovers: 0,
    stop_requested_by: null,
  });
});

test.each([
  ['status=FAILED', [2]],
  ['job_name=LoadOrders', [4, 3, 2, 1]],
  ['job_name=Other', []],
  ['job_instance_id=2', [4, 3]],
  ['job_instance_id=2&status=STARTED', [3]],
  ['queue=default', [3]],
  ['queue=default&status=STARTED', [3]],
  ['queue=etl', []],
  ['started_after=2026-11-21T21:53:34.232', [4, 3]],
  ['started_before=2026-11-21T21:53:34.232', [1]],
])('filtered by %s: %j', async (query, expected) => {
  const { call } = await executionsApp();
  expect(idsOf((await call('GET', `/executions?${query}`)).json)).toEqual(expected);
});

test.each([
  'status=DONE',
  'job_instance_id=x',
  'started_after=yesterday',
  'limit=0',
  'limit=501',
  'order=asc',
  'job_name=',
  'queue=',
  'queue=all',
  'queue=a%20b',
])('a filter that cannot be understood is refused: %s', async (query) => {
  const { call } = await executionsApp();
  const { status, json } = await call('GET', `/executions?${query}`);
  expect([status, json.type]).toEqual([400, '/problems/invalid-request']);
});

test('the queue of what is over is not asked for in vain', async () => {
  const { call } = await executionsApp();
  const { status, json } = await call('GET', '/executions?queue=default&status=FAILED');
  expect([status, json.type]).toEqual([400, '/problems/invalid-request']);
  expect(json.errors).toEqual([{ pointer: '/queue', detail: expect.stringContaining('STARTING, STARTED, STOPPING') }]);
});

test('pages follow one another by the Link header, with the same filters', async () => {
  const { call } = await executionsApp();
  const seen: number[][] = [];
  for (let next: string | undefined = '/executions?limit=3&job_name=LoadOrders'; next !== undefined;) {
    const { json, headers } = await call('GET', next);
    seen.push(idsOf(json));
    next = /^<([^>]+)>; rel="next"$/.exec((headers['link'] as string | undefined) ?? '')?.[1];
    if (next !== undefined) expect(next).toContain('job_name=LoadOrders');
  }
  expect(seen).toEqual([[4, 3, 2], [1]]);
});

test.each([encodeCursor({ number: 1, id: 'x' }), encodeCursor({ beyond: 'x' }), encodeCursor({ beyond: -1 }), 'x'])(
  'the cursor of another list is refused',
  async (cursor) => {
    const { call } = await executionsApp();
    for (const list of ['/executions', '/instances', '/executions/1/skipped', '/instances/1/executions'])
      expect((await call('GET', `${list}?cursor=${cursor}`)).status, list).toBe(400);
  },
);

test('asked for lines, a list is sent whole', async () => {
  const { call, fake } = await executionsApp();
  const one = fake.executions.get(1);
  if (one === undefined) throw new Error('no execution 1');
  for (let id = 5; id <= 450; id += 1) fake.executions.set(id, { ...one, id });
  const { text, headers } = await call('GET', '/executions?limit=2', { headers: { accept: 'application/x-ndjson' } });
  expect(headers['content-type']).toBe('application/x-ndjson');
  const ids = text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: number }).id);
  expect(ids).toEqual(Array.from({ length: 450 }, (_, index) => 450 - index));
});

test('one execution has its parameters, secrets masked', async () => {
  const { call } = await executionsApp();
  const { json } = await call('GET', '/executions/1');
  expect(json).toMatchObject({ id: 1, parameters: { chunk: 1000, db_password: '***' } });
});

const ofOne = ['', '/steps', '/graph', '/log', '/steps/Load/log', '/context', '/skipped', '/events', '/restart-plan'];
const commands = ['/stop', '/revive', '/restart', '/abandon', '/recover'];
const everyRoute = [
  ...ofOne.map((rest) => ['GET', '/executions', rest] as const),
  ...[...commands, '/skipped/replay'].map((rest) => ['POST', '/executions', rest] as const),
  ...['', '/parameters', '/executions'].map((rest) => ['GET', '/instances', rest] as const),
];

test.each(everyRoute)('%s %s/:id%s of what there is not is a 404 problem', async (method, list, rest) => {
  const { call } = await executionsApp();
  for (const id of ['99', '0', '999999999999999']) {
    const { status, json } = await call(method, `${list}/${id}${rest}`);
    expect(status).toBe(404);
    expect(json.type).toBe(list === '/executions' ? '/problems/unknown-execution' : '/problems/unknown-instance');
  }
});

test.each(everyRoute)('%s %s/:id%s of what is no number is a 422 problem', async (method, list, rest) => {
  const { call } = await executionsApp();
  for (const id of ['abc', '1.5', '1e3', '0x1', '%20', '1%00', '9'.repeat(20)]) {
    const { status, json } = await call(method, `${list}/${id}${rest}`);
    expect(status, id).toBe(422);
    expect(json).toMatchObject({
      type: '/problems/invalid-id',
      detail: expect.stringContaining('GET /executions'),
      errors: [{ pointer: '/id' }],
    });
  }
});

test('the steps have their counters', async () => {
  const { call } = await executionsApp();
  const { json } = await call('GET', '/executions/1/steps');
  expect(json.map(({ step_name: name }: { step_name: string }) => name)).toEqual(['Download', 'Load']);
  expect(json[1]).toMatchObject({
    id: 2,
    job_execution_id: 1,
    status: 'COMPLETED',
    retry_count: 0,
    read_count: 50,
    write_count: 25,
    filter_count: 25,
    commit_count: 5,
    skip_count: 3,
    rollback_count: 0,
  });
  expect((await call('GET', '/executions/2/steps')).json).toEqual([]);
});

test('the graph says what has become of each step', async () => {
  const { call } = await executionsApp();
  const { json } = await call('GET', '/executions/1/graph');
  expect(json).toMatchObject({ job_execution_id: 1, job_name: 'LoadOrders', status: 'COMPLETED' });
  expect(json.nodes).toMatchObject([
    { name: 'Download', kind: 'shell', status: 'COMPLETED', step_execution_id: 1 },
    { name: 'Load', kind: 'chunk', status: 'COMPLETED', step_execution_id: 2 },
    { name: 'Notify', kind: 'task', status: null, step_execution_id: null },
  ]);
  expect(json.edges).toHaveLength(3);
});

test('the graph of a job whose file is gone has the steps that ran', async () => {
  const { call, fake } = await executionsApp();
  fake.change(1, { jobName: 'Gone' });
  const { json } = await call('GET', '/executions/1/graph');
  expect(json.nodes).toMatchObject([
    { name: 'Download', kind: null, status: 'COMPLETED' },
    { name: 'Load', kind: null, status: 'COMPLETED' },
  ]);
  expect(json.edges).toEqual([]);
});

test('the graph is answered, too, while the job files have not been read', async () => {
  const { services } = fakeJobs();
  const { jobs } = services;
  if (jobs === undefined) throw new Error('no jobs');
  const get = () => Promise.reject(new BatchyError('jobs-not-ready', 'Not read yet.'));
  const { call } = await testApp({ services: { ...services, jobs: { ...jobs, get } } });
  const { status, json } = await call('GET', '/executions/1/graph');
  expect([status, json.edges, json.nodes.length]).toEqual([200, [], 2]);
});

test('the parts of a partitioned step are nodes of their own', async () => {
  const { call, fake } = await executionsApp();
  const [first] = fake.steps.get(1) ?? [];
  if (first === undefined) throw new Error('no step');
  fake.steps.get(1)?.push({ ...first, id: 3, stepName: 'Load:partition1', status: 'FAILED' });
  const { json } = await call('GET', '/executions/1/graph');
  expect(json.nodes.at(-1)).toMatchObject({ name: 'Load:partition1', status: 'FAILED', step_execution_id: 3 });
});

test('the graph says who runs what was offered to all, and asks for that only where something may be', async () => {
  const { services, steps } = fakeJobs();
  const { jobs, executions } = services;
  const [first] = steps.get(1) as [StepExecution];
  const asked: number[] = [];
  const partOwners = async (id: number) => (asked.push(id), new Map([[11, 'etl-2-9-cd']]));
  const listed = await jobs.get('LoadOrders');
  let { definition } = listed;
  const get: typeof jobs.get = async () => ({ ...listed, definition });
  const { call } = await testApp({
    services: { ...services, jobs: { ...jobs, get }, executions: { ...executions, partOwners } },
  });
  const nodes = async (): Promise<unknown[]> => {
    const { json } = await call('GET', '/executions/1/graph');
    return (json.nodes as Record<string, unknown>[])
      .filter(({ status }) => status !== null)
      .map(({ name, conductor = null }) => [name, conductor]);
  };
  const load = { ...first, stepName: 'Load', id: 10, status: 'STARTED' } as const;
  steps.set(1, [load, { ...load, id: 11, stepName: 'Load:partition0' }]);
  expect(await nodes()).toEqual([
    ['Load', null],
    ['Load:partition0', null],
  ]);
  expect(asked).toEqual([]);
  definition = { ...definition, steps: definition.steps.map((step) => ({ ...step, kind: 'partition' })) };
  expect(await nodes()).toEqual([
    ['Load', null],
    ['Load:partition0', 'etl-2-9-cd'],
  ]);
  expect(asked).toEqual([1]);
  steps.set(1, [{ ...load, status: 'COMPLETED' }]);
  await nodes();
  expect(asked).toEqual([1]);
});

test('the context is shown, secrets masked', async () => {
  const { call, fake } = await executionsApp();
  fake.contexts.set(
    1,
    new Map<string, never>(Object.entries({ path: '/a', api_token: 't', deep: [{ secret: 1, n: 1 }] }) as never),
  );
  expect((await call('GET', '/executions/1/context')).json).toEqual({
    path: '/a',
    api_token: '***',
    deep: [{ secret: '***', n: 1 }],
  });
});

test('skipped items come in pages, with what they were and why', async () => {
  const { call, fake } = await executionsApp();
  const [item] = fake.skipped.get(1) ?? [];
  if (item === undefined) throw new Error('nothing skipped');
  fake.skipped.set(
    1,
    [1, 2, 3].map((number) => ({ ...item, number, item: { qty: 'three', password: 'hunter2' } })),
  );
  const first = await call('GET', '/executions/1/skipped?limit=2');
  expect(first.json).toMatchObject([
    {
      step_name: 'Load',
      number: 1,
      phase: 'process',
      item: { qty: 'three', password: '***' },
      position: 'line 18',
      error: 'qty is no number',
    },
    { number: 2 },
  ]);
  const next = /^<([^>]+)>/.exec(String(first.headers['link']))?.[1] ?? '';
  const second = await call('GET', next);
  expect(second.json).toMatchObject([{ number: 3 }]);
  expect(second.headers['link']).toBeUndefined();
});

test('only what is missing is listed, where that is asked for', async () => {
  const { call, fake } = await executionsApp();
  const [item] = fake.skipped.get(1) ?? [];
  if (item === undefined) throw new Error('nothing skipped');
  fake.skipped.set(1, [item, { ...item, number: 2, replayedBy: 9 }, { ...item, number: 3, obstacle: 'too long' }]);
  const { json } = await call('GET', '/executions/1/skipped?missing=true');
  expect(json).toMatchObject([
    { number: 1, replayed_by: null },
    { number: 3, obstacle: 'too long' },
  ]);
  expect((await call('GET', '/executions/1/skipped')).json).toHaveLength(3);
});

test('a replay is another execution, in an instance of its own, and says what it does not run', async () => {
  const { call } = await executionsApp();
  const headers = { 'idempotency-key': 'k1' };
  const { status, json, headers: got } = await call('POST', '/executions/1/skipped/replay', { headers });
  expect([status, got['location']]).toEqual([202, '/executions/5']);
  expect(json).toEqual({
    message:
      'LoadOrders replays 1 item that step Load of execution 1 left out: execution 5 is STARTING; 1 cannot be replayed: it could not be read',
    job_name: 'LoadOrders',
    execution_id: 5,
    job_instance_id: 3,
    status: 'STARTING',
    items: 1,
    left_out: { count: 1, reasons: ['it could not be read'] },
  });
  expect((await call('GET', '/executions/5')).json.replay).toEqual({ job_execution_id: 1, step_name: 'Load' });
  expect((await call('POST', '/executions/1/skipped/replay', { headers })).json).toEqual(json);
  const other = await call('POST', '/executions/1/skipped/replay', { headers, body: { step: 'Load' } });
  expect(other.json.type).toBe('/problems/idempotency-mismatch');
});

test('a replay that is waited for says how it stands then', async () => {
  const { call, fake } = await executionsApp();
  const waiting = call('POST', '/executions/1/skipped/replay?wait=30');
  await vi.waitFor(() => expect(fake.executions.has(5)).toBe(true));
  fake.change(5, { status: 'COMPLETED' });
  expect((await waiting).json).toMatchObject({
    status: 'COMPLETED',
    message: expect.stringContaining('execution 5 is COMPLETED; 1 cannot be replayed'),
    items: 1,
  });
});

test.each([
  [[], ''],
  ['Load', ''],
  [{ steps: 'Load' }, '/steps'],
  [{ step: 7 }, '/step'],
  [{ step: '' }, '/step'],
])('a replay with the body %j is refused', async (body, pointer) => {
  const { call, fake } = await executionsApp();
  const { status, json } = await call('POST', '/executions/1/skipped/replay', { rawBody: JSON.stringify(body) });
  expect([status, json.type]).toEqual([422, '/problems/invalid-body']);
  expect(json.errors).toMatchObject([{ pointer }]);
  expect(fake.executions.size).toBe(4);
});

test('the plan of a restart says what it would do, and why', async () => {
  const { call } = await executionsApp();
  const rest = { conditional: false, over_limit: false };
  expect((await call('GET', '/executions/2/restart-plan')).json).toEqual([
    { step_name: 'Download', action: 'skip', why: 'it was completed in execution 1', checkpoint: null, ...rest },
    { step_name: 'Load', action: 'resume', why: 'it stopped behind a commit', checkpoint: { line: 55_001 }, ...rest },
  ]);
});

test.each([
  ['stop', 3, 'STOPPING'],
  ['abandon', 2, 'ABANDONED'],
  ['recover', 4, 'FAILED'],
] as const)('%s is accepted and says how the execution stands now', async (command, id, status) => {
  const { call } = await executionsApp();
  const answer = await call('POST', `/executions/${id}/${command}`);
  expect([answer.status, answer.headers['location']]).toEqual([202, `/executions/${id}`]);
  expect(answer.json).toMatchObject({ execution_id: id, job_name: 'LoadOrders', status });
  expect((await call('GET', `/executions/${id}`)).json.status).toBe(status);
});

test('a restart is another execution of the same instance', async () => {
  const { call } = await executionsApp();
  const { status, headers, json } = await call('POST', '/executions/2/restart');
  expect([status, headers['location']]).toEqual([202, '/executions/5']);
  expect(json).toMatchObject({ execution_id: 5, job_instance_id: 1, status: 'STARTING' });
});

test.each([
  ['stop', 1],
  ['abandon', 3],
  ['recover', 2],
])('%s in a state that forbids it is a 409 that says what can be done', async (command, id) => {
  const { call } = await executionsApp();
  const { status, json } = await call('POST', `/executions/${id}/${command}`);
  expect(status).toBe(409);
  expect(json).toMatchObject({ type: '/problems/illegal-transition', detail: expect.stringMatching(/\. \w/) });
});

test('a command has one effect under one key, and another command needs another key', async () => {
  const { call } = await executionsApp();
  const headers = { 'idempotency-key': 'k1' };
  const first = await call('POST', '/executions/2/restart', { headers });
  const again = await call('POST', '/executions/2/restart', { headers });
  expect(again.json).toEqual(first.json);
  expect(again.headers['idempotency-replayed']).toBe('true');
  expect((await call('POST', '/executions/3/stop', { headers })).json.type).toBe('/problems/idempotency-mismatch');
});

test.each(commands)('POST %s takes no body but an empty one', async (command) => {
  const { call, fake } = await executionsApp();
  const { status, json } = await call('POST', `/executions/3${command}`, { body: { force: true } });
  expect([status, json.type]).toEqual([422, '/problems/invalid-body']);
  expect(fake.executions.get(3)?.status).toBe('STARTED');
  expect((await call('POST', '/executions/3/stop', { body: {} })).status).toBe(202);
});

test('instances are listed newest first, by job and in pages', async () => {
  const { call } = await executionsApp();
  expect(idsOf((await call('GET', '/instances')).json)).toEqual([2, 1]);
  expect((await call('GET', '/instances?job_name=Other')).json).toEqual([]);
  const page = await call('GET', '/instances?limit=1');
  expect(idsOf(page.json)).toEqual([2]);
  const next = /^<([^>]+)>/.exec(String(page.headers['link']))?.[1] ?? '';
  expect(idsOf((await call('GET', next)).json)).toEqual([1]);
  expect((await call('GET', '/instances/1')).json).toEqual({
    id: 1,
    job_name: 'LoadOrders',
    job_key: 'v1:1',
    create_time: '2026-11-21T21:53:34.230000',
    last_execution_id: 1,
  });
});

test('an instance’s parameters are typed, and secrets masked', async () => {
  const { call } = await executionsApp();
  const { json } = await call('GET', '/instances/1/parameters');
  const none = { string_value: null, date_value: null, long_value: null, double_value: null };
  expect(json).toMatchObject([
    { id: 1, job_instance_id: 1, key_name: 'start_date', type: 'date', ...none, date_value: '2024-01-01' },
    { id: 2, key_name: 'batch_size', type: 'integer', identifying: true, ...none, long_value: 100 },
    { id: 3, key_name: 'threshold', type: 'float', ...none, double_value: 0.95 },
    { id: 4, key_name: 'api_token', type: 'string', identifying: false, ...none, string_value: '***' },
    { id: 5, key_name: 'regions', type: 'json', ...none, string_value: '[{"name":"eu","secret":"***"}]' },
  ]);
});

test('an instance’s executions are those of no other', async () => {
  const { call } = await executionsApp();
  expect(idsOf((await call('GET', '/instances/2/executions')).json)).toEqual([4, 3]);
  expect(idsOf((await call('GET', '/instances/2/executions?limit=1')).json)).toEqual([4]);
});
