import { expect, test } from 'vitest';

import { type TestApp, testApp } from './test-app.ts';
import { watchedStores } from './watched-stores.ts';

const cfg = { wf1: 'job1: {}\njob2: {}\n' };

interface Loaded extends TestApp {
  /** How many wait. */
  readonly watchers: () => number;
}

async function loaded(): Promise<Loaded> {
  const { openStores, watchers } = watchedStores();
  const app = await testApp({ cfg, openStores });
  await app.call('POST', '/load_cfg/wf1');
  return { ...app, watchers };
}

/** Begins to wait. */
async function ask(app: Loaded, query: string): Promise<{ answer: ReturnType<TestApp['call']> }> {
  const answer = app.call('GET', `/workflows/wf1/wait?${query}`);
  await begun(app);
  return { answer };
}

async function begun(app: Loaded): Promise<void> {
  await expect.poll(app.watchers, { timeout: 20_000 }).toBe(1);
}

test('a workflow that is not ready says why, job by job', async () => {
  const app = await loaded();
  await app.call('POST', '/open_batch/wf1?job=job1');
  const { status, json } = await app.call('GET', '/workflows/wf1/wait?timeout=0');
  expect(status).toBe(200);
  expect(json).toMatchObject({ workflow: 'wf1', ready: false, date: '2026-11-21', as_of: expect.any(String) });
  expect(json.jobs).toEqual([
    {
      job: 'job1',
      ready: false,
      status: 'open',
      since: expect.stringMatching(/^2026-11-21T21:53:34/),
      last_success: null,
      median_duration_seconds: null,
      why: expect.stringContaining('open since 2026-11-21T21:53:34'),
    },
    expect.objectContaining({ job: 'job2', status: 'new', why: 'it has not been opened yet' }),
  ]);
});

test('the answer comes as soon as the last job has succeeded', async () => {
  const app = await loaded();
  await app.call('POST', '/open_batch/wf1');
  const waiting = await ask(app, 'timeout=600');
  await app.call('POST', '/close_batch/wf1?job=job1');
  await app.call('POST', '/close_batch/wf1?job=job2');
  expect((await waiting.answer).json).toMatchObject({
    ready: true,
    jobs: [{ ready: true, why: null }, { ready: true }],
  });
});

test('medians and last successes come from the history', async () => {
  const app = await loaded();
  for (const seconds of [10, 30, 20]) {
    await app.call('POST', '/open_batch/wf1');
    app.clock.advance({ seconds });
    await app.call('POST', '/close_batch/wf1');
  }
  await app.call('POST', '/open_batch/wf1');
  const { json } = await app.call('GET', '/workflows/wf1/wait?timeout=0');
  expect(json.jobs[0].median_duration_seconds).toBeCloseTo(20, 3);
  expect(json.jobs[0].last_success).toMatch(/^2026-11-21T21:54:34/);
});

test('with fail_fast a failure is answered at once', async () => {
  const app = await loaded();
  await app.call('POST', '/open_batch/wf1');
  const waiting = await ask(app, 'timeout=600&fail_fast=true');
  await app.call('POST', '/fail_batch/wf1?job=job2');
  const { json } = await waiting.answer;
  expect(json.ready).toBe(false);
  expect(json.jobs[1]).toMatchObject({ status: 'failed', why: expect.stringContaining('failed at') });
});

test('yesterday’s success does not count; asked for yesterday, it does', async () => {
  const app = await loaded();
  await app.call('POST', '/open_batch/wf1');
  await app.call('POST', '/close_batch/wf1');
  app.clock.set('2026-11-22T05:30:00');
  const today = await app.call('GET', '/workflows/wf1/wait?timeout=0');
  expect(today.json).toMatchObject({ ready: false, date: '2026-11-22' });
  expect(today.json.jobs[0].why).toBe('its last success is of 2026-11-21, not of 2026-11-22');
  const yesterday = await app.call('GET', '/workflows/wf1/wait?timeout=0&date=2026-11-21');
  expect(yesterday.json).toMatchObject({ ready: true, date: '2026-11-21' });
  const businessDay = await app.call('GET', '/workflows/wf1/wait?timeout=0&new_day=06:00');
  expect(businessDay.json).toMatchObject({ ready: true, date: '2026-11-21' });
  const inTokyo = await app.call('GET', '/workflows/wf1/wait?timeout=0&timezone=Asia/Tokyo');
  expect(inTokyo.json).toMatchObject({ ready: true, date: '2026-11-22' });
});

test('a wait ends when the service stops, with what it knows', async () => {
  const app = await loaded();
  const address = await app.server.listen({ host: '127.0.0.1', port: 0 });
  const waiting = fetch(`${address}/workflows/wf1/wait?timeout=600`);
  await begun(app);
  await app.stop();
  const answer = await waiting;
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ ready: false });
});

test('a wait ends when its client goes away', async () => {
  const app = await loaded();
  const address = await app.server.listen({ host: '127.0.0.1', port: 0 });
  const client = new AbortController();
  const waiting = fetch(`${address}/workflows/wf1/wait?timeout=600`, { signal: client.signal });
  await begun(app);
  client.abort();
  await expect(waiting).rejects.toThrow(/abort/i);
  await expect.poll(app.watchers, { timeout: 20_000 }).toBe(0);
});

test.each([
  ['timeout=3601', 'timeout'],
  ['timeout=-1', 'timeout'],
  ['timeout=1.5', 'timeout'],
  ['date=2026-02-30', 'date'],
  ['date=today', 'date'],
  ['timezone=Mars/Olympus', 'timezone'],
  ['new_day=24:00', 'new_day'],
  ['fail_fast=maybe', 'fail_fast'],
  ['forever=1', 'forever'],
])('%s is refused, naming it', async (query, about) => {
  const app = await loaded();
  const { status, json } = await app.call('GET', `/workflows/wf1/wait?${query}`);
  expect(status).toBe(400);
  expect(json.detail).toContain(about);
});

test('an unknown workflow is an error, not ready', async () => {
  const { status, json } = await (await testApp()).call('GET', '/workflows/nope/wait?timeout=600');
  expect(status).toBe(404);
  expect(json.type).toBe('/problems/unknown-workflow');
});
