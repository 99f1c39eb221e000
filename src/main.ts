import process from 'node:process';

import type { Settings } from './config/schema.ts';

/** The process: Node's version, the command line, and, for `serve`, the application with its signals. */

const [major = '0'] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(
    `Batchy needs Node 24 or later; this is ${process.version}. Start it through npm (npm start, npx batchy): npm ci brings the right one.`,
  );
  process.exit(2);
}

const { runCli } = await import('./cli/index.ts');
process.exitCode = await runCli(process.argv.slice(2), {
  serve,
  openStores: async (settings) => (await import('./app.ts')).openStores(settings),
  createServices: async (stores, settings) => (await import('./app.ts')).createServices(stores, settings),
  now: async () => (await import('./app.ts')).machineNow(),
});

/** Serves until a signal says to stop. */
async function serve(settings: Settings): Promise<void> {
  const [{ createApp }, { createLogger, describeStart }, { default: closeWithGrace }] = await Promise.all([
    import('./app.ts'),
    import('./http/start-text.ts'),
    import('close-with-grace'),
  ]);
  const app = await createApp(settings, { logger: createLogger(settings) });
  const stopped = new Promise<void>((resolve) => {
    closeWithGrace({ delay: settings.SHUTDOWN_SECONDS * 1000, logger: false }, async ({ err }) => {
      if (err !== undefined) app.server.log.fatal({ err }, 'stopping after an error');
      await app.stop();
      resolve();
    });
  });
  const address = await app.start();
  process.stdout.write(describeStart(address));
  await stopped;
}
