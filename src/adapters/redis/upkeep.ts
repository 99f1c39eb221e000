import { ownPrefix } from '../../domain/names.ts';
import type { Upkeep } from '../../ports/upkeep.ts';
import { exportItems, importItems } from './archive.ts';
import type { RedisConnection } from './connection.ts';
import type { JournalWatch } from './journal-watch.ts';
import { pruneJournal, pruneRecords } from './pruning.ts';
import { checkSchema } from './schema.ts';
import { readServerSettings, settingsWarnings } from './server-settings.ts';

export function createRedisUpkeep(connection: RedisConnection, watch: JournalWatch): Upkeep {
  return {
    ping: () => checkSchema(connection),
    warnings: async () => settingsWarnings(await readServerSettings(connection)),
    async prune(before, limit) {
      // Remembered operations expire by themselves.
      const entries = await pruneJournal(connection, before, limit);
      return entries + (await pruneRecords(connection, before, limit - entries));
    },
    foreignKeys: () => scanHashes(connection),
    exportAll: () => exportItems(connection),
    importAll: (items) => importItems(connection, items),
    async close() {
      watch.close();
      connection.close();
    },
  };
}

/** Every hash that is not ours; a scan may name one twice. */
async function* scanHashes(connection: RedisConnection): AsyncIterable<string> {
  let cursor = '0';
  do {
    const scanned = cursor;
    const [next, found] = await connection.call((redis) => redis.scan(scanned, 'COUNT', 1000, 'TYPE', 'hash'));
    for (const key of found) if (!key.startsWith(ownPrefix)) yield key;
    cursor = next;
  } while (cursor !== '0');
}
