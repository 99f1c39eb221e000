import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { expect, it, onTestFinished } from 'vitest';

import { root } from './documents.ts';
import { patience, startReading } from './job-session.ts';

const text = readFileSync(path.join(root, 'docs/jobs.md'), 'utf8');

it(
  'leads from the first launch to a restart: every command, in order, prints what the page says',
  { timeout: 3 * patience.timeout },
  async () => {
    const reader = await startReading(async (definitions) =>
      expect.poll(definitions, patience).toMatchObject({ jobs: { length: 9 }, broken: [] }),
    );
    const { files, commands } = await reader.follow(text);
    expect(files).toBe(5);
    expect(commands).toBeGreaterThan(15);
    const sales = new DatabaseSync(path.join(reader.folder, 'sales.db'), { readOnly: true });
    onTestFinished(() => sales.close());
    expect(sales.prepare('select id from sales order by id').all()).toEqual([{ id: 1 }, { id: 2 }]);
  },
);
