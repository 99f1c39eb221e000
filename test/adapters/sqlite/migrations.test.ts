import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { schemaSteps, schemaVersion } from '../../../src/adapters/sqlite/schema.ts';
import { commit, document, entry } from '../../contract/fixtures.ts';
import { countUp, expectWhole } from './counting.ts';
import { temporaryFiles } from './temporary-file.ts';

const files = temporaryFiles();

/** A store as the release left it whose schema had so many steps: with what is in the tables that it knew. */
async function olderFile(version: number): Promise<string> {
  const file = await files.file();
  const made = await files.open({ file });
  for (let count = 1; count <= 3; count += 1) await countUp(made, 'wf1');
  await made.upkeep.close();

  const older = new DatabaseSync(file);
  const known = new DatabaseSync(':memory:');
  for (const step of schemaSteps.slice(0, version)) known.exec(step);
  const kept = new Set(
    known
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map(({ name }) => name),
  );
  const tables = older.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
  for (const { name } of tables) if (!kept.has(name)) older.exec(`DROP TABLE "${String(name)}"`);
  older.exec(`PRAGMA user_version = ${version}`);
  older.close();
  known.close();
  return file;
}

function versionOf(file: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare('PRAGMA user_version').get()?.['user_version'];
  } finally {
    database.close();
  }
}

it('a file of before documents keeps what it holds, and takes documents once it is opened', async () => {
  const file = await olderFile(1);
  expect(versionOf(file)).toBe(1);
  const stores = await files.open({ file });
  expect(await expectWhole(stores, 'wf1')).toBe(3);
  expect(await countUp(stores, 'wf1')).toBe(4);

  const added = document({ id: 'a', add: [{ index: 'all', member: 'a' }] });
  const outcome = await stores.store.commit(commit([added], { journal: [entry({ workflow: null })] }));
  expect(outcome).toEqual({ kind: 'committed', sequences: [5] });
  expect(await stores.documents.get([{ collection: 'things', id: 'a' }])).toEqual([{ revision: 1, text: '{}' }]);
  expect(await stores.documents.reserve('things', 1)).toBe(1);
  await stores.upkeep.close();
  expect(versionOf(file)).toBe(schemaVersion);
});

it('a file of before documents may be opened by several at once', async () => {
  const file = await olderFile(1);
  const opened = await Promise.all([0, 1, 2, 3].map(() => files.open({ file })));
  const firsts = await Promise.all(opened.map((stores) => stores.documents.reserve('things', 2)));
  expect(firsts.sort((one, other) => one - other)).toEqual([1, 3, 5, 7]);
});
