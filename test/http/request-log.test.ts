import { pino } from 'pino';
import { expect, test } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { type TestApp, testApp, type TestAppOptions } from './test-app.ts';

const cfg = { wf1: 'job1:\n  from_date: 2026-11-21\n  db_password: hunter2\n' };
const trace = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };

type Line = Readonly<Record<string, unknown>>;

async function logged(
  options: TestAppOptions = {},
): Promise<{ app: TestApp; lines: () => Line[]; text: () => string }> {
  const written: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void written.push(line) });
  const app = await testApp({ cfg, logger, ...options });
  return {
    app,
    lines: () => written.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === 'request with effects'),
    text: () => written.join(''),
  };
}

test('each request that changes state is logged once: who did what to which workflow, and how it ended', async () => {
  const { app, lines } = await logged();
  await app.call('POST', '/load_cfg/wf1');
  const { json } = await app.call('POST', '/open_batch/wf1', { headers: trace });
  const id = json.job1.batch_id as number;
  await app.call('GET', `/close_batch/wf1?batch_id=${id}`);
  await app.call('POST', '/close_batch/wf1?batch_id=7');
  await app.call('PATCH', '/workflows/wf1/jobs/job1', {
    body: { set: {}, reason: 'x' },
    headers: { 'if-match': '*' },
  });
  const line = { level: 30, principal: 'anonymous', workflow: 'wf1', duration_ms: expect.any(Number) as number };
  expect(lines()).toMatchObject([
    { ...line, method: 'POST', route: '/load_cfg/:wf', status: 200 },
    { ...line, method: 'POST', route: '/open_batch/:wf', status: 200, trace_id: trace.traceparent.slice(3, 35) },
    { ...line, method: 'GET', route: '/close_batch/:wf', status: 200, batch_id: id },
    { ...line, method: 'POST', route: '/close_batch/:wf', status: 409, batch_id: 7, problem: 'stale-batch' },
    { ...line, method: 'PATCH', route: '/workflows/:wf/jobs/:job', status: 200, job: 'job1' },
  ]);
  expect(lines()[1]).toMatchObject({ span_id: trace.traceparent.slice(36, 52) });
  expect(new Set(lines().map(({ reqId }) => reqId)).size).toBe(5);
  for (const untraced of [0, 2, 3, 4]) expect(lines()[untraced]).not.toHaveProperty('trace_id');
});

test('what only reads is not logged', async () => {
  const { app, text } = await logged();
  await app.call('GET', '/get_status/wf1');
  await app.call('GET', '/workflows');
  await app.call('GET', '/nowhere');
  expect(text()).toBe('');
});

test('an invalid traceparent is ignored', async () => {
  const { app, lines } = await logged();
  const traceparent = trace.traceparent.replace('00-', 'ff-');
  expect((await app.call('POST', '/load_cfg/wf1', { headers: { traceparent } })).status).toBe(200);
  expect(lines()).toHaveLength(1);
  expect(lines()[0]).not.toHaveProperty('trace_id');
  expect(lines()[0]).not.toHaveProperty('span_id');
});

test('an error of ours is told with the trace that it belongs to', async () => {
  const { app, text } = await logged({
    openStores: async (clock) => {
      const stores = await createMemoryStores({ clock });
      return { ...stores, reader: { ...stores.reader, load: () => Promise.reject(new Error('a defect')) } };
    },
  });
  expect((await app.call('POST', '/open_batch/wf1', { headers: trace })).status).toBe(500);
  const lines = text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  expect(lines).toMatchObject([
    { level: 50, trace_id: trace.traceparent.slice(3, 35), err: { message: 'a defect' } },
    { level: 30, trace_id: trace.traceparent.slice(3, 35), status: 500, problem: 'internal' },
  ]);
});

test('a repeat says that it is one', async () => {
  const { app, lines } = await logged();
  const headers = { 'idempotency-key': 'once' };
  for (let round = 0; round < 2; round += 1) await app.call('POST', '/load_cfg/wf1', { headers });
  expect(lines().map(({ replayed }) => replayed)).toEqual([undefined, true]);
});

test('neither bodies nor headers nor free parts of the query are in the log', async () => {
  const secret = 'the-secret-key-of-the-night';
  const { app, lines, text } = await logged({ keys: { [secret]: 'admin' } });
  const headers = { authorization: `Bearer ${secret}`, cookie: 'sesame' };
  const keyed = { ...headers, 'idempotency-key': 'sesame' };
  await app.call('POST', '/load_cfg/wf1?reason=sesame', { headers: keyed });
  await app.call('POST', '/open_batch/wf1?password=sesame', { headers });
  await app.call('POST', '/open_batch/wf1?reason=sesame', { headers });
  await app.call('POST', '/close_batch/wf1?batch_id=sesame', { headers });
  await app.call('POST', '/close_batch/wf1', { headers, body: { job1: { note: 'sesame' } } });
  await app.call('POST', '/close_batch/wf1', { headers, rawBody: '{"job1": {"note": "sesame"' });
  await app.call('POST', '/open_batch/wf1', { headers: { authorization: 'Bearer sesame' } });
  await app.call('GET', '/open_batch/wf1', { headers: { ...headers, 'sec-purpose': 'prefetch' } });
  expect(lines().map(({ status, principal }) => [status, principal])).toEqual([
    [200, 'admin-0'],
    [400, 'admin-0'],
    [200, 'admin-0'],
    [400, 'admin-0'],
    [200, 'admin-0'],
    [422, 'admin-0'],
    [401, null],
    [403, 'admin-0'],
  ]);
  for (const word of ['sesame', secret, 'hunter2', Buffer.from(secret).toString('base64')])
    expect(text()).not.toContain(word);
});

test('a hostile name is cut, and breaks no line', async () => {
  const { app, lines, text } = await logged();
  await app.call('POST', `/open_batch/${'n'.repeat(10_000)}`);
  await app.call('POST', '/open_batch/a%0Ab%00%1B%5B31m');
  expect(lines().map(({ status }) => status)).toEqual([400, 400]);
  expect(text().length).toBeLessThan(2000);
  expect(text().trimEnd().split('\n')).toHaveLength(2);
  expect(text()).not.toContain('\u001b');
});
