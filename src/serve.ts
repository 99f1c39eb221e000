import closeWithGrace from 'close-with-grace';
import { uuidv7 } from 'uuidv7';

import { createApp } from './app.ts';
import { createConductorHost } from './conductor-host.ts';
import type { Settings } from './config/schema.ts';
import { whenOrphaned } from './launcher-watch.ts';
import { prepareLogFolder } from './prepare-log-folder.ts';
import { openLog } from './process-log.ts';
import { createConductorRecords } from './service/conductor-records.ts';
import type { Trial } from './trial.ts';

/**
 * Serves until a signal says to stop, then answers what is in progress and closes.
 * @throws BatchyError `invalid-setting`, `store-unavailable`
 */
export async function serve(settings: Settings): Promise<void> {
  if (settings.WORKER) prepareLogFolder(settings);
  const logger = openLog(settings);
  const conductors = createConductorHost(settings, 'serve', () => logger);
  const app = await createApp(settings, { logger, jobSide: conductors });
  let grace: ReturnType<typeof closeWithGrace> | undefined;
  const orphaned = whenOrphaned(() => grace?.close());
  const stopped = new Promise<void>((resolve) => {
    grace = closeWithGrace({ delay: settings.SHUTDOWN_SECONDS * 1000, logger: false }, async ({ err }) => {
      if (err !== undefined) logger.fatal({ err }, 'stopping after an error');
      await Promise.all([app.stop(), conductors.stop()]);
      resolve();
    });
  });
  try {
    const address = await app.start();
    process.stdout.write(describeStart(address, app.trial()));
    conductors.start(createConductorRecords({ stores: app.stores, operationId: uuidv7 }));
  } catch (error) {
    // Whoever called decides how the process ends; left installed, it would end as if all were well.
    grace?.uninstall();
    await Promise.all([app.stop(), conductors.stop()]);
    throw error;
  }
  await stopped;
  clearInterval(orphaned);
}

/** What a start prints: where everything is, and a few lines to try. */
function describeStart(address: string, { workflow, hasSampleJob, needsKey }: Trial): string {
  const curl = needsKey ? 'curl -H "Authorization: Bearer $BATCHY_KEY"' : 'curl';
  return [
    `Batchy listens on ${address}`,
    `  API docs    ${address}/docs`,
    `  workflows   ${address}/workflows`,
    `  jobs        ${address}/jobs`,
    '',
    needsKey ? 'Try it, with your API key in BATCHY_KEY:' : 'Try it:',
    `  ${curl} -X POST ${address}/load_cfg/${workflow}`,
    `  ${curl} -X POST ${address}/open_batch/${workflow}`,
    `  ${curl} -X POST "${address}/close_batch/${workflow}?batch_id=BATCH_ID"`,
    ...(hasSampleJob ? [`  ${curl} -X POST "${address}/jobs/SampleJob/launch?wait=10"`] : []),
    '',
    '',
  ].join('\n');
}
