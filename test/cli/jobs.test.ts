import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { type FakeJobs, fakeJobs } from '../http/fake-jobs.ts';
import { testApp } from '../http/test-app.ts';
import { fakeServer, problem } from './fake-server.ts';
import { type Ended, run, start } from './run.ts';

describe('jobs by the command line', () => {
  let fake: FakeJobs;
  let folder: string;
  let environment: Record<string, string>;

  const batchy = (...args: string[]): Promise<Ended> => run('batchy', args, { environment, folder });
  const firstWords = (text: string): string[] => text.split('\n').map((line) => line.split(' ', 1)[0] ?? '');

  beforeEach(async () => {
    fake = fakeJobs();
    fake.change(3, { status: 'STOPPED' });
    const app = await testApp({ settings: { PORT: 0 }, services: fake.services });
    environment = { BATCHY_URL: await app.start() };
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-cli-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
  });

  it('are listed, and broken files are told beside them', async () => {
    const { exit, out, err } = await batchy('jobs');
    expect(exit).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['name', 'workflow', 'steps', 'last_status', 'last_execution', 'last_start', 'file', 'version'],
      ['LoadOrders', 'orders', '3', 'COMPLETED', '1', '2026-11-21T21:53:34.231000', 'load-orders.ts', '5f0c3a9d41be'],
    ]);
    expect(err).toBe('half-done.ts:7:12: Unexpected token }');
    expect(JSON.parse((await batchy('jobs', '--json')).out)).toMatchObject({ jobs: [{ name: 'LoadOrders' }] });
  });

  it('are shown one by one with parameters and steps', async () => {
    const { out } = await batchy('jobs', 'LoadOrders');
    expect(out).toMatch(/^LoadOrders .* load-orders\.ts +5f0c3a9d41be +2026-11-21T21:50:02\.118000$/m);
    expect(out).toMatch(/^chunk +integer +1000 +false +false +Rows of a commit$/m);
    expect(out).toMatch(/^Download +shell +3$/m);
    expect(out).toMatch(/^Load +chunk +Download +0$/m);
    expect(out).toMatch(/^Notify +task +Load on \* +0$/m);
    expect(await batchy('jobs', 'Nope')).toMatchObject({ exit: 2, err: expect.stringContaining('LoadOrders') });
    expect((await batchy('jobs', '..')).exit).toBe(2);
  });

  it('are launched with parameters of their types', async () => {
    const options = '-p n=2 --param name=a=b -p text="1" --force --supersede'.split(' ');
    const params = '{"day": "2026-11-21", "rate": 1.0, "n": 1}';
    const launched = await batchy('launch', 'LoadOrders', '--params', params, ...options);
    expect(launched).toMatchObject({ exit: 0, err: 'LoadOrders was launched: execution 5 is STARTING' });
    expect(launched.out).toMatch(/^5 +LoadOrders +1 +STARTING$/m);
    expect(fake.launches).toMatchObject([{ force: true, supersede: true }]);
    expect(JSON.stringify(fake.launches[0]?.body)).toBe(
      '{"day":"2026-11-21","rate":1.0,"n":2,"name":"a=b","text":"1"}',
    );
  });

  it('are launched without parameters, and as JSON', async () => {
    const { out } = await batchy('launch', 'LoadOrders', '--json');
    expect(JSON.parse(out)).toMatchObject({ execution_id: 5, status: 'STARTING' });
    expect(fake.launches).toEqual([{ body: undefined, force: false, supersede: false }]);
  });

  it.each([
    [['LoadOrders', '-p', 'x'], 2],
    [['LoadOrders', '-p', '=1'], 2],
    [['LoadOrders', '--params', '[1]'], 2],
    [['LoadOrders', '--params', '{'], 2],
    [['LoadOrders', '-p', 'chunk=many'], 2],
    [['LoadOrders', '--wait', '0'], 2],
    [['Nope'], 2],
    [['..'], 2],
    [[], 2],
  ])('are not launched by %j: exit code %i', async (args, exit) => {
    expect((await batchy('launch', ...args)).exit).toBe(exit);
    expect(fake.launches).toEqual([]);
  });

  it('are not launched twice: exit code 3, or, under one key, the first answer', async () => {
    const first = await batchy('launch', 'LoadOrders', '--idempotency-key', 'night-1');
    expect(await batchy('launch', 'LoadOrders', '--idempotency-key', 'night-1')).toEqual(first);
    expect(await batchy('launch', 'LoadOrders')).toMatchObject({
      exit: 3,
      err: expect.stringContaining('(already-running)'),
    });
  });

  it.each([
    ['COMPLETED', 0],
    ['FAILED', 1],
    ['STOPPED', 1],
    ['UNKNOWN', 1],
  ] as const)('are waited for: %s is exit code %i', async (status, exit) => {
    const waiting = start('batchy', ['launch', 'LoadOrders', '--wait', '--json'], { environment, folder });
    await expect.poll(() => fake.executions.has(5), { timeout: 20_000 }).toBe(true);
    fake.change(5, { status, exitMessage: 'Something went wrong!' });
    const { exitCode, stdout, stderr } = await waiting;
    expect(exitCode).toBe(exit);
    expect(JSON.parse(stdout)).toMatchObject({ id: 5, status });
    if (exit !== 0) expect(stderr).toContain(`execution 5 is ${status}: Something went wrong! (batchy logs 5)`);
  });

  it('are waited for no longer than asked: exit code 124', async () => {
    const { exit, out, err } = await batchy('launch', 'LoadOrders', '--wait', '0.3');
    expect(exit).toBe(124);
    expect(out).toMatch(/^5 +LoadOrders +STARTING/m);
    expect(err).toContain('execution 5 is STARTING; it goes on');
  });

  it('have executions, with filters, and each with its steps', async () => {
    expect(firstWords((await batchy('executions')).out)).toEqual(['id', '4', '3', '2', '1']);
    expect(firstWords((await batchy('executions', '--status', 'FAILED', '--job', 'LoadOrders')).out)).toEqual([
      'id',
      '2',
    ]);
    expect(firstWords((await batchy('executions', '--instance', '2', '--limit', '1')).out)).toEqual(['id', '4']);
    fake.change(3, { status: 'STARTED' });
    expect(firstWords((await batchy('executions', '--queue', 'default')).out)).toEqual(['id', '3']);
    expect(firstWords((await batchy('executions', '--started-before', '2026-11-01')).out)).toEqual(['id']);
    expect(JSON.parse((await batchy('executions', '--json')).out)).toHaveLength(4);
    const { out } = await batchy('executions', '1');
    expect(firstWords(out)).toEqual(['id', '1', '', 'step_name', 'Download', 'Load']);
    expect(out).toMatch(/^Load +COMPLETED .* 50 +25 +25 +3 +0$/m);
    expect(JSON.parse((await batchy('executions', '1', '--json')).out)).toMatchObject({ id: 1, status: 'COMPLETED' });
  });

  it('tell what a restart would do, what was left out, and what is shared', async () => {
    expect((await batchy('executions', '2', '--show', 'plan')).out).toMatch(
      /^Load +resume +it stopped behind a commit +\{"line":55001\}$/m,
    );
    expect((await batchy('executions', '1', '--show', 'skipped')).out).toMatch(
      /^Load +1 +process +line 18 +qty is no number +\{"id":17,"qty":"three"\}$/m,
    );
    const [item] = fake.skipped.get(1) ?? [];
    if (item === undefined) throw new Error('nothing skipped');
    fake.skipped.set(1, [
      { ...item, replayedBy: 7 },
      { ...item, number: 2, obstacle: 'too long' },
    ]);
    const missing = await batchy('executions', '1', '--show', 'missing');
    expect(missing.out).toMatch(/^Load +2 +process +line 18 +qty is no number +too long +\{"id":17,"qty":"three"\}$/m);
    expect(missing.out).not.toMatch(/^Load +1/m);
    expect((await batchy('executions', '1', '--show', 'context')).out).toMatch(/^path +\/landing\/orders\.csv$/m);
    expect((await batchy('executions', '--show', 'plan')).exit).toBe(2);
  });

  it('are stopped, restarted, abandoned, recovered', async () => {
    expect(await batchy('recover', '4')).toMatchObject({
      exit: 0,
      err: 'LoadOrders was recovered: execution 4 is FAILED',
    });
    expect((await batchy('abandon', '4')).out).toMatch(/^4 +LoadOrders +2 +ABANDONED$/m);
    expect(JSON.parse((await batchy('restart', '2', '--json')).out)).toMatchObject({ execution_id: 5 });
    expect((await batchy('stop', '5')).out).toMatch(/^5 +LoadOrders +1 +STOPPING$/m);
    expect(await batchy('abandon', '5')).toMatchObject({
      exit: 3,
      err: expect.stringContaining('(illegal-transition)'),
    });
    expect((await batchy('stop', '99')).exit).toBe(2);
    expect((await batchy('stop', 'x')).exit).toBe(2);
  });

  it('replay what a step has left out, and say what they cannot', async () => {
    const replayed = await batchy('replay', '1', '--step', 'Load');
    expect(replayed).toMatchObject({
      exit: 0,
      err: 'LoadOrders replays 1 item that step Load of execution 1 left out: execution 5 is STARTING; 1 cannot be replayed: it could not be read',
    });
    expect(replayed.out).toMatch(/^5 +LoadOrders +3 +STARTING$/m);
    const shown = (await batchy('executions')).out.split('\n').map((line) => line.split(/ {2,}/));
    expect(shown[0]?.slice(-2)).toEqual(['replays', 'exit_message']);
    expect(shown[1]).toEqual(expect.arrayContaining(['5', 'LoadOrders', '1 Load']));
    fake.change(5, { status: 'COMPLETED' });
    const other = await batchy('replay', '1', '-p', 'chunk=10', '-p', 'why={"value": "slow", "identifying": false}');
    expect(other.exit).toBe(0);
    const { parameters } = JSON.parse((await batchy('executions', '6', '--json')).out);
    expect(parameters).toMatchObject({ chunk: 10, why: 'slow' });
    expect(await batchy('replay', '1', '-p', 'batch_id=3')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('(invalid-parameters)'),
    });
    expect(await batchy('replay', '1', '--step', 'Nope')).toMatchObject({
      exit: 3,
      err: expect.stringContaining('(not-replayable)'),
    });
    expect((await batchy('replay', '99')).exit).toBe(2);
    expect((await batchy('replay')).exit).toBe(2);
  });

  it('are restarted and waited for', async () => {
    const waiting = start('batchy', ['restart', '2', '--wait'], { environment, folder });
    await expect.poll(() => fake.executions.has(5), { timeout: 20_000 }).toBe(true);
    fake.change(5, { status: 'COMPLETED' });
    const { exitCode, stdout } = await waiting;
    expect([exitCode, firstWords(stdout)]).toEqual([0, ['id', '5']]);
  });

  it('have logs, of all and of one step', async () => {
    expect((await batchy('logs', '1')).out).toBe('2026-11-21T21:53:34.400000 INFO Load: 50 rows');
    expect((await batchy('logs', '1', 'Load')).out).toBe('2026-11-21T21:53:34.400000 INFO 50 rows');
    expect(await batchy('logs', '1', 'Nope')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('(unknown-step)'),
    });
    fake.logs.set('1', 'a\tb\r\n\u001b[2J\n');
    expect((await batchy('logs', '1')).out).toBe('a\tb\r\n\\u001b[2J');
    fake.logs.set('1', '');
    expect(await batchy('logs', '1')).toMatchObject({
      exit: 0,
      out: '',
      err: expect.stringContaining('on another machine'),
    });
  });

  it('have logs that are whole however long, and end where they end', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index} of a long log`).join('\n');
    fake.logs.set('3', lines);
    fake.change(3, { status: 'STARTED' });
    expect((await batchy('logs', '3')).out).toBe(lines);
  });

  it('have logs that are followed to the end', async () => {
    fake.change(3, { status: 'STARTED' });
    fake.logs.set('3', 'one\n');
    const following = start('batchy', ['logs', '3', '--follow'], { environment, folder });
    await expect
      .poll(async () => (await following.iterable()[Symbol.asyncIterator]().next()).value, { timeout: 20_000 })
      .toBe('one');
    fake.logs.set('3', 'one\ntwo\n');
    fake.change(3, { status: 'COMPLETED' });
    expect(await following).toMatchObject({ exitCode: 0, stdout: 'one\ntwo' });
  });
});

describe('a server that is away while an execution is waited for', () => {
  const started = { message: 'x', execution_id: 7, job_name: 'J', job_instance_id: 1, status: 'STARTING' };
  const away = problem(503, 'store-unavailable', 'The store is away.');

  it('is waited for, and told of once', async () => {
    const server = await fakeServer(({ method, url }, count) => {
      if (method === 'POST') return { status: 202, body: started };
      if (url.endsWith('/steps')) return { body: [] };
      return count < 5 ? away : { body: { id: 7, job_name: 'J', status: 'COMPLETED' } };
    });
    const { exit, err } = await run('batchy', ['launch', 'J', '--wait'], { environment: { BATCHY_URL: server.url } });
    expect(exit).toBe(0);
    expect(err.match(/The store is away\. Waiting for it\./g)).toHaveLength(1);
  });

  it('that has failed for good ends the wait', async () => {
    const server = await fakeServer(({ method }) =>
      method === 'POST' ? { status: 202, body: started } : problem(404, 'unknown-execution', 'There is none.'),
    );
    const { exit, err } = await run('batchy', ['launch', 'J', '--wait'], { environment: { BATCHY_URL: server.url } });
    expect([exit, err]).toEqual([2, 'x\nbatchy: There is none. (unknown-execution)']);
  });
});
