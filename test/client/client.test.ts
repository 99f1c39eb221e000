import { expect, test } from 'vitest';

import { BatchyProblem, createClient, type ClientOptions } from '../../src/client/index.ts';
import { type TestApp, testApp, type TestAppOptions } from '../http/test-app.ts';

const cfg = { orders: 'customers:\n  from_date: 2026-11-20\n  big: 1.0\nitems:\n  from_date: 2026-11-20\n' };

interface Served {
  readonly app: TestApp;
  readonly address: string;
}

/** The real application behind a real socket. */
async function serve(options: TestAppOptions = {}): Promise<Served> {
  const app = await testApp({ cfg, ...options });
  return { app, address: await app.server.listen({ host: '127.0.0.1', port: 0 }) };
}

async function problemOf(call: Promise<unknown>): Promise<BatchyProblem> {
  const error: unknown = await call.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof BatchyProblem)) throw error;
  return error;
}

test('a load: open, close with rows, look back, wait', async () => {
  const { app, address } = await serve();
  const batchy = createClient({ url: `${address}/` });
  await batchy.loadWorkflow({ wf: 'orders' });
  app.clock.advance({ hours: 1 });
  const opened = await batchy.openBatch({ wf: 'orders', job: 'customers,items' });
  expect(Object.keys(opened)).toEqual(['customers', 'items']);
  const id = opened['customers']?.['batch_id'] as number;
  const closed = await batchy.closeBatch({ wf: 'orders', batch_id: id, body: { customers: { rows: 123 } } });
  expect(closed['customers']).toMatchObject({ status: 'success', rows: 123, batch_id: id });
  const [latest] = await batchy.listBatches({ wf: 'orders', limit: 1 });
  expect(latest).toMatchObject({ batch_id: id, status: 'success', kind: 'batch' });
  const batch = await batchy.getBatch({ wf: 'orders', batch_id: String(id) });
  expect(batch.parameters['customers']?.['rows']).toBe(123);
  const { ready, jobs } = await batchy.waitForWorkflow({
    wf: 'orders',
    timeout: 0,
    date: '2026-11-21',
    timezone: 'Etc/UTC',
  });
  expect({ ready, jobs: jobs.map(({ job }) => job) }).toEqual({ ready: true, jobs: ['customers', 'items'] });
  const [before] = (await batchy.previewOpen({ wf: 'orders', job: 'items' })).jobs;
  const { etag } = await batchy.getWorkflow({ wf: 'orders' });
  const body = { set: { from_date: '2026-11-01' }, reason: 'restated' };
  const edited = await batchy.editJob({ wf: 'orders', job: 'items', if_match: etag, body });
  expect(edited.jobs[0]?.from_date).toBe('2026-11-01T00:00:00.000000');
  expect(edited.jobs[0]?.from_date).not.toBe(before?.from_date);
  expect(await batchy.openBatchAs({ wf: 'orders', format: 'infa', job: 'items' })).toContain('[items]');
  await batchy.failBatch({ wf: 'orders' });
  expect(await batchy.deleteWorkflow({ wf: 'orders', confirm: 'orders' })).toBeNull();
  expect(await app.stores.reader.workflows({ ...everyWorkflow, limit: 5 })).toEqual([]);
});

const everyWorkflow = { sort: 'name', descending: false, status: null, prefix: '', after: null } as const;

test('what needs no parameter needs none', async () => {
  const { address } = await serve();
  const batchy = createClient({ url: address });
  expect(await batchy.getIndex()).toMatch(/^Batchy v/);
  expect(await batchy.getLiveness()).toEqual({ status: 'ok' });
  expect(await batchy.listWorkflows()).toEqual([]);
});

test('a refusal is thrown as a problem that says what to do', async () => {
  const { address } = await serve();
  const batchy = createClient({ url: address });
  await batchy.loadWorkflow({ wf: 'orders' });
  await batchy.openBatch({ wf: 'orders' });
  const stale = await problemOf(batchy.closeBatch({ wf: 'orders', batch_id: 5 }));
  expect(stale).toMatchObject({ name: 'BatchyProblem', status: 409, code: 'stale-batch', errors: [] });
  expect(stale.message).toBe(stale.members['detail']);
  expect(stale.message.length).toBeGreaterThan(20);
  const wrong = await problemOf(batchy.listBatches({ wf: 'orders', limit: 501 }));
  expect(wrong).toMatchObject({ status: 400, code: 'invalid-request', errors: [{ pointer: '/limit' }] });
  expect(await problemOf(batchy.getStatus({ wf: 'a/b ü' }))).toMatchObject({ status: 400, code: 'invalid-name' });
});

test('what the operation does not take, or a path cannot hold, is refused before anything is sent', async () => {
  const sent: string[] = [];
  const record: typeof fetch = async (input) => {
    sent.push(new Request(input).url);
    return Response.json({});
  };
  const batchy = createClient({ url: 'http://host.test/base', fetch: record });
  await expect(batchy.getStatus({ wf: 'orders', colour: 'red' } as { wf: string })).rejects.toThrow(
    /no parameter colour/,
  );
  await expect(batchy.getStatus({ wf: { a: 1 } as unknown as string })).rejects.toThrow(/wf .* must be text/);
  await expect(batchy.getStatus({} as { wf: string })).rejects.toThrow(/wf is undefined/);
  for (const wf of ['', '.', '..']) await expect(batchy.getStatus({ wf })).rejects.toThrow(/cannot be part of a path/);
  await expect(createClient({ url: 'http://host.test', key: 'a\nb', fetch: record }).getIndex()).rejects.toThrow(
    TypeError,
  );
  expect(sent).toEqual([]);
  await batchy.getStatus({ wf: 'a/../b', job: 'x&y=z' });
  expect(sent).toEqual(['http://host.test/base/get_status/a%2F..%2Fb?job=x%26y%3Dz']);
});

test('the key is sent, from the address too, and names who did it', async () => {
  const { address } = await serve({ keys: { 'secret-of-the-night': 'admin' } });
  expect(await problemOf(createClient({ url: address }).getStatus({ wf: 'orders' }))).toMatchObject({
    code: 'unauthenticated',
  });
  const url = address.replace('//', '//anyone:secret-of-the-night@');
  await createClient({ url }).loadWorkflow({ wf: 'orders' });
  const [entry] = await createClient({ url: address, key: 'secret-of-the-night' }).listJournal({ wf: 'orders' });
  expect(entry?.by).toBe('admin-0');
});

test('a list is gone through to its end, page by page', async () => {
  const { address } = await serve();
  const batchy = createClient({ url: address });
  await batchy.loadWorkflow({ wf: 'orders' });
  for (let round = 0; round < 5; round += 1) {
    const opened = await batchy.openBatch({ wf: 'orders' });
    await batchy.closeBatch({ wf: 'orders', batch_id: opened['items']?.['batch_id'] as number });
  }
  const ids: number[] = [];
  for await (const { batch_id: id } of batchy.each('listBatches', { wf: 'orders', kind: 'batch', limit: 2 }))
    ids.push(id);
  expect(ids).toEqual((await batchy.listBatches({ wf: 'orders', kind: 'batch' })).map(({ batch_id: id }) => id));
  expect(ids).toHaveLength(5);
});

/** A network that does to each request in turn what the script says. */
function unreliable(script: readonly ('lose-request' | 'lose-answer' | Response | 'pass')[]) {
  const keys: (string | null)[] = [];
  const pauses: number[] = [];
  const left = [...script];
  const faulty: typeof fetch = async (input, init) => {
    keys.push(new Headers(init?.headers).get('idempotency-key'));
    const step = left.shift() ?? 'pass';
    if (step === 'lose-request') throw new TypeError('fetch failed');
    if (step instanceof Response) return step;
    const response = await fetch(input, init);
    if (step === 'pass') return response;
    await response.arrayBuffer();
    throw new TypeError('terminated');
  };
  const pause: NonNullable<ClientOptions['pause']> = async (milliseconds) => void pauses.push(milliseconds);
  return { keys, pauses, options: { fetch: faulty, pause } };
}

const busy = (retryAfter: string): Response =>
  new Response(JSON.stringify({ type: '/problems/overloaded', title: 't', status: 503, detail: 'busy' }), {
    status: 503,
    headers: { 'content-type': 'application/problem+json', 'retry-after': retryAfter },
  });

test('lost requests, lost answers and a busy service: one key, one effect', async () => {
  const { address } = await serve();
  await createClient({ url: address }).loadWorkflow({ wf: 'orders' });
  const { keys, pauses, options } = unreliable(['lose-request', 'lose-answer', busy('7'), 'lose-answer']);
  const batchy = createClient({ url: address, ...options });
  const opened = await batchy.openBatch({ wf: 'orders' });
  expect(new Set(keys).size).toBe(1);
  expect(keys).toHaveLength(5);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(pauses[2]).toBe(7000);
  expect(pauses.every((pause) => pause >= 250)).toBe(true);
  const batches = await batchy.listBatches({ wf: 'orders', kind: 'batch' });
  expect(batches.map(({ batch_id: id }) => id)).toEqual([opened['items']?.['batch_id']]);
});

test('every call has a key of its own, or the one that is given; a read has none', async () => {
  const { address } = await serve();
  const { keys, options } = unreliable([]);
  const batchy = createClient({ url: address, ...options });
  await batchy.loadWorkflow({ wf: 'orders' });
  await batchy.openBatch({ wf: 'orders' });
  const again = await batchy.openBatch({ wf: 'orders' }, { idempotencyKey: 'mine' });
  expect(await batchy.openBatch({ wf: 'orders' }, { idempotencyKey: 'mine' })).toEqual(again);
  await batchy.getStatus({ wf: 'orders' });
  expect(new Set(keys.slice(0, 2)).size).toBe(2);
  expect(keys.slice(2)).toEqual(['mine', 'mine', null]);
});

test('it gives up after the attempts that it has, with the last reason', async () => {
  const lost = unreliable(['lose-request', 'lose-request', 'lose-request']);
  const client = (options: Partial<ClientOptions>) =>
    createClient({ url: 'http://host.test', attempts: 3, ...options });
  await expect(client(lost.options).openBatch({ wf: 'orders' })).rejects.toThrow('fetch failed');
  expect([lost.keys.length, lost.pauses.length]).toEqual([3, 2]);
  const full = unreliable([busy('0'), busy('soon'), busy('1')]);
  expect(await problemOf(client(full.options).openBatch({ wf: 'orders' }))).toMatchObject({ code: 'overloaded' });
  expect(full.pauses).toEqual([250, 500]);
});

test.each([400, 404, 409, 422, 500, 507])('a %i is not tried again', async (status) => {
  const { keys, options } = unreliable([new Response('{}', { status })]);
  const problem = await problemOf(createClient({ url: 'http://host.test', ...options }).openBatch({ wf: 'orders' }));
  expect(problem).toMatchObject({ status, code: null });
  expect(keys).toHaveLength(1);
});

test('a redirect is not followed but told', async () => {
  const { options } = unreliable([new Response('', { status: 302, headers: { location: 'https://elsewhere.test/' } })]);
  const problem = await problemOf(createClient({ url: 'http://host.test', ...options }).openBatch({ wf: 'orders' }));
  expect(problem.message).toContain('https://elsewhere.test/');
});

test('a page of somebody else’s is told as it is, in brief', async () => {
  const { options } = unreliable([new Response(`<h1>Bad gateway</h1>${'x'.repeat(999)}`, { status: 502 })]);
  const problem = await problemOf(createClient({ url: 'http://host.test', ...options }).getStatus({ wf: 'orders' }));
  expect(problem.message).toContain('<h1>Bad gateway</h1>');
  expect(problem.message.length).toBeLessThan(300);
});

test('a signal ends a request, and the pause before the next', async () => {
  const { address } = await serve();
  const batchy = createClient({ url: address });
  await batchy.loadWorkflow({ wf: 'orders' });
  const leaving = new AbortController();
  const waiting = batchy.waitForWorkflow({ wf: 'orders', timeout: 60 }, { signal: leaving.signal });
  leaving.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  const pausing = new AbortController();
  const alwaysBusy = createClient({
    url: address,
    fetch: async () => {
      setImmediate(() => pausing.abort(new Error('too long')));
      return busy('3600');
    },
  });
  await expect(alwaysBusy.openBatch({ wf: 'orders' }, { signal: pausing.signal })).rejects.toThrow('too long');
});
