import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { uuidv7 } from 'uuidv7';

import { systemRandom } from './adapters/system/random.ts';
import { systemTimers } from './adapters/system/timers.ts';
import type { FromConductor, ToConductor } from './conductor-messages.ts';
import { logFolder } from './config/log-folder.ts';
import type { Settings } from './config/schema.ts';
import { parseJobYaml } from './dialects/job-yaml.ts';
import { BatchyError } from './domain/errors.ts';
import { openStores } from './open-stores.ts';
import { type Conductor, createConductor } from './runner/conductor.ts';
import { loadJobFiles } from './runner/job-files.ts';
import { createLogs } from './runner/step-log.ts';

/** How often a conductor looks by itself, in milliseconds; launches wake it at once. */
const lookEvery = 1000;
/** What a step that must end is given, in milliseconds, before it is ended. */
const grace = 5000;

/**
 * The process in which jobs run, beside the one that serves: reads the job files, tells what they say, and runs what is
 * launched. Ends when it is told to, or when whoever started it is gone.
 */
export async function conduct(): Promise<void> {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  let conductor: Promise<Conductor | null> | null = null;
  let stopped: Promise<void> | null = null;

  const finish = async (how: 'drain' | 'stop'): Promise<void> => {
    const running = await conductor;
    if (how === 'drain') await running?.drain();
    // A stop makes a drain that is under way end, too.
    stopped ??= running?.stop() ?? Promise.resolve();
    await stopped;
    end();
  };
  process.on('message', (message) => {
    const asked = message as ToConductor;
    if (asked.kind === 'start') conductor ??= begin(asked.settings, asked.withheld);
    else if (asked.kind === 'look') void conductor?.then((running) => running?.look());
    else void finish(asked.kind);
  });
  process.once('disconnect', () => void finish('stop'));
  // A signal to the whole group reaches us before the service tells us: it will.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void finish('stop'));
  await over;
  if (process.connected) process.disconnect();
}

async function begin(settings: Settings, withheld: ReadonlyMap<string, string>): Promise<Conductor | null> {
  // Job files find the folders where the service has them, whatever it was told by.
  process.env['BATCHY_DATA'] = settings.BATCHY_DATA;
  process.env['BATCHY_CFG'] = settings.BATCHY_CFG;
  const { jobs, broken, definitions } = await loadJobFiles(join(settings.BATCHY_CFG, 'jobs'), parseJobYaml, {
    withheld,
    beginning: (file) => tell({ kind: 'reading', file }),
  });
  tell({ kind: 'catalog', jobs: definitions, broken });
  if (!settings.WORKER || jobs.size === 0) return null;
  const stores = await openStores(settings);
  const conductor = createConductor({
    stores,
    catalog: jobs,
    id: `${hostname().replaceAll(/[^\w.-]/g, '-')}-${process.pid}-${randomBytes(4).toString('hex')}`,
    leaseSeconds: settings.LEASE_SECONDS,
    concurrency: settings.JOB_CONCURRENCY,
    logs: createLogs({ folder: logFolder(settings.BATCHY_DATA), now: systemTimers.wall }),
    operationId: uuidv7,
    timers: systemTimers,
    random: systemRandom,
    environment: process.env,
    graceMilliseconds: grace,
    lookEveryMilliseconds: lookEvery,
    onProblem: (error) => tell({ kind: 'log', level: 'warn', message: problemText(error) }),
  });
  await conductor.start();
  return {
    ...conductor,
    async stop() {
      await conductor.stop();
      await stores.upkeep.close();
    },
  };
}

function problemText(error: unknown): string {
  if (error instanceof BatchyError) return error.detail;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function tell(message: FromConductor): void {
  process.send?.(message, undefined, {}, () => undefined);
}
