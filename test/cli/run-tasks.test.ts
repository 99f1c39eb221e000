import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { fakeServer } from './fake-server.ts';
import { type Ended, run, start } from './run.ts';

/** Spec 3 A's own list: 3 fails, 4 needs it, 5 stands alone. */
const sample = `#SHELL
1|-1|1|0|start|true|
2|1|1|0|left|true|
3|1|1|0|right|exit 7|
4|2,3|1|0|join|true|
5|-1|1|0|alone|true|
`;

describe('batchy run', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'batchy-run-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, text: string): void => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  const batchy = (...args: string[]): Promise<Ended> => run('batchy', ['run', ...args], { folder });
  /** `1C 2C 3F 4D 5C`, and the exit code. */
  const outcome = async (...args: string[]): Promise<[string, number | undefined]> => {
    const { out, exit } = await batchy(...args);
    const letters = [...out.matchAll(/^([PRCFDNA]) (\d+) /gm)].map(([, letter, id]) => `${id}${letter}`);
    return [letters.join(' '), exit];
  };
  const logs = (): string =>
    readdirSync(path.join(folder, 'logs/executions'))
      .filter((name) => name.endsWith('.log'))
      .map((name) => readFileSync(path.join(folder, 'logs/executions', name), 'utf8'))
      .join('');

  it('1 to 6: runs what is selected, and ends by the number of failed tasks', async () => {
    write('app.lst', sample);
    expect(await outcome('app.lst')).toEqual(['1C 2C 3F 4D 5C', 1]);
    expect(await outcome('app.lst', '-x', '3')).toEqual(['1N 2N 3F 4N 5N', 1]);
    expect(await outcome('app.lst', '-x', '4')).toEqual(['1N 2N 3N 4C 5N', 0]);
    expect(await outcome('app.lst', '--from', '2')).toEqual(['1N 2C 3N 4C 5N', 0]);
    expect(await outcome('app.lst', '--to', '4')).toEqual(['1C 2C 3F 4D 5N', 1]);
    expect(await outcome('app.lst', '-N', '3')).toEqual(['1C 2C 3N 4C 5C', 0]);
    const { err, exit } = await batchy('app.lst', '-x', '3,9', '--exec-proc-name', 'nobody');
    expect([exit, err]).toEqual([2, expect.stringMatching(/no task 9, no task "nobody"/)]);
  });

  it('7: tries a task again, and says so in its log', async () => {
    write('app.lst', `#SHELL\n1|-1|3|0|flaky|echo x >> tries; test $(wc -l < tries) -ge 2|flaky.log\n`);
    expect(await outcome('app.lst')).toEqual(['1C', 0]);
    const log = readFileSync(path.join(folder, 'logs/flaky.log'), 'utf8');
    expect(log).toMatch(/= TASK 1 flaky =[^]*= TASK 1 flaky, RESTART ATTEMPT 2 =[^]*completed/);
    expect(log).not.toContain('ATTEMPT 3');
  });

  it('8: restarts only what is unfinished, the next day as well, and leaves out what the run before it did', async () => {
    write('app.lst', sample.replaceAll('|true|', '|echo ran >> ran; true|'));
    expect(await outcome('app.lst', '-N', '5')).toEqual(['1C 2C 3F 4D 5N', 1]);
    expect(await outcome('app.lst', '-r')).toEqual(['1C 2C 3F 4D 5N', 1]);
    write('app.lst', sample.replaceAll('|true|', '|echo ran >> ran; true|').replace('exit 7', 'true'));
    expect(await outcome('app.lst', '-r')).toEqual(['1C 2C 3C 4C 5N', 0]);
    expect(readFileSync(path.join(folder, 'ran'), 'utf8')).toBe('ran\n'.repeat(3));
    const again = await batchy('app.lst', '-r');
    expect([again.exit, again.out]).toEqual([0, expect.stringContaining('nothing is left to restart')]);
  });

  it('a run that is no restart begins anew after a failure, whatever was completed before', async () => {
    write('app.lst', sample);
    await outcome('app.lst');
    write('app.lst', sample.replace('start|true', 'start|exit 1').replace('exit 7', 'true'));
    expect(await outcome('app.lst')).toEqual(['1F 2D 3D 4D 5C', 1]);
    write('app.lst', sample.replace('exit 7', 'true'));
    // What the first run had completed is not taken for the second one's.
    expect(await outcome('app.lst', '-r')).toEqual(['1C 2C 3C 4C 5C', 0]);
    expect(logs().match(/left: run/g)).not.toBeNull();
  });

  it('9: two that fail and one that is defaulted end with 2, and so the webhook is told', async () => {
    const hook = await fakeServer(({ url }) => ({ status: url === '/hook' ? 204 : 500 }));
    write('app.lst', '#SHELL\n1|-1|1|0|a|false|\n2|-1|1|0|b|false|\n3|1|1|0|c|true|\n');
    expect(await outcome('app.lst', '--webhook', `${hook.url}/hook`)).toEqual(['1F 2F 3D', 2]);
    expect(hook.requests.map(({ method, url }) => [method, url])).toEqual([['POST', '/hook']]);
    expect(JSON.parse(hook.requests[0]?.body ?? '')).toMatchObject({
      app: 'app',
      status: 'FAILED',
      exit_code: 2,
      failed_tasks: [{ id: 1 }, { id: 2 }],
    });
    write('app_profile', `export APP_WEBHOOK=${hook.url}/other?key=SECRET\n`);
    const { exit, err } = await batchy('app.lst', '-x', '3');
    expect([exit, err]).toEqual([0, expect.stringMatching(/batchy: the webhook at \S+ answered 500/)]);
    expect(logs()).toMatch(/WARN {2}the webhook at \S+ answered 500/);
    expect(err + logs()).not.toContain('SECRET');
    write('app_profile', 'export APP_WEBHOOK=example.com\n');
    expect((await batchy('app.lst')).exit).toBe(2);
  });

  it('10: refuses a list that names a variable that is not set, and all else that is wrong with it at once', async () => {
    write('app.lst', '#SHELL\n1|-1|1|0|a|echo $ENV{NOPE}|\n1|7|1|0|b|true|\n');
    const { exit, err } = await batchy('app.lst');
    expect(exit).toBe(2);
    expect(err).toMatch(/NOPE/);
    expect(err).toMatch(/7/);
    expect(readdirSync(folder)).toEqual(['app.lst']);
    write('app.lst', '#SHELL\n1|-1|1|0|a|test $ENV{NOPE} = "$NOPE"|\n');
    expect(await outcome('app.lst', '--env', 'NOPE=x')).toEqual(['1C', 0]);
  });

  it('11 and 12: a second run of the same application is refused; one that is told to end aborts', async () => {
    write('app.lst', '#SHELL\n1|-1|1|0|long|touch begun; sleep 60|\n2|1|1|0|after|true|\n');
    write('other.lst', '#SHELL\n1|-1|1|0|quick|true|\n');
    const running = start('batchy', ['run', 'app.lst'], { folder });
    await vi.waitFor(() => expect(readdirSync(folder)).toContain('begun'), 20_000);
    const second = await batchy('app.lst');
    expect([second.exit, second.err]).toEqual([6, expect.stringContaining('running already')]);
    expect(await outcome('other.lst')).toEqual(['1C', 0]);
    running.kill('SIGTERM');
    const { exitCode, stdout } = await running;
    expect(exitCode).toBe(255);
    expect(stdout).toMatch(/^A 1 long\nP 2 after\nABORTED/);
  });

  it('has what has failed tried anew while it runs, from another terminal', async () => {
    const long = 'while [ ! -e go ]; do sleep 0.1; done';
    write(
      'app.lst',
      `#SHELL\n1|-1|1|0|long|${long}|\n2|-1|1|0|bad|touch tried; test -e mended|\n3|2|1|0|after|touch after|\n`,
    );
    const nothing = await batchy('app.lst', '--revive');
    expect([nothing.exit, nothing.err]).toEqual([3, expect.stringContaining('batchy run app.lst -r')]);
    const running = start('batchy', ['run', 'app.lst', '-n', '2'], { folder });
    await vi.waitFor(async () => {
      if (!readdirSync(folder).includes('tried')) throw new Error('it has not been tried');
      writeFileSync(path.join(folder, 'mended'), '');
      expect(await batchy('app.lst', '--revive')).toMatchObject({
        exit: 0,
        out: expect.stringContaining('tried anew'),
      });
    }, 30_000);
    await vi.waitFor(() => expect(readdirSync(folder)).toContain('after'), 30_000);
    writeFileSync(path.join(folder, 'go'), '');
    const { exitCode, stdout } = await running;
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^C 1 long\nC 2 bad\nC 3 after\nSUCCESS/)]);
  });

  it('goes on after the process was killed: what ran counts as failed', async () => {
    write(
      'app.lst',
      '#SHELL\n1|-1|1|0|first|true|\n2|1|1|0|long|touch begun; if test ! -e mended; then sleep 60; fi|\n',
    );
    const running = start('batchy', ['run', 'app.lst'], { folder });
    await vi.waitFor(() => expect(readdirSync(folder)).toContain('begun'), 20_000);
    running.kill('SIGKILL');
    await running;
    write('mended', '');
    expect(await outcome('app.lst', '-r')).toEqual(['1C 2C', 0]);
    expect(logs()).toContain('first: skip');
  });

  it('ends at once when it is told twice, and a restart goes on', async () => {
    const stubborn = "trap '' TERM; echo $$ > pid.new; mv pid.new pid; while test ! -e mended; do sleep 1; done";
    write('app.lst', `#SHELL\n1|-1|1|0|first|true|\n2|1|1|0|stubborn|${stubborn}|\n`);
    const running = start('batchy', ['run', 'app.lst'], { folder });
    await vi.waitFor(() => expect(readdirSync(folder)).toContain('pid'), 20_000);
    let told = '';
    running.stderr.on('data', (text: Buffer) => (told += String(text)));
    running.kill('SIGINT');
    await vi.waitFor(() => expect(told).toContain('once more'), 20_000);
    running.kill('SIGINT');
    const { exitCode, stdout } = await running;
    expect([exitCode, stdout]).toEqual([255, '']);
    const pid = Number(readFileSync(path.join(folder, 'pid'), 'utf8'));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), 20_000);
    write('mended', '');
    expect(await outcome('app.lst', '-r')).toEqual(['1C 2C', 0]);
  });

  it.each([
    [['-r', '-x', '3'], /cannot be used with/],
    [['-r', '--from', '3'], /cannot be used with/],
    [['-r', '--dryrun'], /cannot be used with/],
    [['--env', 'A B=1'], /NAME=value/],
    [['--server', '--webhook', 'http://127.0.0.1:1'], /APP_WEBHOOK names in the app_profile there/],
  ])('refuses %j, and runs nothing', async (options, message) => {
    write('app.lst', sample);
    const { exit, err } = await batchy('app.lst', ...options);
    expect([exit, err]).toEqual([2, expect.stringMatching(message)]);
    expect(readdirSync(folder)).toEqual(['app.lst']);
  });

  it('13: a timeout counts from the first attempt, ends the task, and is no reason to try again', async () => {
    const task = { id: 1, name: 'slow', shell: 'echo x >> tries; sleep 30', max_attempts: 3, timeout: 1 };
    write('app.json', JSON.stringify([task]));
    expect(await outcome('app.json')).toEqual(['1F', 1]);
    expect(readFileSync(path.join(folder, 'tries'), 'utf8')).toBe('x\n');
  });

  it('14: runs no more at a time than it is told', async () => {
    const line = (id: number): string => `${id}|-1|1|0|t${id}|mkdir lock && rmdir lock|\n`;
    write('app.lst', `#SHELL\n${[1, 2, 3, 4].map(line).join('')}`);
    expect(await outcome('app.lst', '-n', '1')).toEqual(['1C 2C 3C 4C', 0]);
  });

  it('15: the sample of six tasks, Python and TypeScript workers sharing a date', async () => {
    const worker = (name: string, module: string): string => `${name}|${module}|Task|${name}`;
    const list = [
      '#PYTHON',
      `1|-1|1|0|${worker('start', 'start')}|`,
      `2|1|1|0|${worker('download orders', 'download')}|`,
      `3|1|1|0|${worker('download prices', 'download')}|`,
      `4|2,3|1|0|${worker('load', 'load')}|`,
      `5|4|1|0|${worker('write', 'load')}|`,
      `6|5|1|0|${worker('end', 'load')}|`,
    ];
    write('config/app.lst', `${list.join('\n')}\n`);
    write('config/app_profile', 'export APP_NAME=sample\nexport GREETING="hello ${APP_NAME}"\n');
    write(
      'python/start.py',
      `from pyrunner import Worker
class Task(Worker):
    def run(self):
        self.context['run_date_str'] = self.context.get('day', '2026-11-22')
`,
    );
    write(
      'python/download.py',
      `import os
from pyrunner import Worker
class Task(Worker):
    def run(self):
        print(os.environ['GREETING'], self.argv[0], self.context['run_date_str'])
`,
    );
    write(
      'workers/load.ts',
      `import { Worker } from 'batchy';
export class Task extends Worker {
  override run(): void {
    if (this.context.get('run_date_str') !== '2026-11-20') this.retcode = 3;
  }
}
`,
    );
    const ended = await batchy('config/app.lst', '--cvar', 'day=2026-11-20');
    expect(ended.err).not.toContain('has failed');
    expect(ended.exit).toBe(0);
    const text = logs();
    expect(text).toContain('[download orders] hello sample download orders 2026-11-20');
    expect(await outcome('config/app.lst', '--cvar', 'day=2026-11-21')).toEqual(['1C 2C 3C 4F 5D 6D', 1]);
  });

  it.each(['APP_ROOT_DIR', 'APP_LOG_DIR'])('runs nothing where it can keep nothing: %s', async (variable) => {
    write('app.lst', '#SHELL\n1|-1|1|0|a|touch ran|\n');
    write('app_profile', `export ${variable}=${path.join(folder, 'app.lst')}/below\n`);
    const { exit, err } = await batchy('app.lst');
    expect([exit, err]).toEqual([4, expect.stringContaining(variable)]);
    expect(readdirSync(folder)).not.toContain('ran');
  });

  it('refuses workers in Python where there is none, before anything runs', async () => {
    write('app.lst', '#PYTHON\n1|-1|1|0|a|work|Task||\n');
    write('workers/work.py', '');
    const { exit, err } = await run('batchy', ['run', 'app.lst'], { folder, environment: { PATH: folder } });
    expect([exit, err]).toEqual([2, expect.stringContaining('no python3')]);
    expect(readdirSync(folder).toSorted()).toEqual(['app.lst', 'workers']);
  });

  it('never takes one application for another, however their names are written', async () => {
    write('a b.lst', '#SHELL\n1|-1|1|0|a|false|\n');
    write('a-b.lst', '#SHELL\n1|-1|1|0|b|true|\n');
    expect(await outcome('a b.lst')).toEqual(['1F', 1]);
    expect(await outcome('a-b.lst', '-r')).toEqual(['1C', 0]);
    expect(await outcome('a b.lst', '-r')).toEqual(['1F', 1]);
    expect(readdirSync(path.join(folder, '.batchy')).filter((name) => name.endsWith('.lock'))).toHaveLength(2);
  });

  it('says what it would do, and does nothing', async () => {
    write('app.lst', sample);
    const { out, exit } = await batchy('app.lst', '--dryrun', '-N', '3');
    expect([exit, out]).toEqual([
      0,
      '1 start: at once\n2 left: after 1\n3 right: not run\n4 join: after 2, 3\n5 alone: at once',
    ]);
    expect(readdirSync(folder)).toEqual(['app.lst']);
  });

  it('prints the logs of what has failed', async () => {
    write(
      'app.lst',
      '#SHELL\n1|-1|1|0|a|echo what happened; exit 1|$ENV{APP_ROOT_DIR}/app.lst/a.log\n2|-1|1|0|b|echo nothing|\n',
    );
    const { out, err } = await batchy('app.lst', '--dump-logs');
    expect(out).toContain('what happened');
    expect(out).not.toContain('nothing');
    expect(err).toMatch(/batchy: task 1 a: the LOGFILE \S+app\.lst\/a\.log cannot be written/);
  });

  it('runs all the same where nobody can be told', async () => {
    write('app.lst', '#SHELL\n1|-1|1|0|a|touch ran|\n');
    const nowhere = (...args: string[]) => {
      const program = [process.execPath, path.resolve('bin/batchy.js'), ...args];
      return execa('sh', ['-c', '"$@" > /dev/full', 'sh', ...program], { cwd: folder, reject: false });
    };
    const { exitCode, stderr } = await nowhere('run', 'app.lst');
    expect([exitCode, stderr]).toEqual([
      0,
      expect.stringMatching(/batchy: the output cannot be written \(ENOSPC[^\n]*$/),
    ]);
    expect(readdirSync(folder)).toContain('ran');
    // Where the output is all that is wanted it has failed.
    expect((await nowhere('run', 'app.lst', '--dryrun')).exitCode).toBe(1);
  });

  it.each([
    ['a list that is not there', ['nope.lst'], /is not there/],
    ['modules that are not there', ['app.lst'], /"missing" is not there/],
  ])('refuses %s', async (_case, args, message) => {
    write('app.lst', '#NODE\n1|-1|1|0|a|missing|Task||\n');
    const { exit, err } = await batchy(...args);
    expect([exit, err]).toEqual([2, expect.stringMatching(message)]);
  });
});
