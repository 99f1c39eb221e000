import { runCli } from './cli/index.ts';

/** The process: hands the command line what it cannot import itself, and takes its exit code. */
process.exitCode = await runCli(process.argv.slice(2), {
  serve: async (settings) => (await import('./serve.ts')).serve(settings),
  openStores: async (settings) => (await import('./app.ts')).openStores(settings),
  createServices: async (stores, settings) => (await import('./app.ts')).createServices(stores, settings),
  now: async () => (await import('./app.ts')).machineNow(),
});
