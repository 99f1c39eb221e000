import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { storeContract } from './store-contract.ts';

storeContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'batchy-sqlite-'));
  return {
    open: (options) => createSqliteStores({ file: join(folder, 'batchy.sqlite'), clock: systemClock, ...options }),
    shared: true,
    remove: () => rm(folder, { recursive: true }),
  };
});
