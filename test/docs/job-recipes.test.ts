import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { expect, it } from 'vitest';

import { blocksOf, documents } from './documents.ts';
import { type Reader, startReading } from './job-session.ts';

const timeout = 180_000;
const page = (name: string): string => documents.get(`docs/recipes/${name}.md`) ?? '';

const reading = (): Promise<Reader> =>
  startReading((definitions) =>
    expect.poll(definitions, { timeout: 20_000 }).toMatchObject({ jobs: { length: 7 }, broken: [] }),
  );

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
