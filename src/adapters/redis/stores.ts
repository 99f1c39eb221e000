import type { Clock } from '../../ports/clock.ts';
import type { Outage } from '../../ports/outage.ts';
import type { Stores } from '../../ports/stores.ts';
import { createRedisReader } from './batch-reader.ts';
import { createRedisClock } from './clock.ts';
import { connectRedis } from './connection.ts';
import { createRedisDocuments } from './documents.ts';
import { createRedisJournal } from './journal.ts';
import { createJournalWatch } from './journal-watch.ts';
import { createLastWritten } from './last-written.ts';
import { checkSchema } from './schema.ts';
import { readServerSettings, refuseOtherDatabase, refuseUnfit } from './server-settings.ts';
import { createServerTime } from './server-time.ts';
import { createRedisStore } from './store.ts';
import { readTarget } from './target.ts';
import { createRedisUpkeep } from './upkeep.ts';

export interface RedisStoresOptions {
  /** `redis://`, `rediss://`, or the Sentinel form (see `readTarget`). */
  readonly url: string;
  /** Default: the server's. */
  readonly clock?: Clock;
  /** Milliseconds without any answer after which a connection is given up. Default: 2,000. */
  readonly silenceMs?: number;
  /** Milliseconds that a call may take, repetitions included. Default: 5,000. */
  readonly deadlineMs?: number;
  /** Use a Redis that may evict data all the same. Default: false. */
  readonly allowEviction?: boolean;
  /** Told when calls fail because Redis is away, and when one is answered again. */
  readonly outage?: Outage | undefined;
}

/**
 * Opens the stores on a Redis.
 * @throws BatchyError `invalid-setting` for an address or a server that cannot be used, `newer-schema`, `store-unavailable`
 */
export async function createRedisStores({
  url,
  clock,
  silenceMs = 2000,
  deadlineMs = 5000,
  allowEviction = false,
  outage,
}: RedisStoresOptions): Promise<Stores> {
  const connection = connectRedis(readTarget(url), { silence: silenceMs, deadline: deadlineMs }, outage);
  try {
    refuseUnfit(await readServerSettings(connection), allowEviction);
    await refuseOtherDatabase(connection);
    await checkSchema(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
  const watch = createJournalWatch(connection);
  const remembered = {
    lastWritten: createLastWritten(),
    serverTime: createServerTime(() => performance.now()),
  };
  return {
    store: createRedisStore(connection, remembered),
    reader: createRedisReader(connection, remembered, clock ?? null),
    documents: createRedisDocuments(connection),
    journal: createRedisJournal(connection, watch),
    clock: clock ?? createRedisClock(connection, remembered.serverTime),
    upkeep: createRedisUpkeep(connection, watch),
  };
}
