import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { freePort } from '../servers/free-port.ts';
import { type FakeAnswer, fakeServer, problem } from './fake-server.ts';
import { run } from './run.ts';

const opened = { body: { job1: { status: 'open', batch_id: 1795557214, from_date: '2026-11-20T00:00:00.000000' } } };
const batchy = (url: string, ...args: string[]) => run('batchy', [...args, '--url', url]);

describe('what changes something', () => {
  it.each([
    ['load', ['load', 'wf1'], '/load_cfg/wf1?mode=replace'],
    ['open', ['open', 'wf1'], '/open_batch/wf1/json?if_open=reopen'],
    ['close', ['close', 'wf1', '--batch-id', '7'], '/close_batch/wf1?batch_id=7'],
    ['fail', ['fail', 'wf1', '--batch-id', '7'], '/fail_batch/wf1?batch_id=7'],
  ])(
    '%s is posted under a fresh key, and repeated under the same one until it is answered',
    async (_name, args, url) => {
      const lost: FakeAnswer[] = ['drop', problem(503, 'store-unavailable', 'The store is away.')];
      const server = await fakeServer((_request, count) => lost[count - 1] ?? opened);
      const { exit, err } = await batchy(server.url, ...args);
      expect(exit).toBe(0);
      expect(err).toContain('Trying again, for 30 s at most.');
      expect(server.requests.map((request) => `${request.method} ${request.url}`)).toEqual(
        Array(3).fill(`POST ${url}`),
      );
      const keys = new Set(server.requests.map(({ headers }) => headers['idempotency-key']));
      expect(keys.size).toBe(1);
      expect([...keys][0]).toMatch(/^[0-9a-f-]{36}$/);
      await batchy(server.url, ...args);
      expect(keys).not.toContain(server.requests.at(-1)?.headers['idempotency-key']);
    },
  );

  it('says under which key to go on when the outcome stays unknown', async () => {
    const server = await fakeServer(() => 'drop');
    const { exit, err } = await batchy(server.url, 'open', 'wf1', '--timeout', '2');
    expect(exit).toBe(4);
    const key = server.requests[0]?.headers['idempotency-key'] as string;
    expect(err).toContain(
      `Whether it took effect is not known: repeat the command with --idempotency-key ${key} within 24 hours`,
    );
    await batchy(server.url, 'open', 'wf1', '--timeout', '2', '--idempotency-key', key);
    expect(server.requests.at(-1)?.headers['idempotency-key']).toBe(key);
  });

  it('does not frighten where nothing can have happened', async () => {
    const { exit, err } = await batchy(`http://127.0.0.1:${await freePort()}`, 'open', 'wf1', '--timeout', '2');
    expect(exit).toBe(4);
    expect(err).toContain('cannot be reached (connect ECONNREFUSED');
    expect(err).not.toContain('not known');
  });

  it('ends with 124 when the server takes it and never answers', async () => {
    const server = await fakeServer(() => 'hang');
    const { exit, err } = await batchy(server.url, 'close', 'wf1', '--batch-id', '7', '--timeout', '2');
    expect(exit).toBe(124);
    expect(err).toContain('did not answer within 2 s');
    expect(err).toContain('--idempotency-key');
  });

  it.each([
    [409, 'stale-batch', 3],
    [404, 'unknown-workflow', 2],
    [422, 'idempotency-mismatch', 3],
    [401, 'unauthenticated', 1],
    [500, 'internal', 1],
    [507, 'store-full', 1],
  ])('is not repeated after %i %s, and ends with %i', async (status, code, expected) => {
    const server = await fakeServer(() =>
      problem(status, code, 'What is wrong.', { errors: [{ pointer: '/job1/rows', detail: 'is \u001b[31mred' }] }),
    );
    const { exit, err, out } = await batchy(server.url, 'close', 'wf1', '--batch-id', '7');
    expect({ exit, out }).toEqual({ exit: expected, out: '' });
    expect(err.split('\n')).toEqual([`batchy: What is wrong. (${code})`, '  /job1/rows: is \\u001b[31mred']);
    expect(server.requests).toHaveLength(1);
  });

  it('always sends the id of the batch: given, or the current one by name', async () => {
    const server = await fakeServer(() => opened);
    const { exit, err } = await batchy(server.url, 'close', 'wf1');
    expect(exit).toBe(2);
    expect(err).toContain('--batch-id ID');
    expect(server.requests).toHaveLength(0);
    expect((await batchy(server.url, 'close', 'wf1', '--batch-id', '7', '--current')).exit).toBe(2);
    const current = await batchy(server.url, 'fail', 'wf1', '--current');
    expect(current.err).toContain('the current batch is 1795557214');
    expect(server.requests.map(({ url }) => url)).toEqual(['/get_status/wf1', '/fail_batch/wf1?batch_id=1795557214']);
  });

  it.each([
    ['none is open', { job1: { status: 'success', batch_id: 1 } }, [], 'not-open'],
    [
      'none of the jobs is open',
      { job1: { status: 'open', batch_id: 1 }, job2: { status: 'new' } },
      ['--job', 'job2'],
      'not-open',
    ],
    [
      'several are open',
      { job1: { status: 'open', batch_id: 1 }, job2: { status: 'open', batch_id: 2 } },
      [],
      'ambiguous',
    ],
  ])('takes no current batch where %s', async (_what, body, args, code) => {
    const server = await fakeServer(() => ({ body }));
    const { exit, err } = await batchy(server.url, 'close', 'wf1', '--current', ...args);
    expect(exit).toBe(3);
    expect(err).toContain(`(${code})`);
    expect(server.requests).toHaveLength(1);
  });

  it('sends parameters with a close, as JSON where they are JSON', async () => {
    const server = await fakeServer(() => opened);
    const set = ['job1.rows=12345678901234567890', 'job1.note=a=b "c"', 'my.job.done=true', 'job1.list=[1.0]'].flatMap(
      (text) => ['--set', text],
    );
    await batchy(
      server.url,
      'close',
      'wf1',
      '--batch-id',
      '7',
      ...set,
      '--reason',
      'ok & done',
      '--job',
      'job1,my.job',
      '--force',
    );
    expect(server.requests[0]).toMatchObject({
      url: '/close_batch/wf1?batch_id=7&job=job1%2Cmy.job&force=true&reason=ok+%26+done',
      body: '{"job1":{"rows":12345678901234567890,"note":"a=b \\"c\\"","list":[1.0]},"my.job":{"done":true}}',
    });
    expect((await batchy(server.url, 'close', 'wf1', '--batch-id', '7', '--set', 'rows=1')).err).toContain(
      'Expected job.parameter=value',
    );
  });

  it('makes sure that the file can be written before it opens', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-output-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const server = await fakeServer((_request, count) =>
      count === 1 ? problem(409, 'batch-open', 'A batch is open.') : opened,
    );
    const missing = await run('batchy', ['open', 'wf1', '--url', server.url, '--output', 'no/such/folder/wf1.json'], {
      folder,
    });
    expect(missing.exit).toBe(2);
    expect(missing.err).toContain('Nothing was opened');
    expect(server.requests).toHaveLength(0);
    const refused = await run('batchy', ['open', 'wf1', '--url', server.url, '--output', 'wf1.json'], { folder });
    expect(refused.exit).toBe(3);
    expect(readdirSync(folder)).toEqual([]);
    await run('batchy', ['open', 'wf1', '--url', server.url, '--output', 'wf1.json'], { folder });
    expect(readdirSync(folder)).toEqual(['wf1.json']);
    expect(existsSync(path.join(folder, 'wf1.json'))).toBe(true);
  });
});

describe('what only reads', () => {
  it('is not repeated', async () => {
    const server = await fakeServer(() => problem(503, 'store-unavailable', 'The store is away.'));
    expect(await batchy(server.url, 'status', 'wf1')).toEqual({
      exit: 4,
      out: '',
      err: 'batchy: The store is away. (store-unavailable)',
    });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers['idempotency-key']).toBeUndefined();
  });

  it('follows the pages of a list up to the limit', async () => {
    const server = await fakeServer(({ url }) => {
      const from = Number(/cursor=(\d+)/.exec(url)?.[1] ?? 0);
      const body = Array.from({ length: 2 }, (_, index) => ({
        name: `wf${from + index}`,
        status: 'new',
        updated_at: 'x',
      }));
      return { body, headers: { link: `</behind/proxy/workflows?limit=5&cursor=${from + 2}>; rel="next"` } };
    });
    const { out } = await batchy(`${server.url}/behind/proxy`, 'status', '--limit', '5', '--json');
    expect((JSON.parse(out) as { name: string }[]).map(({ name }) => name)).toEqual([
      'wf0',
      'wf1',
      'wf2',
      'wf3',
      'wf4',
    ]);
    expect(server.requests.map(({ url }) => url)).toEqual([
      '/behind/proxy/workflows?limit=5',
      '/behind/proxy/workflows?limit=5&cursor=2',
      '/behind/proxy/workflows?limit=5&cursor=4',
    ]);
  });

  it('prints the answer as it came when JSON is asked for', async () => {
    const body = '{"job1":{"tolerance":1.0,"id":12345678901234567890}}';
    const server = await fakeServer(() => ({ body }));
    expect((await batchy(server.url, 'status', 'wf1', '--json')).out).toBe(body);
  });

  it.each([
    ['a page', '<html>'],
    ['a list', '[]'],
  ])('tells %s from a Batchy server', async (_what, body) => {
    const server = await fakeServer(() => ({ body }));
    const { exit, err } = await batchy(server.url, 'close', 'wf1', '--current');
    expect(exit).toBe(1);
    expect(err).toContain('Is --url (BATCHY_URL)');
  });

  it('shows what others wrote without letting it steer the terminal, and colours only where they are wanted', async () => {
    const server = await fakeServer(() => ({ body: { 'job\u001b[2J': { status: 'failed', from_date: 'x' } } }));
    const plain = await batchy(server.url, 'status', 'wf1');
    expect(plain.out).toContain('job\\u001b[2J');
    expect(plain.out).not.toContain('\u001b');
    const coloured = await run('batchy', ['status', 'wf1', '--url', server.url], { environment: { FORCE_COLOR: '1' } });
    expect(coloured.out).toContain('\u001b[31mfailed');
  });

  it('sends the key', async () => {
    const server = await fakeServer(() => opened);
    await run('batchy', ['status', 'wf1'], { environment: { BATCHY_URL: server.url, BATCHY_KEY: 'secret' } });
    expect(server.requests[0]?.headers.authorization).toBe('Bearer secret');
  });

  it.each([
    [['status', '../../etc/passwd'], 'is no workflow name'],
    [['status', 'wf1-1467149783'], 'is no workflow name'],
    [['history', 'wf1', '--batch-id', '../x'], 'is no batch id'],
    [['history', 'wf1', '--limit', '0'], 'Expected a whole number'],
    [['status', 'wf1', '--timeout', 'soon'], 'Expected a number'],
    [['open', 'wf1', '--format', 'xml'], 'Allowed choices are json, infa'],
    [['open'], "missing required argument 'workflow'"],
    [['opne', 'wf1'], "unknown command 'opne'"],
    [['open', 'wf1', '--frce'], "unknown option '--frce'"],
    [['close', 'wf1', '--batch-id', 'latest'], 'Expected the number that open printed'],
  ])('refuses %j with 2, before it asks', async (args, said) => {
    const server = await fakeServer(() => opened);
    const { exit, err } = await batchy(server.url, ...args);
    expect(exit).toBe(2);
    expect(err).toContain(said);
    expect(server.requests).toHaveLength(0);
  });
});

describe('wait', () => {
  const answer = (jobs: object[], ready = false) => ({
    body: { workflow: 'wf1', ready, date: '2026-11-21', as_of: 'x', jobs },
  });
  const held = {
    job: 'job1',
    ready: false,
    status: 'open',
    why: 'its batch has been open since 08:00',
    last_success: '2026-11-20T03:00:00.000000',
    median_duration_seconds: 61.4,
  };

  it('asks again until it is ready, and says each why once', async () => {
    const answers = [
      answer([held]),
      problem(503, 'store-unavailable', 'The store is away.'),
      answer([held]),
      answer([{ ...held, ready: true }], true),
    ];
    const server = await fakeServer((_request, count) => answers[count - 1] ?? 'drop');
    const { exit, out } = await batchy(server.url, 'wait', 'wf1', '--timezone', 'Europe/Berlin', '--new-day', '06:00');
    expect(exit).toBe(0);
    const why =
      'wf1: job1: its batch has been open since 08:00; last success 2026-11-20T03:00:00.000000; it usually takes 61 s';
    expect(out.split('\n')).toEqual([why, 'wf1: The store is away.', why, 'wf1: ready for 2026-11-21']);
    expect(server.requests[0]?.url).toBe('/workflows/wf1/wait?timezone=Europe%2FBerlin&new_day=06%3A00&timeout=25');
  });

  it('ends with 124 when the time is over, and prints the last answer where JSON is asked for', async () => {
    const server = await fakeServer(() => answer([held]));
    const { exit, out, err } = await batchy(server.url, 'wait', 'wf1', '--timeout', '0.5', '--json');
    expect(exit).toBe(124);
    expect(JSON.parse(out)).toEqual(answer([held]).body);
    expect(err).toContain('job1: its batch has been open');
  });

  it('ends with 1 as soon as a job has failed, when it shall fail fast', async () => {
    const server = await fakeServer(() =>
      answer([{ ...held, status: 'failed', why: 'its last batch failed', last_success: null }]),
    );
    const { exit, out } = await batchy(server.url, 'wait', 'wf1', '--fail-fast');
    expect(exit).toBe(1);
    expect(out).toBe('wf1: job1: its last batch failed; it has never succeeded; it usually takes 61 s');
    expect(server.requests[0]?.url).toContain('fail_fast=true');
  });

  it('ends with 2 for an unknown workflow, with 4 when the server stays away', async () => {
    const server = await fakeServer(() => problem(404, 'unknown-workflow', 'There is no workflow.'));
    expect((await batchy(server.url, 'wait', 'wf1')).exit).toBe(2);
    expect((await batchy(`http://127.0.0.1:${await freePort()}`, 'wait', 'wf1', '--timeout', '0.5')).exit).toBe(4);
  });
});
