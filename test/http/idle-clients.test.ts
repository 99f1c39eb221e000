import { connect, type Socket } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import type { Settings } from '../../src/config/schema.ts';
import { type TestApp, testApp } from './test-app.ts';

const crowd = 1000;
const patience = { timeout: 30_000, interval: 50 };

/** Nothing; headers that do not end; a body that does not come. The last has the attention of a route already. */
const silent = '';
const slowHeaders = 'POST /open_batch/wf1 HTTP/1.1\r\nHost: localhost\r\n';
const slowBody = `${slowHeaders}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{`;

interface Client {
  readonly socket: Socket;
  answer: string;
  closed: boolean;
}

interface ListeningApp extends TestApp {
  readonly url: string;
  /** How many connections there are, on the server's side. */
  readonly connected: () => Promise<number>;
  /** Clients that send a beginning each, and then nothing. */
  readonly gather: (beginnings: readonly string[]) => Client[];
}

async function listeningApp(settings: Partial<Settings>): Promise<ListeningApp> {
  const app = await testApp({ cfg: { wf1: 'job1: {}\n' }, settings });
  expect((await app.call('POST', '/load_cfg/wf1')).status).toBe(200);
  const url = await app.server.listen({ host: '127.0.0.1', port: 0 });
  const clients: Client[] = [];
  onTestFinished(() => clients.forEach(({ socket }) => void socket.destroy()));
  return {
    ...app,
    url,
    connected: () =>
      new Promise((resolve, reject) => {
        app.server.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
      }),
    gather: (beginnings) =>
      beginnings.map((beginning) => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1');
        const client: Client = { socket, answer: '', closed: false };
        clients.push(client);
        socket
          .on('data', (chunk) => void (client.answer += String(chunk)))
          .on('error', () => undefined)
          .on('close', () => void (client.closed = true));
        socket.write(beginning);
        return client;
      }),
  };
}

const manyOf = (...beginnings: string[]): string[] =>
  Array.from({ length: crowd }, (_, index) => beginnings[index % beginnings.length] ?? '');

async function post(app: ListeningApp, path: string): Promise<{ status: number; batchId: number }> {
  const answer = await fetch(app.url + path, { method: 'POST' });
  const body = (await answer.json()) as { job1?: { batch_id: number } };
  return { status: answer.status, batchId: body.job1?.batch_id ?? 0 };
}

test('batches are opened and closed beside a thousand clients that are silent or slow', async () => {
  const app = await listeningApp({});
  const clients = app.gather(manyOf(silent, slowHeaders, slowBody));
  await expect.poll(app.connected, patience).toBe(crowd);
  const opened = await post(app, '/open_batch/wf1');
  expect(opened.status).toBe(200);
  expect(await post(app, `/close_batch/wf1?batch_id=${opened.batchId}`)).toEqual(opened);
  expect(clients.filter(({ closed, answer }) => closed || answer !== '')).toEqual([]);
});

test('five times more slow requests than there is room for: the excess is told to come again, and batches end', async () => {
  const room = crowd / 5;
  const app = await listeningApp({ MAX_CONCURRENT_REQUESTS: room });
  const { batchId } = await post(app, '/open_batch/wf1');
  const clients = app.gather(manyOf(slowBody));
  const refused = (): Client[] => clients.filter(({ answer }) => answer !== '');
  await expect.poll(() => refused().length, patience).toBe(crowd - room);
  for (const { answer } of refused()) {
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/\r\nretry-after: 1\r\n/i);
    expect(answer).toContain('"/problems/overloaded"');
  }
  expect((await post(app, '/open_batch/wf1')).status).toBe(503);
  expect(await post(app, `/close_batch/wf1?batch_id=${batchId}`)).toEqual({ status: 200, batchId });
  expect(await post(app, `/fail_batch/wf1?batch_id=${batchId}`)).toEqual({ status: 200, batchId });
});

test('who is silent or slow for longer than the limit is sent away, and leaves no place taken', async () => {
  const app = await listeningApp({ REQUEST_TIMEOUT_SECONDS: 0.5, MAX_CONCURRENT_REQUESTS: crowd });
  const clients = app.gather(manyOf(silent, slowHeaders, slowBody));
  await expect.poll(() => clients.filter(({ closed }) => !closed).length, patience).toBe(0);
  expect(new Set(clients.map(({ answer }) => answer.slice(0, 13)))).toEqual(new Set(['HTTP/1.1 408 ']));
  await expect.poll(app.connected, patience).toBe(0);
  const all = await Promise.all(Array.from({ length: crowd }, () => app.call('GET', '/get_status/wf1')));
  expect(all.filter(({ status }) => status !== 200)).toEqual([]);
  expect((await post(app, '/open_batch/wf1')).status).toBe(200);
});
