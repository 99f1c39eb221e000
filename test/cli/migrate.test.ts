import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { run } from './run.ts';

function emptyFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-migrate-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'batchy.yaml'), '');
  return folder;
}

it.each(['dta', 'reports', 'reports/a.csv'])(
  'refuses the source %s, which is no store, and makes nothing',
  async (source) => {
    const folder = emptyFolder();
    mkdirSync(path.join(folder, 'reports'));
    writeFileSync(path.join(folder, 'reports', 'a.csv'), 'a,b\n');

    expect(await run('batchy', ['migrate', '--from', source, '--to', 'moved'], { folder })).toMatchObject({
      exit: 2,
      out: '',
      err: expect.stringMatching(/no store in .*batchy\.db.*BATCHY_DATA/s),
    });
    expect(readdirSync(folder).sort()).toEqual(['batchy.yaml', 'reports']);
    expect(readdirSync(path.join(folder, 'reports'))).toEqual(['a.csv']);
  },
);

it('moves from a folder with a store', async () => {
  const folder = emptyFolder();
  mkdirSync(path.join(folder, 'data'));
  const stores = await createSqliteStores({ file: path.join(folder, 'data', 'batchy.db'), clock: systemClock });
  await stores.upkeep.close();

  const { exit } = await run('batchy', ['migrate', '--from', 'data', '--to', 'moved'], { folder });
  expect(exit).toBe(0);
  expect(existsSync(path.join(folder, 'moved', 'batchy.db'))).toBe(true);
});
