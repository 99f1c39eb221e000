import module from 'node:module';
import path from 'node:path';

// Before all else is read, so that all of it is kept for the next start: it halves the time. In the project, not in a folder
// that all users of the machine may write to; of no account when it cannot be written.
module.enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/compiled'));
// Not for people: `serve` starts it, and speaks with it over its own channel.
if (process.argv[2] === 'conductor' && process.send !== undefined) {
  await (await import('./conductor-process.ts')).conduct();
  process.exit();
}

const { runCli } = await import('./cli/index.ts');

/** Whatever they have begun (a timer, a connection) does not keep the process. */
let hasRunJobFiles = false;

/** The process: hands the command line what it cannot import itself, and takes its exit code. */
process.exitCode = await runCli(process.argv.slice(2), {
  serve: async (settings) => (await import('./serve.ts')).serve(settings),
  work: async (settings) => (await import('./work.ts')).work(settings),
  openStores: async (settings) => (await import('./open-stores.ts')).openStores(settings),
  createServices: async (stores, settings) => (await import('./app.ts')).createServices(stores, settings),
  readTaskApp: async (file, given) =>
    (await import('./task-app.ts')).readTaskApp(file, { environment: process.env, given }),
  runTasks: async (run) => (await import('./task-run.ts')).runTasks(run),
  reviveTasks: async (run) => (await import('./task-run.ts')).reviveTasks(run),
  buildFlow: async (settings, name, give) => {
    hasRunJobFiles = true;
    return (await import('./flow-building.ts')).buildFlow(settings, name, give);
  },
  now: async () => (await import('./app.ts')).machineNow(),
});
if (hasRunJobFiles) process.exit();
