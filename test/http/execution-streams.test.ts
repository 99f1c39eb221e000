import { expect, test } from 'vitest';

import type { BatchStatus } from '../../src/domain/execution.ts';
import { logEvents } from '../../src/http/log-stream.ts';
import { fakeJobs } from './fake-jobs.ts';
import { callStream } from './openapi-requests.ts';
import { testApp } from './test-app.ts';

async function streamsApp() {
  const fake = fakeJobs();
  const app = await testApp({ services: fake.services });
  /** Tells the journal that an execution (or a step of it) went on. */
  const journal = async (id: number, after: BatchStatus, stepName: string | null = null): Promise<void> => {
    await app.stores.store.commit({
      operation: { id: `${id}-${stepName}-${after}`, fingerprint: '', answer: null, keepSeconds: 600 },
      changes: [],
      journal: [
        {
          type: stepName === null ? 'execution-changed' : 'step-changed',
          workflow: null,
          at: app.clock.peek(),
          by: 'nightly',
          reason: null,
          batchId: null,
          jobs: [],
          execution: { id, jobName: 'LoadOrders', stepName, before: null, after },
        },
      ],
    });
  };
  const live = (url: string, headers: Record<string, string> = {}) =>
    callStream(app, { url, headers: { accept: 'text/event-stream', ...headers } }, Number.POSITIVE_INFINITY);
  return { ...app, fake, journal, live };
}

interface Told {
  readonly event: string;
  readonly id: string | null;
  // oxlint-disable-next-line typescript/no-explicit-any -- events of any shape are looked into
  readonly data: any;
}

function told(text: string): Told[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('data: '))
    .map((block) => ({
      event: /^event: (.*)$/m.exec(block)?.[1] ?? '',
      id: /^id: (.*)$/m.exec(block)?.[1] ?? null,
      data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null'),
    }));
}

test('a log is text; that it is complete shows by there being no next part', async () => {
  const { call } = await streamsApp();
  const { status, text, headers } = await call('GET', '/executions/1/log');
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(text).toBe('2026-11-21T21:53:34.400000 INFO Load: 50 rows\n');
  expect(headers['link']).toBeUndefined();
  expect((await call('GET', '/executions/1/steps/Load/log')).text).toBe('2026-11-21T21:53:34.400000 INFO 50 rows\n');
});

test('a long log comes in parts', async () => {
  const { call, fake } = await streamsApp();
  fake.logs.set('1', 'one\ntwo\nthree\n');
  const parts: string[] = [];
  for (let next: string | undefined = '/executions/1/log?limit=6'; next !== undefined;) {
    const { text, headers } = await call('GET', next);
    parts.push(text);
    next = /^<([^>]+)>; rel="next"$/.exec((headers['link'] as string | undefined) ?? '')?.[1];
  }
  expect(parts).toEqual(['one\ntw', 'o\nthre', 'e\n']);
});

test('as long as the execution runs there is a next part', async () => {
  const { call, fake } = await streamsApp();
  fake.logs.set('3', 'begun\n');
  const { text, headers } = await call('GET', '/executions/3/log?offset=6');
  expect([text, headers['link']]).toEqual(['', '</executions/3/log?offset=6>; rel="next"']);
});

test('the log of a step that has ended is complete though the execution runs', async () => {
  const { call, fake } = await streamsApp();
  fake.change(1, { status: 'STARTED' });
  expect((await call('GET', '/executions/1/steps/Load/log')).headers['link']).toBeUndefined();
});

test.each(['Nope', '..%2f..%2fetc%2fpasswd', '%00'])(
  'the log of the step %s, which has not run, is a 404',
  async (name) => {
    const { call } = await streamsApp();
    const { status, json } = await call('GET', `/executions/1/steps/${name}/log`);
    expect([status, json.type]).toEqual([404, '/problems/unknown-step']);
  },
);

test.each(['offset=-1', 'offset=x', 'limit=0', 'limit=1048577', 'tail=10'])(
  'a log with %s is refused',
  async (query) => {
    const { call } = await streamsApp();
    expect((await call('GET', `/executions/1/log?${query}`)).status).toBe(400);
  },
);

test('where no logs are kept, every log is empty', async () => {
  const { jobs, executions } = fakeJobs().services;
  const { call } = await testApp({ services: { jobs, executions } });
  const { status, text } = await call('GET', '/executions/1/log');
  expect([status, text]).toEqual([200, '']);
});

test('a live log is told as it grows, up to the end of the execution', async () => {
  const { fake, live, journal } = await streamsApp();
  fake.logs.set('3', 'one\n');
  const stream = live('/executions/3/log');
  fake.logs.set('3', 'one\ntwo\r\nthree');
  fake.change(3, { status: 'COMPLETED' });
  await journal(3, 'COMPLETED');
  const { type, text } = await stream;
  expect(type).toBe('text/event-stream; charset=utf-8');
  const events = told(text);
  expect(
    events
      .slice(0, -1)
      .map(({ data }) => data.text)
      .join(''),
  ).toBe('one\ntwo\r\nthree');
  expect(events.at(-1)).toMatchObject({ event: 'log-ended', data: { next_offset: 14 } });
});

test('a client that comes back to a live log goes on where it was', async () => {
  const { fake, live, call } = await streamsApp();
  fake.logs.set('1', 'one\ntwo\n');
  const { text } = await live('/executions/1/log', { 'last-event-id': '4' });
  expect(told(text)).toMatchObject([
    { event: 'log', id: '8', data: { text: 'two\n', next_offset: 8 } },
    { event: 'log-ended', id: '8' },
  ]);
  const refused = await call('GET', '/executions/1/log', {
    headers: { accept: 'text/event-stream', 'last-event-id': 'x' },
  });
  expect(refused.status).toBe(400);
});

test('a live log that says nothing is kept alive, and ends when the service stops', async () => {
  const stopping = new AbortController();
  const looks: number[] = [];
  const stream = logEvents({
    read: async (offset) => {
      looks.push(offset);
      return { text: '', nextOffset: offset, ended: true };
    },
    isOver: async () => false,
    subscribe: () => () => {},
    offset: 7,
    lookAgainMilliseconds: 1,
    looksPerHeartbeat: 3,
    stopping: stopping.signal,
    over: stopping.signal,
  });
  expect((await stream.next()).value).toBe('retry: 3000\n\n');
  expect((await stream.next()).value).toBe(': heartbeat\n\n');
  expect(looks).toEqual([7, 7, 7]);
  stopping.abort();
  expect((await stream.next()).value).toContain('event: end\n');
  expect((await stream.next()).done).toBe(true);
});

test('the events of an execution are its own, and end with it', async () => {
  const { fake, live, journal } = await streamsApp();
  await journal(3, 'STARTED');
  const stream = live('/executions/3/events', { 'last-event-id': '0' });
  await journal(2, 'FAILED');
  await journal(3, 'COMPLETED', 'Load');
  fake.change(3, { status: 'COMPLETED' });
  await journal(3, 'COMPLETED');
  const events = told((await stream).text);
  expect(events.map(({ event, id }) => [event, id])).toEqual([
    ['execution-changed', '1'],
    ['step-changed', '3'],
    ['execution-changed', '4'],
    ['execution-ended', null],
  ]);
  expect(events[1]?.data).toMatchObject({
    workflow: null,
    execution: { id: 3, step_name: 'Load', after: 'COMPLETED' },
  });
  expect(events.at(-1)?.data).toMatchObject({ id: 3, status: 'COMPLETED', job_name: 'LoadOrders' });
});

test('of an execution that has ended long ago only the end is told', async () => {
  const { live } = await streamsApp();
  const events = told((await live('/executions/1/events')).text);
  expect(events).toMatchObject([{ event: 'execution-ended', data: { id: 1, status: 'COMPLETED' } }]);
});

test('the events of an execution resume behind the last one seen; an id of another store is refused', async () => {
  const { live, journal, call } = await streamsApp();
  await journal(1, 'STARTED');
  await journal(1, 'COMPLETED');
  const events = told((await live('/executions/1/events', { 'last-event-id': '1' })).text);
  expect(events.map(({ event, id }) => [event, id])).toEqual([
    ['execution-changed', '2'],
    ['execution-ended', null],
  ]);
  expect((await call('GET', '/executions/1/events', { headers: { 'last-event-id': '9' } })).status).toBe(400);
});
