import { hostname } from 'node:os';
import path from 'node:path';

import closeWithGrace from 'close-with-grace';
import { uuidv7 } from 'uuidv7';

import { createConductorHost } from './conductor-host.ts';
import type { Settings } from './config/schema.ts';
import { whenOrphaned } from './launcher-watch.ts';
import { openStores } from './open-stores.ts';
import { prepareLogFolder } from './prepare-log-folder.ts';
import { openLog } from './process-log.ts';
import { createConductorRecords } from './service/conductor-records.ts';

/**
 * Runs what is launched on the store, by this machine's job files and without serving anything, until a signal says to stop: then it takes nothing
 * new, hands back what it runs at the next boundary, and closes.
 * @throws BatchyError `invalid-setting`, `store-unavailable`
 */
export async function work(given: Settings): Promise<void> {
  const settings: Settings = { ...given, WORKER: true };
  prepareLogFolder(settings);
  const stores = await openStores(settings);
  const logger = openLog(settings);
  const conductors = createConductorHost(settings, 'worker', () => logger);
  let grace: ReturnType<typeof closeWithGrace> | undefined;
  const orphaned = whenOrphaned(() => grace?.close());
  const stopped = new Promise<void>((resolve) => {
    grace = closeWithGrace({ delay: settings.SHUTDOWN_SECONDS * 1000, logger: false }, async ({ err }) => {
      if (err !== undefined) logger.fatal({ err }, 'stopping after an error');
      await conductors.stop();
      await stores.upkeep.close();
      resolve();
    });
  });
  try {
    await stores.upkeep.ping();
  } catch (error) {
    // Whoever called decides how the process ends; left installed, it would end as if all were well.
    grace?.uninstall();
    clearInterval(orphaned);
    await stores.upkeep.close();
    throw error;
  }
  for (const warning of await stores.upkeep.warnings()) logger.warn(warning);
  process.stdout.write(describeWork(settings));
  conductors.start(createConductorRecords({ stores, operationId: uuidv7 }));
  await stopped;
  clearInterval(orphaned);
}

function describeWork({ BATCHY_CFG, JOB_CONCURRENCY, REDIS_URL }: Settings): string {
  const store = REDIS_URL === '' ? 'the embedded store' : 'Redis';
  return `Batchy runs jobs of ${path.join(BATCHY_CFG, 'jobs')} on ${hostname()}, ${JOB_CONCURRENCY} at a time, with its state in ${store}\n`;
}
