import { expect, it } from 'vitest';

import { SqliteConnection } from '../../../src/adapters/sqlite/connection.ts';
import { change, commit, document } from '../../contract/fixtures.ts';
import { temporaryFiles } from './temporary-file.ts';

const files = temporaryFiles();
/** As SQLite says it of a connection whose every transaction is on the disk before it is answered. */
const full = 2;

it('is asked for by every transaction of a commit, also right after numbers were reserved without one', async () => {
  const stores = await files.open({ file: await files.file() });
  const { transaction } = Object.getOwnPropertyDescriptors(SqliteConnection.prototype);
  const synchronous: unknown[] = [];
  SqliteConnection.prototype.transaction = function watched<T>(this: SqliteConnection, work: () => T): T {
    synchronous.push(this.pragma('synchronous'));
    return transaction.value?.call(this, work) as T;
  };
  try {
    await stores.store.commit(commit([change({ name: 'wf1' })]));
    await stores.documents.reserve('execution', 1);
    await stores.store.commit(commit([document({ id: 'a' })]));
  } finally {
    Object.defineProperty(SqliteConnection.prototype, 'transaction', transaction);
  }
  expect(synchronous).toEqual([full, full]);
});
