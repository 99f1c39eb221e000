import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { createSqliteStores, type SqliteStoresOptions } from '../../../src/adapters/sqlite/stores.ts';
import type { Stores } from '../../../src/ports/stores.ts';

/** Folders and stores of one test file; each test's are closed and removed after it. */
export function temporaryFiles() {
  const opened: Stores[] = [];
  const folders: string[] = [];

  afterEach(async () => {
    for (const stores of opened.splice(0)) await stores.upkeep.close();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  return {
    async folder(): Promise<string> {
      const folder = await mkdtemp(join(tmpdir(), 'batchy-sqlite-'));
      folders.push(folder);
      return folder;
    },
    async file(): Promise<string> {
      return join(await this.folder(), 'batchy.sqlite');
    },
    async open(
      options: Omit<SqliteStoresOptions, 'clock'> & Partial<Pick<SqliteStoresOptions, 'clock'>>,
    ): Promise<Stores> {
      const stores = await createSqliteStores({ clock: systemClock, ...options });
      opened.push(stores);
      return stores;
    },
  };
}
