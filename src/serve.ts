import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { uuidv7 } from 'uuidv7';

import { createApp } from './app.ts';
import { createConductorHost } from './conductor-host.ts';
import type { Settings } from './config/schema.ts';
import { createConductorRecords } from './service/conductor-records.ts';
import type { Trial } from './trial.ts';

/** Where a logged error could carry a key, or the parameters that the Redis driver was given. */
const secretPlaces = ['req.headers.authorization', 'err.command.args'];

/**
 * Serves until a signal says to stop, then answers what is in progress and closes.
 * @throws BatchyError `invalid-setting`, `store-unavailable`
 */
export async function serve(settings: Settings): Promise<void> {
  // The log goes to standard error, so that the lines to try stay readable on standard output.
  // Written beside the requests, not before their answers, and many at a time; what is left is written when the process ends.
  const destination = pino.destination({ dest: 2, sync: false, minLength: 4096, periodicFlush: 100 });
  const logger = pino({ level: settings.LOG_LEVEL, redact: secretPlaces }, destination);
  const conductors = createConductorHost(settings, () => logger);
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

/** Milliseconds between two looks at who our parent is. */
const lookEvery = 500;

/**
 * A SIGTERM to `npm start` ends npm and its shell, which pass nothing on: the service would live on unseen and keep the port.
 * So a service that npm, or our own launcher, has started stops when its parent has gone.
 */
function whenOrphaned(stop: () => void): NodeJS.Timeout | undefined {
  const { npm_lifecycle_event: byNpm, BATCHY_LAUNCHED: byLauncher } = process.env;
  if (byNpm === undefined && byLauncher === undefined) return undefined;
  const parent = process.ppid;
  return setInterval(() => {
    if (process.ppid !== parent) stop();
  }, lookEvery).unref();
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
