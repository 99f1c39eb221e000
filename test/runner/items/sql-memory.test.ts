import path from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import type { Copy } from './sql-copy-process.ts';
import { describeOnEach } from './sql-databases.ts';

const program = path.resolve(import.meta.dirname, 'sql-copy-process.ts');
/** In MB: collected early, so that the peak tells what is held and not what waits to be collected. */
const tightHeap = ['--max-semi-space-size=2', '--max-old-space-size=30'];
const bytesInRow = 600;
const [few, many] = [5_000, 100_000];

describeOnEach('copying a table', (database) => {
  const createRows = async (table: string, rows: number): Promise<void> => {
    const text = database().kind === 'SQLite' ? `hex(zeroblob(${bytesInRow / 2}))` : `repeat('0', ${bytesInRow})`;
    const numbers = `with recursive n(id) as (select 1 union all select id + 1 from n where id < ${rows})`;
    await database().run(`create table ${table} (id int not null primary key, label text)`);
    await database().run(`insert into ${table} ${numbers} select id, ${text} from n`);
  };

  it.each([
    ['by key', (table: string): Copy['from'] => ({ table }), { key: ['id'] }],
    ['without keys', (table: string): Copy['from'] => ({ query: `select * from ${table}` }), {}],
  ])('needs no more memory for many rows than for few, %s', async (how, from, keyed) => {
    const peak: number[] = [];
    const mode = how.replace(' ', '_');
    for (const rows of [few, many]) {
      const table = `source_${mode}_${rows}`;
      await createRows(table, rows);
      await database().run(`create table target_${mode}_${rows} (id int not null primary key, label text)`);
      const copy: Copy = { from: from(table), to: { table: `target_${mode}_${rows}`, ...keyed } };
      const { stdout } = await execa(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', ...tightHeap, program, JSON.stringify(copy)],
        { env: { DATABASE_URL: database().url } },
      );
      peak.push(Number(stdout));
      const [count] = await database().rows(`select count(*) as n from target_${mode}_${rows}`);
      expect(Number(count?.['n'])).toBe(rows);
    }
    const [small = 0, large = 0] = peak;
    expect(small).toBeGreaterThan(0);
    // The difference in rows is 57 MB: half of it would be a reader or a writer that keeps what it had.
    expect(large - small).toBeLessThan(((many - few) * bytesInRow) / 2);
  });
});
