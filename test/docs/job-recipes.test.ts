import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { execa } from 'execa';
import { describe, expect, it } from 'vitest';

import { blocksOf, documents } from './documents.ts';
import { patience, type Reader, startReading } from './job-session.ts';

const timeout = 3 * patience.timeout;
const page = (name: string): string => documents.get(`docs/recipes/${name}.md`) ?? '';

const reading = (): Promise<Reader> =>
  startReading((definitions) => expect.poll(definitions, patience).toMatchObject({ jobs: { length: 9 }, broken: [] }));

function rowsOf({ folder }: Reader, database: string, query: string): unknown[] {
  const opened = new DatabaseSync(path.join(folder, database), { readOnly: true });
  try {
    return opened.prepare(query).all();
  } finally {
    opened.close();
  }
}

it(
  'a nightly load from CSV: waits for its upstream, loads its window, and cron’s line launches it once',
  { timeout },
  async () => {
    const reader = await reading();
    const text = page('nightly-csv-load');
    expect(await reader.follow(text)).toEqual({ files: 4, commands: 8 });
    expect(rowsOf(reader, 'sales.db', 'select id from sales order by id')).toEqual([{ id: 1 }, { id: 2 }]);
    const [line = ''] = blocksOf(text, 'text').filter((block) => block.includes('curl'));
    const command = line.trim().split(/\s+/).slice(5).join(' ').replaceAll('\\%', '%');
    const [answer = ''] = await reader.run([`BATCHY_KEY=none; ${command}`]);
    expect(JSON.parse(answer.split('\n').at(-1) ?? '')).toMatchObject({ execution_id: 1, status: 'STARTING' });
  },
);

it('a job that failed at night: found, decided, mended, restarted', { timeout }, async () => {
  const reader = await reading();
  expect(await reader.follow(page('failed-job'))).toEqual({ files: 1, commands: 8 });
  expect(rowsOf(reader, 'prices.db', 'select sku, price from prices order by sku')).toHaveLength(5);
  expect(readFileSync(path.join(reader.folder, 'published.csv'), 'utf8')).toContain('A4,40');
});

it('data that is copied: from one database to another, from pages to a file, by a program', { timeout }, async () => {
  const reader = await reading();
  expect(await reader.follow(page('copy-data'))).toEqual({ files: 5, commands: 8 });
  expect(rowsOf(reader, 'warehouse.db', 'select id, country from customers order by id')).toEqual([
    { id: 1, country: 'GB' },
    { id: 2, country: 'SE' },
  ]);
});

/** No part of the project, and not brought by its set-up. */
const [python, java] = await Promise.all(
  [
    ['python3', '--version'],
    ['java', '-version'],
  ].map(async ([program = '', version = '']) => {
    const { exitCode } = await execa(program, [version], { reject: false });
    if (exitCode !== 0) process.stderr.write(`${program} is not there: its recipe is not tried\n`);
    return exitCode === 0;
  }),
);

describe('schedulers', () => {
  const text = page('schedulers');

  it.runIf(python)(
    'Python: launches once for a key, waits, and raises what an execution failed of',
    { timeout },
    async () => {
      const reader = await reading();
      const [module = '', dag = ''] = blocksOf(text, 'python');
      writeFileSync(path.join(reader.folder, 'run_job.py'), module);
      writeFileSync(path.join(reader.folder, 'dag.py'), dag);
      const run = (job: string, key: string): string =>
        `python3 -c 'from run_job import run_job; print(run_job("${job}", {"day": 1}, "${key}")["id"])' | tail -1`;
      const printed = await reader.run([
        run('SampleJob', 'night-1'),
        run('SampleJob', 'night-1'),
        run('SampleJob', 'night-2'),
        run('FailingJob', 'night-3'),
        'python3 -m py_compile dag.py && echo it can be read',
      ]);
      expect(printed.map((output) => output.split('\n').at(-1))).toEqual([
        '1',
        '1',
        '2',
        'RuntimeError: execution 3 is FAILED: Something went wrong!',
        'it can be read',
      ]);
    },
  );

  it.runIf(java)(
    'Java: launches, and ends with an exit code that says whether it has completed',
    { timeout },
    async () => {
      const reader = await reading();
      writeFileSync(path.join(reader.folder, 'RunJob.java'), blocksOf(text, 'java')[0] ?? '');
      const run = (job: string): string => `java RunJob.java ${job} 2026-11-21; echo "exit code $?"`;
      const [completed = '', failed = ''] = await reader.run([run('SampleJob'), run('FailingJob')]);
      expect(completed).toMatch(/"execution_id":1,.*"status":"COMPLETED"\}\nexit code 0$/);
      expect(failed).toMatch(/"execution_id":2,.*"status":"FAILED"\}\nexit code 1$/);
    },
  );

  it('Jenkins’ command, and the job of Oracle’s loader', { timeout }, async () => {
    const reader = await reading();
    expect(await reader.follow(text)).toEqual({ files: 1, commands: 0 });
    const [, command = ''] = /sh '(.*)'/.exec(blocksOf(text, 'groovy')[0] ?? '') ?? [];
    const [first = '', again = '', oracle = ''] = await reader.run([
      `export BUILD_TAG=nightly-7; ${command} | tail -1; echo "exit code \${PIPESTATUS[0]}"`,
      `${command} | head -1`,
      'batchy jobs LoadOracle | tail -1',
    ]);
    expect(first).toMatch(/Step2 +COMPLETED.*\nexit code 0$/s);
    expect(again).toContain('execution 1 ');
    expect(oracle).toMatch(/^Load +shell/);
  });
});
