import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { readTaskListJob } from '../../src/task-app.ts';
import { type AppWithJobs, appWithJobs } from '../acceptance/app-with-jobs.ts';
import { type Ended, run, start } from './run.ts';

/** The list of spec 3, whose third task can be mended; the fourth one of a chain takes long. */
const lists = {
  sample: `#SHELL
1|-1|1|0|start|true|
2|1|1|0|left|true|
3|1|1|0|right one|echo trying; test -e $ENV{FOLDER}/mended|
4|2,3|1|0|join|true|
5|-1|1|0|alone|true|
`,
  long: '#SHELL\n1|-1|1|0|long|touch $ENV{FOLDER}/begun; sleep 60|\n2|1|1|0|after|true|\n',
};

describe('batchy run --server', () => {
  interface Side {
    readonly app: AppWithJobs;
    readonly folder: string;
    readonly batchy: (...args: string[]) => Promise<Ended>;
    readonly environment: Record<string, string>;
  }

  /** A server that has both lists, and a folder with copies of them. */
  async function sides(): Promise<Side> {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-run-server-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const jobs = await Promise.all(
      Object.entries(lists).map(async ([name, text]) => {
        const file = path.join(folder, `${name}.lst`);
        writeFileSync(file, text);
        const job = await readTaskListJob(file, { environment: { PATH: process.env['PATH'], FOLDER: folder } });
        return { ...job, version: createHash('sha256').update(text).digest('hex').slice(0, 12) };
      }),
    );
    const app = await appWithJobs({
      jobs,
      openStores: (clock) => createMemoryStores({ clock }),
      cfg: {},
      settings: { PORT: 0 },
    });
    const environment = { FOLDER: folder, BATCHY_URL: await app.start() };
    return { app, folder, environment, batchy: (...args) => run('batchy', ['run', ...args], { folder, environment }) };
  }

  const lettersIn = (out: string): string =>
    [...out.matchAll(/^([PRCFDNA]) (\d+) /gm)].map(([, letter, id]) => `${id}${letter}`).join(' ');

  it('runs the list there, follows it, and ends as a run here does', async () => {
    const { app, folder, environment, batchy } = await sides();
    const first = await batchy('sample.lst', '-N', '5', '--cvar', 'day=2026-11-20', '--dump-logs', '--server');
    expect([lettersIn(first.out), first.exit]).toEqual(['1C 2C 3F 4D 5N', 1]);
    expect(first.out).toMatch(/---- log of right one ----\n[^]*trying\n/);
    expect(first.out).toMatch(/\nFAILURE: execution 1, .*Failed: 1 \| Defaulted: 1; batchy logs 1$/);
    expect(first.err).toMatch(/task 3 right one has failed: .*exit code 1/);
    expect(first.err).not.toContain('word for word');
    expect((await app.call('GET', '/executions/1/context')).json).toEqual({ day: '2026-11-20' });
    writeFileSync(path.join(folder, 'mended'), '');
    writeFileSync(path.join(folder, 'sample.lst'), lists.sample.replace('trying', 'other'));
    const again = await batchy(
      'sample.lst',
      '-r',
      '--cvar',
      'day=2026-11-21',
      '--server',
      environment['BATCHY_URL'] ?? '',
    );
    expect([lettersIn(again.out), again.exit]).toEqual(['1C 2C 3C 4C 5N', 0]);
    expect(again.err).toContain('not word for word sample.lst');
    expect((await app.call('GET', '/executions/2/context')).json).toEqual({ day: '2026-11-21' });
    const last = await batchy('sample.lst', '-r', '--server');
    expect([last.exit, last.out]).toEqual([0, expect.stringContaining('execution 2, is complete')]);
    // Nothing was run here.
    expect(readdirSync(folder).toSorted()).toEqual(['long.lst', 'mended', 'sample.lst']);
  });

  it('stops it when told to, and starts none beside it', async () => {
    const { app, folder, environment, batchy } = await sides();
    const running = start('batchy', ['run', 'long.lst', '--server'], { folder, environment });
    await vi.waitFor(() => expect(readdirSync(folder)).toContain('begun'), 20_000);
    const second = await batchy('long.lst', '--server');
    expect([second.exit, second.err]).toEqual([6, expect.stringMatching(/running as execution 1\./)]);
    running.kill('SIGINT');
    const { exitCode, stdout, stderr } = await running;
    expect([lettersIn(stdout), exitCode]).toEqual(['1A 2P', 255]);
    expect(stdout).toMatch(/ABORTED: execution 1/);
    expect(stderr).toContain('asked to stop');
    expect((await app.call('GET', '/executions/1')).json.status).toBe('STOPPED');
  });

  it('runs nothing where the server has another list, or none', async () => {
    const { app, folder, batchy } = await sides();
    writeFileSync(path.join(folder, 'sample.lst'), lists.sample.replace('|2,3|', '|2|'));
    const other = await batchy('sample.lst', '--dryrun', '--server');
    expect([other.exit, other.err]).toEqual([2, expect.stringContaining('task 4 waits for 2 here and for 2, 3 there')]);
    writeFileSync(path.join(folder, 'mine.lst'), readFileSync(path.join(folder, 'long.lst')));
    const none = await batchy('mine.lst', '--server');
    expect([none.exit, none.err]).toEqual([
      2,
      expect.stringMatching(/"long".*Put mine\.lst into the folder cfg\/jobs/),
    ]);
    expect((await app.call('GET', '/executions')).json).toEqual([]);
    await app.stop();
    const away = await batchy('long.lst', '--server');
    expect([away.exit, away.err]).toEqual([4, expect.stringMatching(/cannot be reached .*Is it running/)]);
    const wrong = await batchy('long.lst', '--server', '-n', '2');
    expect([wrong.exit, wrong.err]).toEqual([2, expect.stringContaining('cannot be used with')]);
  });
});
