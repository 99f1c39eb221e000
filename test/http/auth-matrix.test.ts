import path from 'node:path';

import { describe, expect, test, it } from 'vitest';

import { updateKeyFile } from '../../src/config/key-file.ts';
import { revokeKey, type Scope, scopes } from '../../src/service/keys.ts';
import { fakeJobs } from './fake-jobs.ts';
import {
  callStream,
  exampleConfiguration,
  exampleRequest,
  fetchDocument,
  isStream,
  type Operation,
  operationsOf,
  prepareExamples,
} from './openapi-requests.ts';
import { type TestApp, testApp, type TestAppOptions } from './test-app.ts';

/** The matrix route × key is made from the OpenAPI document: a route that is not in it, or is given no scope, cannot exist. */

const secretOf: Readonly<Record<Scope, string>> = {
  read: 'read-key-0123456789abcdef',
  operate: 'operate-key-0123456789abcdef',
  admin: 'admin-key-0123456789abcdef',
};
const revoked = 'revoked-key-0123456789abcdef';
const keys = Object.fromEntries(scopes.map((scope) => [secretOf[scope], scope]));

const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` });
const basic = (text: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(text).toString('base64')}`,
});
const admin = bearer(secretOf.admin);

/** Every way of asking, and the scope that it should be worth; `null` for none. */
const ways: readonly {
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly worth: Scope | null;
}[] = [
  { name: 'no key', headers: {}, worth: null },
  ...scopes.map((scope) => ({ name: `a key of scope ${scope}`, headers: bearer(secretOf[scope]), worth: scope })),
  ...scopes.map((scope) => ({
    name: `Basic with the ${scope} key as password`,
    headers: basic(`x:${secretOf[scope]}`),
    worth: scope,
  })),
  { name: 'a scheme in other letters', headers: { authorization: `bEARER ${secretOf.read}` }, worth: 'read' },
  { name: 'a revoked key', headers: bearer(revoked), worth: null },
  { name: 'a key that never was', headers: bearer('no-such-key-0123456789abcdef'), worth: null },
  { name: 'a key with a letter more', headers: bearer(`${secretOf.admin}x`), worth: null },
  { name: 'the key as user name', headers: basic(`${secretOf.admin}:`), worth: null },
  { name: 'Basic without a colon', headers: basic(secretOf.admin), worth: null },
  { name: 'Basic that is no base64', headers: { authorization: 'Basic %%%' }, worth: null },
  { name: 'an unknown scheme', headers: { authorization: `Digest ${secretOf.admin}` }, worth: null },
  { name: 'a scheme without a key', headers: { authorization: 'Bearer' }, worth: null },
];

async function keyedApp(options: TestAppOptions = {}): Promise<TestApp> {
  return testApp({ cfg: exampleConfiguration, keys, services: fakeJobs().services, ...options });
}

/** The status of an operation's example request, asked in some way. */
async function ask(app: TestApp, operation: Operation, headers: Record<string, string>): Promise<number> {
  const request = exampleRequest(operation);
  const all = { ...request.headers, ...headers };
  if (isStream(operation)) return (await callStream(app, { ...request, headers: all }, 1)).status;
  return (await app.call(request.method, request.url, { headers: all, body: request.body })).status;
}

function expected(needed: Scope | 'public', worth: Scope | null): 'allowed' | 401 | 403 {
  if (needed === 'public') return 'allowed';
  if (worth === null) return 401;
  return scopes.indexOf(worth) >= scopes.indexOf(needed) ? 'allowed' : 403;
}

type Table = Record<string, 'allowed' | 401 | 403>;

async function outcomes(app: TestApp, headers: Record<string, string>): Promise<Table> {
  const table: Table = {};
  for (const operation of operationsOf(await fetchDocument(app, admin))) {
    const status = await ask(app, operation, headers);
    expect(status, operation.title).toBeLessThan(500);
    table[operation.title] = status === 401 || status === 403 ? status : 'allowed';
  }
  return table;
}

async function expectations(app: TestApp, worth: Scope | null): Promise<Table> {
  const operations = operationsOf(await fetchDocument(app, admin));
  return Object.fromEntries(operations.map(({ title, object }) => [title, expected(object['x-scope'], worth)]));
}

test.each(ways)('$name is worth $worth on every route', async ({ headers, worth }) => {
  const app = await keyedApp();
  await prepareExamples(app, admin);
  const before = await app.everything();
  const wanted = await expectations(app, worth);
  expect(Object.keys(wanted).length).toBeGreaterThan(25);
  expect(await outcomes(app, headers)).toEqual(wanted);
  // Whoever may not change anything has changed nothing.
  if (worth === null || worth === 'read') expect(await app.everything()).toBe(before);
});

test('a key that is revoked while the service runs is refused on every route', async () => {
  const app = await keyedApp({ keys: { ...keys, [revoked]: 'admin' } });
  expect((await app.call('GET', '/index', { headers: bearer(revoked) })).status).toBe(200);
  await updateKeyFile(path.join(app.folder, 'data', 'keys.json'), (known) =>
    revokeKey(known, `admin-${scopes.length}`),
  );
  await expect
    .poll(() => app.call('GET', '/index', { headers: bearer(revoked) }), { timeout: 20_000 })
    .toMatchObject({ status: 401 });
  expect(await outcomes(app, bearer(revoked))).toEqual(await expectations(app, null));
});

test('what changes state needs more than the scope read, and what replaces, edits or deletes needs admin', async () => {
  const operations = operationsOf(await fetchDocument(await keyedApp(), admin));
  const titlesOf = (wanted: string): string[] =>
    operations
      .filter(({ object }) => object['x-scope'] === wanted)
      .map(({ title }) => title)
      .sort();
  expect(titlesOf('admin')).toEqual([
    'DELETE /schedules/{name}',
    'DELETE /workflows/{wf}',
    'GET /load_cfg/{wf}',
    'PATCH /workflows/{wf}/jobs/{job}',
    'POST /load_cfg/{wf}',
    'PUT /queues/{name}',
    'PUT /schedules/{name}',
  ]);
  const ends = ['close_batch/{wf}', 'fail_batch/{wf}', 'open_batch/{wf}', 'open_batch/{wf}/{format}'];
  const ofExecutions = ['stop', 'revive', 'restart', 'abandon', 'recover', 'skipped/replay'].map(
    (command) => `POST /executions/{id}/${command}`,
  );
  expect(titlesOf('operate')).toEqual(
    [
      'POST /workflows/{wf}/backfill',
      'POST /jobs/{name}/launch',
      'POST /jobs/{name}/run',
      ...ofExecutions,
      'POST /schedules/{name}/pause',
      'POST /schedules/{name}/resume',
      'POST /queues/{name}/pause',
      'POST /queues/{name}/resume',
      ...ends.flatMap((end) => [`GET /${end}`, `POST /${end}`]),
    ].sort(),
  );
  const changing = operations.filter(({ object }) => object['x-effects'] === true).map(({ title }) => title);
  expect(changing.sort()).toEqual([...titlesOf('admin'), ...titlesOf('operate')].sort());
});

test('HEAD, which is not in the document, needs a key as GET does', async () => {
  const app = await keyedApp();
  await prepareExamples(app, admin);
  expect((await app.call('HEAD', '/get_status/orders')).status).toBe(401);
  expect((await app.call('HEAD', '/get_status/orders', { headers: bearer(secretOf.read) })).status).toBe(200);
});

test('a refusal says how to ask, and nothing of what is stored', async () => {
  const app = await keyedApp();
  const without = await app.call('GET', '/get_status/orders');
  expect(without.headers['www-authenticate']).toMatch(/Bearer.*Basic/);
  expect(without.json).toMatchObject({ type: '/problems/unauthenticated', status: 401 });
  const tooSmall = await app.call('POST', '/open_batch/orders', { headers: bearer(secretOf.read) });
  expect(tooSmall.json).toMatchObject({ type: '/problems/forbidden', status: 403 });
  expect(tooSmall.json.detail).toContain('operate');
  expect(JSON.stringify([without.json, tooSmall.json])).not.toContain('key-0123456789abcdef');
});

const classic = /^(GET|POST) \/(index|load_cfg|get_status|open_batch|close_batch|fail_batch)(\/|$)/;

test('from a trusted network the classic routes need no key, and only those', async () => {
  const app = await keyedApp({ settings: { TRUSTED_NETWORKS: '127.0.0.0/8' } });
  const wanted = await expectations(app, null);
  const opened = Object.keys(wanted).filter((title) => classic.test(title));
  expect(opened.length).toBe(14);
  for (const title of opened) wanted[title] = 'allowed';
  expect(await outcomes(app, {})).toEqual(wanted);
});

test('a wrong key is refused from a trusted network, too', async () => {
  const app = await keyedApp({ settings: { TRUSTED_NETWORKS: '127.0.0.0/8' } });
  expect(await outcomes(app, bearer('no-such-key-0123456789abcdef'))).toEqual(await expectations(app, null));
});

test('another network is not trusted', async () => {
  const app = await keyedApp({ settings: { TRUSTED_NETWORKS: '10.0.0.0/8,fd00::/8' } });
  expect(await outcomes(app, {})).toEqual(await expectations(app, null));
});

test('without any key every route is open', async () => {
  const app = await testApp({ cfg: exampleConfiguration, services: fakeJobs().services });
  await prepareExamples(app);
  const table = await outcomes(app, {});
  expect(new Set(Object.values(table))).toEqual(new Set(['allowed']));
});

test('what is public is known: health, and what problems mean', async () => {
  const app = await keyedApp();
  const open = operationsOf(await fetchDocument(app, admin)).filter(({ object }) => object['x-scope'] === 'public');
  expect(open.map(({ title }) => title).sort()).toEqual([
    'GET /health/live',
    'GET /health/ready',
    'GET /problems/{code}',
  ]);
  for (const { object } of open) expect(object.security).toEqual([]);
});

test.each([
  '/docs',
  '/docs/',
  '/docs/json',
  '/docs/yaml',
  '/docs/static/swagger-ui.css',
  '/docs/static/swagger-initializer.js',
])('%s, which is not in the document, needs the scope read', async (url) => {
  const app = await keyedApp();
  expect((await app.call('GET', url)).status).toBe(401);
  expect((await app.call('GET', url, { headers: bearer(secretOf.read) })).status).toBe(200);
});

test.each([
  ['GET', '/nowhere', 404],
  ['GET', '/docs/static/nowhere.js', 404],
  ['POST', '/workflows', 405],
  ['OPTIONS', '/open_batch/orders', 405],
] as const)('%s %s, which there is not, needs some key, and then says so', async (method, url, status) => {
  const app = await keyedApp();
  expect((await app.call(method, url)).status).toBe(401);
  for (const secret of Object.values(secretOf))
    expect((await app.call(method, url, { headers: bearer(secret) })).status).toBe(status);
});

test.each([
  ['a prefetch', { 'sec-purpose': 'prefetch;prerender' }, 'prefetch-refused'],
  ['a page of another site', { 'sec-fetch-site': 'cross-site' }, 'cross-site-refused'],
])('%s cannot reach a route with effects, and the document says so', async (_name, headers, code) => {
  const app = await testApp({ cfg: exampleConfiguration, services: fakeJobs().services });
  await prepareExamples(app);
  const before = await app.everything();
  const changing = operationsOf(await fetchDocument(app)).filter(({ object }) => object['x-effects'] === true);
  expect(changing.length).toBeGreaterThan(10);
  for (const operation of changing) {
    expect(await ask(app, operation, headers), operation.title).toBe(403);
    expect(JSON.stringify(operation.object.responses['403'])).toContain(`/problems/${code}`);
  }
  expect(await app.everything()).toBe(before);
});

describe('without keys, the name that a client calls us by', () => {
  it.each([
    ['localhost:5000', 200],
    ['127.0.0.1', 200],
    ['[::1]:5000', 200],
    ['attacker.example', 403],
    ['127.0.0.1.attacker.example:5000', 403],
  ])('%s: %i', async (host, status) => {
    const app = await testApp();
    expect((await app.call('GET', '/index', { headers: { host } })).status).toBe(status);
    expect((await app.call('GET', '/health/live', { headers: { host } })).status).toBe(200);
    const open = await testApp({ settings: { ALLOW_OPEN: true } });
    expect((await open.call('GET', '/index', { headers: { host } })).status).toBe(200);
  });
});
