import { expect, describe, it, vi } from 'vitest';

import { usage } from '../../src/cli/waitsy/options.ts';
import { freePort } from '../servers/free-port.ts';
import { type FakeAnswer, fakeServer, type FakeRequest } from './fake-server.ts';
import { run, start } from './run.ts';

/** The server's clock: 2026-11-22, 00:30 in Berlin, still the day before in UTC. */
const serverTime = { date: 'Sat, 21 Nov 2026 23:30:00 GMT' };
const today = '2026-11-21T03:00:00.000000';
const yesterday = '2026-11-20T23:59:59.999999';

function jobs(...told: { status: string; batch_end?: string | null; batch_start?: string }[]): FakeAnswer {
  return {
    headers: serverTime,
    body: Object.fromEntries(told.map((parameters, index) => [`job${index + 1}`, parameters])),
  };
}

const done = { status: 'success', batch_end: today };
const open = { status: 'open', batch_start: today, batch_end: null };

/** Long enough for a first answer on a slow machine: without one, the exit would be another. */
const inVain = ['--timeout', '2.5'];

const waitsy = (url: string, ...args: string[]) =>
  run('waitsy', ['-wf', 'wf1', '--url', url, '--interval', '0.02', ...args]);

describe('waitsy', () => {
  it('polls until every job has succeeded today, a line a poll', async () => {
    const server = await fakeServer((_request, count) =>
      count === 1 ? jobs(open, { status: 'new' }) : count === 2 ? jobs(done, open) : jobs(done, done),
    );
    const { exit, out, err } = await waitsy(server.url);
    expect(out.split('\n')).toEqual([
      'waiting for 2026-11-21: wf1 (job1: its batch has been open since 2026-11-21T03:00:00.000000; job2: it has not been opened yet)',
      'waiting for 2026-11-21: wf1 (job2: its batch has been open since 2026-11-21T03:00:00.000000)',
      'ready for 2026-11-21: wf1 ready',
    ]);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(Array(3).fill('GET /get_status/wf1'));
  });

  it('does not count the success of yesterday', async () => {
    const server = await fakeServer(() => jobs({ status: 'success', batch_end: yesterday }));
    const { exit, out } = await waitsy(server.url, ...inVain);
    expect(exit).toBe(124);
    expect(out).toContain('job1: its last success is of 2026-11-20, not of 2026-11-21');
  });

  it.each([
    ['the day before, in UTC', [], '2026-11-21T22:00:00', 0],
    ['a zone in which it is tomorrow', ['--timezone', 'Europe/Berlin'], '2026-11-21T22:00:00', 124],
    ['a zone in which it was tomorrow, too', ['--timezone', 'Europe/Berlin'], '2026-11-21T23:10:00', 0],
    [
      'a business day that begins late',
      ['--timezone', 'Europe/Berlin', '--new-day', '06:00'],
      '2026-11-21T22:00:00',
      0,
    ],
    ['a business day that had not begun', ['--new-day', '06:00'], '2026-11-21T05:00:00', 124],
    ['another day', ['--date', '2026-11-19'], '2026-11-19T12:00:00Z', 0],
    ['another day that it was not', ['--date', '2026-11-19'], '2026-11-20T12:00:00', 124],
    ['an offset that leads into the day', [], '2026-11-22T01:00:00+02:00', 0],
  ])('knows %s', async (_what, args, batchEnd, exit) => {
    const server = await fakeServer(() => jobs({ status: 'success', batch_end: batchEnd }));
    expect((await waitsy(server.url, ...inVain, ...args)).exit).toBe(exit);
  });

  it.each(['failed', 'failure'])('ends with 1 on %s, when it shall fail fast', async (status) => {
    const server = await fakeServer((_request, count) =>
      count < 3 ? jobs(open, done) : jobs({ status, batch_end: today }, done),
    );
    const { exit, out } = await waitsy(server.url, '--fail-fast');
    expect(exit).toBe(1);
    expect(out.split('\n')).toHaveLength(3);
    expect(out).toContain('job1: its last batch failed at 2026-11-21T03:00:00.000000');
  });

  it('waits on after a failure, unless told otherwise', async () => {
    const server = await fakeServer((_request, count) =>
      count < 3 ? jobs({ status: 'failed', batch_end: today }) : jobs(done),
    );
    expect((await waitsy(server.url)).exit).toBe(0);
  });

  it.each([
    ['as we answer', { status: 404, body: { type: '/problems/unknown-workflow', detail: 'There is no workflow.' } }],
    ['as the older program answers', { body: {} }],
  ])('takes an unknown workflow for an error: %s', async (_what, answer) => {
    const server = await fakeServer(() => ({ headers: serverTime, ...answer }));
    const { exit, err, out } = await waitsy(server.url);
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(err).toContain('There is no workflow "wf1"');
    expect(server.requests).toHaveLength(1);
  });

  it('waits for a server that is briefly away', async () => {
    // Ready only once it has been away: however slow we are, waitsy cannot be done before.
    let wasAway = false;
    const server = await fakeServer(() => (wasAway ? jobs(done) : jobs(open)));
    const waiting = start('waitsy', ['-wf', 'wf1', '--url', server.url, '--interval', '0.02']);
    let out = '';
    waiting.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    await vi.waitFor(() => expect(out).toContain('waiting for'), { timeout: 20_000 });
    await server.goAway();
    await vi.waitFor(() => expect(out).toContain('the server is away'), { timeout: 20_000 });
    wasAway = true;
    await server.comeBack();
    expect((await waiting).exitCode).toBe(0);
  });

  it.each([503, 502, 500, 429])('waits while it answers %i', async (status) => {
    const server = await fakeServer((_request, count) =>
      count < 3 ? { status, body: { detail: 'not now' } } : jobs(done),
    );
    const { exit, out } = await waitsy(server.url);
    expect(exit).toBe(0);
    expect(out).toContain(`it answers ${status}: not now`);
  });

  it('ends with 2 when the server stays away', async () => {
    const { exit, err } = await waitsy(`http://127.0.0.1:${await freePort()}`, ...inVain);
    expect(exit).toBe(2);
    expect(err).toMatch(/^waitsy: The server at .* was still away after 2.5 s \(connect ECONNREFUSED/);
  });

  it('ends with 2 when the server takes the connection and never answers', async () => {
    const server = await fakeServer(() => 'hang');
    expect((await waitsy(server.url, '--timeout', '0.3')).exit).toBe(2);
  });

  it('ends with 124 when the last answer was "not yet", though the deadline cut the next one off', async () => {
    const server = await fakeServer((_request, count) => (count === 1 ? jobs(open) : 'hang'));
    expect((await waitsy(server.url, ...inVain)).exit).toBe(124);
  });

  it.each([
    ['a page', { body: '<html>', headers: serverTime }, 'is no Batchy server'],
    ['a list', { body: [], headers: serverTime }, 'is no Batchy server'],
    ['a closed door', { status: 401, body: { detail: 'Send an API key.' } }, '401 for workflow wf1: Send an API key.'],
  ])('does not wait for %s', async (_what, answer: FakeAnswer, said) => {
    const server = await fakeServer(() => answer);
    const { exit, err } = await waitsy(server.url);
    expect(exit).toBe(2);
    expect(err).toContain(said);
  });

  it('waits for jobs that it cannot read, and says so', async () => {
    const server = await fakeServer(() => jobs({ status: 'success', batch_end: 'tomorrow' }, { status: 'done' }));
    const { exit, out } = await waitsy(server.url, ...inVain);
    expect(exit).toBe(124);
    expect(out).toContain('job1: batch_end is "tomorrow"');
    expect(out).toContain('job2: status is "done"');
  });

  it('waits for several workflows at once', async () => {
    const polls = new Map<string, number>();
    const server = await fakeServer(({ url }: FakeRequest) => {
      polls.set(url, (polls.get(url) ?? 0) + 1);
      return url.endsWith('/wf1') || (polls.get(url) ?? 0) > 2 ? jobs(done) : jobs(open);
    });
    const { exit, out } = await waitsy(server.url, '--workflow', 'wf 2', '-wf=wf1');
    expect(exit).toBe(0);
    expect(out.split('\n')).toEqual([
      ...Array(2).fill(expect.stringMatching(/^waiting for 2026-11-21: wf1 ready, wf 2 \(job1: /)),
      'ready for 2026-11-21: wf1 ready, wf 2 ready',
    ]);
    expect([...polls.keys()].sort()).toEqual(['/get_status/wf%202', '/get_status/wf1']);
  });

  it('prints a line of JSON a poll', async () => {
    const server = await fakeServer((_request, count) => jobs(count === 1 ? open : done));
    const { out } = await waitsy(server.url, '--json');
    const lines = out.split('\n').map((line): unknown => JSON.parse(line));
    expect(lines).toMatchObject([
      {
        ready: false,
        workflows: [
          {
            workflow: 'wf1',
            kind: 'known',
            ready: false,
            date: '2026-11-21',
            jobs: [{ job: 'job1', ready: false, status: 'open' }],
          },
        ],
      },
      {
        ready: true,
        workflows: [
          { workflow: 'wf1', ready: true, jobs: [{ job: 'job1', ready: true, status: 'success', why: null }] },
        ],
      },
    ]);
  });

  it('prints nothing when it shall be quiet', async () => {
    const server = await fakeServer((_request, count) => jobs(count === 1 ? open : done));
    expect(await waitsy(server.url, '--quiet')).toEqual({ exit: 0, out: '', err: '' });
  });

  it('takes address and key from the environment, and from the address', async () => {
    const server = await fakeServer(() => jobs(done));
    await run('waitsy', ['-wf', 'wf1'], { environment: { BATCHY_URL: `${server.url}/`, BATCHY_KEY: 'secret1' } });
    await run('waitsy', ['-wf', 'wf1', '--key', 'secret2'], {
      environment: { BATCHY_URL: server.url.replace('//', '//x:unused@') },
    });
    await run('waitsy', ['-wf', 'wf1', '--url', `${server.url.replace('//', '//x:secret3@')}/behind/proxy`]);
    expect(server.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/get_status/wf1', 'Bearer secret1'],
      ['/get_status/wf1', 'Bearer secret2'],
      ['/behind/proxy/get_status/wf1', 'Bearer secret3'],
    ]);
  });

  it.each([
    [[], 'Which workflow?'],
    [['-wf', 'a', '--interval', 'x'], '--interval is "x"'],
    [['-wf', 'a', '--interval', '0'], '--interval is "0"'],
    [['-wf', 'a', '--timeout', '-1'], '--timeout'],
    [['-wf', 'a', '--date', '2026-02-30'], '--date is "2026-02-30"'],
    [['-wf', 'a', '--date', 'today'], '--date is "today"'],
    [['-wf', 'a', '--timezone', 'Mars/Olympus'], '--timezone is "Mars/Olympus"'],
    [['-wf', 'a', '--new-day', '6'], '--new-day is "6"'],
    [['-wf', 'a', '--quiet', '--json'], 'not both'],
    [['-wf', 'a', '--unknown'], '--unknown'],
    [['-wf', 'a', 'b'], "'b'"],
    [['-wf', 'a', '--url', 'ftp://x'], 'ftp://x is no address'],
    [['-wf', 'a', '--key', 'two words'], 'holds a space'],
  ])('refuses %j with 2', async (args, said) => {
    const { exit, err, out } = await run('waitsy', args);
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(err).toContain(said);
  });

  it('needs a clock: without the server’s, a date', async () => {
    const answer = { headers: { date: '' }, body: { job1: done } };
    const server = await fakeServer(() => answer);
    expect((await waitsy(server.url)).err).toContain('no Date header');
    expect((await waitsy(server.url, '--date', '2026-11-21')).exit).toBe(0);
  });

  it.each(['--help', '-h'])('prints help on %s', async (flag) => {
    expect(await run('waitsy', [flag])).toEqual({ exit: 0, out: usage.trimEnd(), err: '' });
  });
});
