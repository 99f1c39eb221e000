import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { heldStores, type HeldStores } from './held-stores.ts';
import { type Called, type Method, type TestApp, testApp } from './test-app.ts';
import { watchedStores } from './watched-stores.ts';

type HeldApp = TestApp & HeldStores;

/** A workflow that is open, and room for one request, two when it ends a batch. */
async function heldApp(): Promise<HeldApp> {
  const stores = heldStores();
  const app = await testApp({
    cfg: { wf1: 'job1: {}\n' },
    settings: { MAX_CONCURRENT_REQUESTS: 1 },
    openStores: stores.openStores,
  });
  await app.call('POST', '/load_cfg/wf1');
  await app.call('POST', '/open_batch/wf1');
  // After the app's own, and so before it: what still waits would keep it from stopping.
  onTestFinished(() => stores.release());
  return { ...app, ...stores };
}

interface Held {
  /** Comes once the stores are released. */
  readonly answer: Promise<Called>;
}

async function heldCall(app: HeldApp, method: Method, url: string): Promise<Held> {
  const before = app.held();
  const answer = app.call(method, url);
  await expect.poll(() => app.held()).toBe(before + 1);
  return { answer };
}

test('more requests than there is room for are refused at once, unchanged, with Retry-After', async () => {
  const app = await heldApp();
  app.hold();
  const first = await heldCall(app, 'GET', '/get_status/wf1');
  const second = await app.call('POST', '/open_batch/wf1');
  expect(second).toMatchObject({ status: 503, json: { type: '/problems/overloaded' } });
  expect(second.headers['retry-after']).toBe('1');
  app.release();
  expect((await first.answer).status).toBe(200);
  expect((await app.call('GET', '/get_status/wf1')).status).toBe(200);
});

test.each(['close_batch', 'fail_batch'])('%s gets through when there is no room for anything else', async (end) => {
  const app = await heldApp();
  app.hold();
  const first = await heldCall(app, 'GET', '/get_status/wf1');
  const ending = await heldCall(app, 'POST', `/${end}/wf1`);
  app.release();
  expect((await ending.answer).status).toBe(200);
  expect((await first.answer).status).toBe(200);
});

test('health is told when there is no room for anything else', async () => {
  const app = await heldApp();
  app.hold();
  const first = await heldCall(app, 'GET', '/get_status/wf1');
  expect((await app.call('GET', '/health/live')).status).toBe(200);
  expect((await app.call('GET', '/health/ready')).status).toBe(200);
  app.release();
  expect((await first.answer).status).toBe(200);
});

async function listen(app: TestApp): Promise<{ url: string; port: number; accepted: Socket[] }> {
  const accepted: Socket[] = [];
  app.server.server.on('connection', (socket: Socket) => void accepted.push(socket));
  const url = await app.server.listen({ host: '127.0.0.1', port: 0 });
  return { url, port: Number(new URL(url).port), accepted };
}

test.each([
  ['GET', 'GET /get_status/wf1 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['POST without a body', 'POST /get_status/wf1 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  [
    'POST with a body',
    'POST /fail_batch/wf1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  ],
])('a client that goes away during its %s leaves its place to others', async (_name, text) => {
  const app = await heldApp();
  const { port, accepted } = await listen(app);
  // As often as even the reserve has places.
  for (let round = 1; round <= 2; round += 1) {
    app.hold();
    const client = connect(port, '127.0.0.1');
    client.write(text);
    await expect.poll(() => app.held()).toBe(1);
    const gone = once(accepted.at(-1) as Socket, 'close');
    client.destroy();
    await gone;
    app.release();
    await expect.poll(() => app.call('GET', '/get_status/wf1')).toMatchObject({ status: 200 });
  }
});

test('a client that goes away before it has sent its body leaves its place to others', async () => {
  const app = await heldApp();
  const { port, accepted } = await listen(app);
  let begun = 0;
  app.server.server.on('request', () => void (begun += 1));
  for (let round = 1; round <= 2; round += 1) {
    const client = connect(port, '127.0.0.1');
    client.write(
      'POST /fail_batch/wf1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    await expect.poll(() => begun).toBe(round);
    const gone = once(accepted.at(-1) as Socket, 'close');
    client.destroy();
    await gone;
    await expect.poll(() => app.call('GET', '/get_status/wf1')).toMatchObject({ status: 200 });
  }
});

test('waits take no place from other requests, are limited themselves, and may be silent', async () => {
  const { openStores, watchers } = watchedStores();
  const app = await testApp({ cfg: { wf1: 'job1: {}\n' }, settings: { MAX_CONCURRENT_REQUESTS: 1 }, openStores });
  await app.call('POST', '/load_cfg/wf1');
  const { url, accepted } = await listen(app);
  expect(app.server.server.timeout).toBeGreaterThan(app.server.server.requestTimeout);
  const waiting = fetch(`${url}/workflows/wf1/wait?timeout=600`);
  await expect.poll(watchers).toBe(1);
  expect(accepted[0]?.timeout).toBe(0);
  expect((await app.call('GET', '/workflows/wf1/wait?timeout=600')).status).toBe(503);
  expect((await app.call('GET', '/get_status/wf1')).status).toBe(200);
  await app.stop();
  expect((await waiting).status).toBe(200);
});

test('when the service stops, what was begun is ended, and what comes later is refused as a problem', async () => {
  const app = await heldApp();
  const { port } = await listen(app);
  app.hold();
  const client = connect(port, '127.0.0.1');
  onTestFinished(() => void client.destroy());
  let seen = 0;
  app.server.server.on('request', () => void (seen += 1));
  let answers = '';
  client.on('data', (chunk) => {
    answers += String(chunk);
  });
  client.write('POST /close_batch/wf1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => app.held()).toBe(1);
  const stopped = app.stop();
  client.write('POST /open_batch/wf1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await expect.poll(() => seen).toBe(2);
  app.release();
  await stopped;
  await expect.poll(() => answers).toContain('application/problem+json');
  const [closed, refused] = answers.split(/(?=HTTP\/1\.1 )/);
  expect(closed).toMatch(/^HTTP\/1\.1 200 /);
  expect(refused).toMatch(/^HTTP\/1\.1 503 /);
  expect(refused).toMatch(/retry-after: 1/i);
  expect(refused).toContain('/problems/overloaded');
});

test.each([
  ['headers', 'POST /open_batch/wf1 HTTP/1.1\r\nHost: localhost\r\n'],
  ['a body', 'POST /open_batch/wf1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{'],
])('a client that never ends %s does not keep the service from stopping', async (_name, text) => {
  const app = await testApp({ cfg: { wf1: 'job1: {}\n' }, settings: { SHUTDOWN_SECONDS: 0.5 } });
  const { port, accepted } = await listen(app);
  const client = connect(port, '127.0.0.1').on('error', () => undefined);
  client.write(text);
  const closed = once(client, 'close');
  await expect.poll(() => accepted[0]?.bytesRead).toBe(text.length);
  await app.stop();
  await closed;
});

test('what is refused is answered with the headers that keep a browser from guessing', async () => {
  const app = await testApp({ keys: { 'a-key-0123456789abcdef': 'read' } });
  for (const url of ['/index', '/nowhere']) {
    const { status, headers } = await app.call('GET', url);
    expect(status).toBe(401);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['cache-control']).toBe('no-store');
  }
});
