// The process of `waitsy`: acts when imported.
import { runWaitsy } from './waitsy/run.ts';

process.exitCode = await runWaitsy({
  argv: process.argv.slice(2),
  environment: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
});
