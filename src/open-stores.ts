import { systemClock } from './adapters/system/clock.ts';
import { embeddedStoreFile } from './config/embedded-store.ts';
import type { Settings } from './config/schema.ts';
import type { Outage } from './ports/outage.ts';
import type { Stores } from './ports/stores.ts';

/**
 * The store that the settings name: Redis, or the embedded one. Apart from the service, since threads and processes open it
 * that need nothing else of it.
 * @param outage told when a store that is elsewhere is away, and when it answers again
 * @throws BatchyError `invalid-setting`, `newer-schema`, `store-unavailable`
 */
export async function openStores(settings: Settings, outage?: Outage): Promise<Stores> {
  if (settings.REDIS_URL !== '') {
    const { createRedisStores } = await import('./adapters/redis/stores.ts');
    return createRedisStores({ url: settings.REDIS_URL, allowEviction: settings.ALLOW_EVICTION, outage });
  }
  const { createSqliteStores } = await import('./adapters/sqlite/stores.ts');
  return createSqliteStores({ file: embeddedStoreFile(settings.BATCHY_DATA), clock: systemClock });
}
