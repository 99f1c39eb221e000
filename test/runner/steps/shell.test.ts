import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { systemTimers } from '../../../src/adapters/system/timers.ts';
import { runExecution } from '../../../src/runner/engine.ts';
import { createLogs } from '../../../src/runner/step-log.ts';
import type { ShellBody } from '../../../src/runner/step-body.ts';
import { createWorld, jobOf, type World } from '../world.ts';

const shell = (argv: readonly string[], options: Partial<ShellBody> = {}): ShellBody => ({
  kind: 'shell',
  argv,
  shell: false,
  passEnvironment: [],
  environment: {},
  workingDirectory: null,
  ...options,
});

describe('a shell step', () => {
  let world: World;
  let folder: string;
  beforeEach(async () => {
    world = await createWorld({ timers: systemTimers });
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-shell-'));
  });
  afterEach(async () => {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name: string): string => path.join(folder, name);
  const isAlive = (pid: string): boolean => {
    // A process that has ended and that nobody has waited for yet does nothing more.
    try {
      return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  };

  it('gives each value as one argument, whatever it holds, and logs both outputs', async () => {
    const job = jobOf([{ name: 'Print', body: shell(['printf', '%s\\n', '{{text}}', 'count={{count}}']) }]);
    const { execution, status } = await world.runNew(job, { parameters: { text: '$(touch x); "a b" `id`', count: 3 } });
    expect(status).toBe('COMPLETED');
    const log = await world.log(execution.id, 'Print');
    expect(log).toContain('OUT   $(touch x); "a b" `id`\n');
    expect(log).toContain('OUT   count=3\n');
    expect(await world.log(execution.id, null)).toContain('OUT   [Print] count=3\n');
  });

  it('fails for an exit code other than 0, a missing program, and a name that has no value', async () => {
    const messages = [];
    for (const argv of [['sh', '-c', 'echo oops >&2; exit 7'], ['no-such-program-at-all'], ['echo', '{{nobody}}']]) {
      const { execution } = await world.runNew(jobOf([{ name: 'Run', body: shell(argv) }]), { forced: true });
      messages.push(execution.exitMessage);
    }
    expect(messages).toEqual([
      '"sh" ended with exit code 7: oops; its output is in the step’s log',
      expect.stringContaining('"no-such-program-at-all" ended with exit code 127 (not found): '),
      expect.stringContaining('{{nobody}}'),
    ]);
    const log = await world.log(1, 'Run');
    expect(log).toContain('ERR   oops\n');
    expect(log).toContain('ERROR "sh" ended with exit code 7: oops');
    // Where we say so is nothing to its author.
    expect(log).not.toMatch(/ at .*:\d+:\d+/);
  });

  it('tells the last complaint of a program that fails, without secrets and in one line', async () => {
    const complaints = [
      ['printf "first\nlast\n\n" >&2; exit 1', 'last'],
      ['printf "half a line" >&2; exit 1', 'half a line'],
      ['printf "\\033[31mred\\007\\033[0m\\r\n" >&2; exit 1', 'red'],
      ['echo "no access with $PARAM_db_password, $API_TOKEN" >&2; exit 1', 'no access with ***, ***'],
      ['echo "ftp://me:hidden@host/x refused" >&2; exit 1', 'ftp://***@host/x refused'],
      ['head -c 900 /dev/zero | tr "\\0" x >&2; exit 1', `${'x'.repeat(200)}…`],
    ];
    for (const [text = '', told = ''] of complaints) {
      const body = shell([text], { shell: true, environment: { API_TOKEN: 'hush hush' } });
      const job = jobOf([{ name: 'Run', body }]);
      const { execution } = await world.runNew(job, { forced: true, parameters: { db_password: 'hunter2' } });
      expect(execution.exitMessage).toBe(`"/bin/sh" ended with exit code 1: ${told}; its output is in the step’s log`);
    }
  });

  it('gives a program only what it is meant to know, and a shell its parameters as variables', async () => {
    const body = shell(['env; echo "got: $PARAM_text"'], {
      shell: true,
      passEnvironment: ['WANTED'],
      environment: { OWN: 'own' },
    });
    const tools = { ...world.tools, environment: { ...world.tools.environment, WANTED: 'wanted', SECRET: 'secret' } };
    const job = jobOf([{ name: 'Env', body }]);
    const id = await world.launch(job, { parameters: { text: '"; exit 3 #', PATH: '/nowhere' } });
    await runExecution(await world.take(id), job, tools, new AbortController().signal);
    const log = await world.log(id, 'Env');
    expect((await world.outcome(id)).status).toBe('COMPLETED');
    for (const line of ['WANTED=wanted', 'OWN=own', `BATCHY_EXECUTION_ID=${id}`, 'BATCHY_FENCE=1', 'got: "; exit 3 #'])
      expect(log).toContain(`OUT   ${line}\n`);
    expect(log).not.toContain('secret');
    expect(log).toContain('PARAM_PATH=/nowhere');
  });

  it('ends the whole group at its timeout, and what it left behind when it ends', async () => {
    const long = shell(['sh', '-c', `sleep 600 & echo $! > ${file('pid')}; wait`]);
    const slow = await world.runNew(jobOf([{ name: 'Slow', body: long, timeoutSeconds: 0.2 }]));
    expect(slow.execution.exitMessage).toBe('The step took longer than its timeout of 0.2 s.');
    await vi.waitFor(() => expect(isAlive(readFileSync(file('pid'), 'utf8').trim())).toBe(false));
    const leaving = shell(['sh', '-c', `sleep 600 & echo $! > ${file('left')}`]);
    const left = await world.runNew(jobOf([{ name: 'Leaves', body: leaving }]), { forced: true });
    expect(left.status).toBe('COMPLETED');
    await vi.waitFor(() => expect(isAlive(readFileSync(file('left'), 'utf8').trim())).toBe(false));
  });

  it('does not wait for what it has left behind in a session of its own', async () => {
    const leaving = shell(['sh', '-c', `setsid sh -c 'echo $$ > ${file('pid')}; exec sleep 600' & cat ${file('pid')}`]);
    spawnSync('mkfifo', [file('pid')]);
    const { status, execution } = await world.runNew(jobOf([{ name: 'Leaves', body: leaving }]));
    expect(status).toBe('COMPLETED');
    const log = await world.log(execution.id, 'Leaves');
    expect(log).toContain('keeps its output open');
    const [, pid = ''] = /OUT {3}(\d+)\n/.exec(log) ?? [];
    expect(isAlive(pid)).toBe(true);
    process.kill(Number(pid), 'SIGKILL');
  });

  it('says that there is no folder to run in', async () => {
    const body = shell(['true'], { workingDirectory: file('nowhere') });
    const { execution } = await world.runNew(jobOf([{ name: 'Run', body }]));
    expect(execution.exitMessage).toBe(`There is no folder ${file('nowhere')} to run in.`);
  });

  it('kills a group that does not listen', async () => {
    const deaf = shell(['sh', '-c', `trap "" TERM; echo $$ > ${file('pid')}; while :; do sleep 0.05; done`]);
    const job = jobOf([{ name: 'Deaf', body: deaf, timeoutSeconds: 0.3 }]);
    const id = await world.launch(job);
    const tools = { ...world.tools, graceMilliseconds: 100 };
    await runExecution(await world.take(id), job, tools, new AbortController().signal);
    expect((await world.outcome(id)).status).toBe('FAILED');
    await vi.waitFor(() => expect(isAlive(readFileSync(file('pid'), 'utf8').trim())).toBe(false));
  });

  it('bounds what a flood of output leaves', async () => {
    const logs = createLogs({ folder: file('logs'), now: systemTimers.wall, maxBytes: 100_000 });
    const job = jobOf([{ name: 'Flood', body: shell(['sh', '-c', 'yes 0123456789 | head -c 3000000']) }]);
    const id = await world.launch(job);
    await runExecution(await world.take(id), job, { ...world.tools, logs }, new AbortController().signal);
    expect((await world.outcome(id)).status).toBe('COMPLETED');
    const { text } = await logs.read(id, 'Flood', 0, 10_000_000);
    expect(text.length).toBeLessThan(110_000);
    expect(text).toContain('the log has reached 100000 bytes');
  });

  it('dies with the process that owns it', async () => {
    const source = path.resolve('test/runner/steps/shell-owner.ts');
    const owner = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', source, file('pid')], {
      stdio: 'inherit',
    });
    await vi.waitFor(
      () => expect(existsSync(file('pid')) && readFileSync(file('pid'), 'utf8')).toMatch(/^\d+\n/),
      20_000,
    );
    const pid = readFileSync(file('pid'), 'utf8').trim();
    expect(isAlive(pid)).toBe(true);
    owner.kill('SIGKILL');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 20_000);
  }, 40_000);
});
