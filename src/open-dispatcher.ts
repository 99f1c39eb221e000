import type { Settings } from './config/schema.ts';
import type { Dispatcher } from './ports/dispatcher.ts';
import type { Outage } from './ports/outage.ts';

/**
 * What hands work on between the processes that share a Redis; `null` where the settings name none: then all who run jobs are
 * on one machine and ask the embedded store. Open the stores first: they refuse a Redis that cannot be used.
 * @param outage told, in place of who consumes, when that Redis is away, and when it is there again
 * @throws BatchyError `invalid-setting`
 */
export async function openDispatcher(settings: Settings, outage?: Outage): Promise<Dispatcher | null> {
  if (settings.REDIS_URL === '') return null;
  const [{ createBullmqDispatcher }, { readTarget }] = await Promise.all([
    import('./adapters/bullmq/dispatcher.ts'),
    import('./adapters/redis/target.ts'),
  ]);
  return createBullmqDispatcher({
    server: readTarget(settings.REDIS_URL),
    outage,
    lockMs: settings.LEASE_SECONDS * 1000,
  });
}
