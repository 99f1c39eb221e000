import { hostname } from 'node:os';
import { join } from 'node:path';

import { systemRandom } from './adapters/system/random.ts';
import { createNumberedIds } from './adapters/system/numbered-ids.ts';
import { systemTimers } from './adapters/system/timers.ts';
import { currentHolder, offerHolder } from './conductor-holder.ts';
import type { FromConductor, Start, ToConductor } from './conductor-messages.ts';
import { startLogThread } from './conductor-logs.ts';
import { type Pulse, startPulse } from './conductor-pulse.ts';
import { catchStrayErrors } from './conductor-stray-errors.ts';
import { noteSyncPrograms } from './conductor-sync-programs.ts';
import { logFolder } from './config/log-folder.ts';
import { capabilityNames, queueNames } from './config/load.ts';
import type { Settings } from './config/schema.ts';
import { version } from './config/version.ts';
import { requiredCapabilities } from './domain/capability.ts';
import { parseJobYaml } from './dialects/job-yaml.ts';
import { readTaskListJob } from './task-app.ts';
import { BatchyError } from './domain/errors.ts';
import type { ConductorAbout } from './domain/heartbeat.ts';
import { createJobCounts } from './domain/job-counts.ts';
import { hasParts } from './domain/part.ts';
import { defaultQueue, type Line, linesOf } from './domain/work.ts';
import { openDispatcher } from './open-dispatcher.ts';
import { openStores } from './open-stores.ts';
import { type Capabilities, createCapabilities } from './runner/capabilities.ts';
import { loadCapabilityFiles } from './runner/capability-files.ts';
import { type Conductor, createConductor } from './runner/conductor.ts';
import type { RunnableJob } from './runner/job.ts';
import { type LoadedJobs, loadJobFiles } from './runner/job-files.ts';
import { createLogs, defaultMaxBytes } from './runner/step-log.ts';
import { createOutages } from './service/outages.ts';

/** How often a conductor looks by itself, in milliseconds; launches wake it at once. */
const lookEvery = 1000;
/** What a step that must end is given, in milliseconds, before it is ended. */
const grace = 5000;
/** What the process is given, in milliseconds, to end once its steps must: they, and then what they leave behind. */
const endWithin = 3 * grace;
/** Of the time in which the service stops, what it keeps for itself; and what its processes keep to store how all ended. */
const [partOfService, reserve] = [0.25, 500];
const counts = createJobCounts();
const outages = createOutages({
  timers: systemTimers,
  log: (level, message) => tell({ kind: 'log', level, message }),
});

/**
 * The process in which jobs run, beside the one that serves: reads the job files, tells what they say, and runs what is
 * launched. Ends when it is told to, or when whoever started it is gone.
 */
export async function conduct(): Promise<void> {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  let conductor: Promise<Conductor | null> | null = null;
  let stopped: Promise<void> | null = null;
  let finishing = 0;

  const finish = async (how: 'drain' | 'stop'): Promise<void> => {
    // What is waited for may never come: a job file that awaits for ever, a store that does not answer.
    if (how === 'stop') setTimeout(end, Math.max(endWithin, finishing + 2 * grace));
    const running = await conductor;
    if (how === 'drain') await running?.drain();
    // A stop makes a drain that is under way end, too.
    stopped ??= running?.stop() ?? Promise.resolve();
    await stopped;
    await tellCounts();
    end();
  };
  const refuse = async (message: string): Promise<null> => {
    tell({ kind: 'log', level: 'error', message });
    process.exitCode = 1;
    end();
    return null;
  };
  const start = (asked: Start): Promise<Conductor | null> => {
    const { settings, conductor: id, host, questions } = asked;
    if (asked.version !== version) return refuse(otherVersion(asked.version));
    // First of all: a job file may hold up everything here for good.
    const pulse = startPulse(
      {
        settings,
        conductor: id,
        host,
        questions,
        waiting: noteSyncPrograms(currentHolder),
      },
      {
        onProblem: tellProblem,
        outage: outages.source(),
        onOrphaned: () => void finish('stop'),
        onGivenUp(why) {
          tell({ kind: 'log', level: 'error', message: why.message });
          process.exitCode = 1;
          void finish('stop');
        },
      },
    );
    return begin(asked, pulse).catch((error: unknown) => refuse(`jobs cannot be run: ${problemText(error)}`));
  };
  process.on('message', (message) => {
    const asked = message as ToConductor;
    if (asked.kind === 'start') {
      finishing = finishWithin(asked.settings);
      conductor ??= start(asked);
    }
    if (asked.kind === 'ping') {
      tell({ kind: 'alive' });
      void tellCounts();
    } else if (asked.kind === 'look') void conductor?.then((running) => running?.look());
    else if (asked.kind === 'drain' || asked.kind === 'stop') void finish(asked.kind);
  });
  process.once('disconnect', () => void finish('stop'));
  // A signal to the whole group reaches us before the service tells us: it will.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void finish('stop'));
  await over;
  if (process.connected) process.disconnect();
}

async function begin({ settings, withheld, conductor: id, role }: Start, pulse: Pulse): Promise<Conductor | null> {
  // Job files find the folders where the service has them, whatever it was told by.
  process.env['BATCHY_DATA'] = settings.BATCHY_DATA;
  process.env['BATCHY_CFG'] = settings.BATCHY_CFG;
  const sink = startLogThread(defaultMaxBytes, tellProblem);
  const taskLogFolder = join(logFolder(settings.BATCHY_DATA), 'tasks');
  const logs = createLogs({ folder: logFolder(settings.BATCHY_DATA), now: systemTimers.wall, sink });
  let conductor: Conductor | null = null;
  let isReading = true;
  offerHolder();
  // Before the files are read: an error of one of them that nothing catches is told by it, and must not end the process.
  catchStrayErrors(process, {
    runs: () => conductor?.runs().map(({ id: executionId, jobName }) => `execution ${executionId} (${jobName})`) ?? [],
    log: (level, message) => tell({ kind: 'log', level, message }),
    onUnsound: (why) => tell({ kind: 'unsound', why }),
    onExit: (executionId, whose, code) => {
      tell({ kind: 'exiting', executionId, whose, code });
      logs.flush();
    },
    onFileExit: (file) => tell({ kind: 'reading', file }),
    isReading: () => isReading,
  });
  const dialects = {
    yaml: parseJobYaml,
    taskList: (file: string) => readTaskListJob(file, { environment: process.env, logFolder: taskLogFolder }),
  };
  const read = await loadJobFiles(join(settings.BATCHY_CFG, 'jobs'), dialects, {
    withheld,
    beginning: (file) => tell({ kind: 'reading', file }),
    now: systemTimers.wall,
  });
  const machine = await loadCapabilityFiles(join(settings.BATCHY_CFG, 'jobs'), {
    withheld,
    beginning: (file) => tell({ kind: 'reading', file }),
  });
  isReading = false;
  const { jobs } = read;
  tell({ kind: 'catalog', jobs: read.definitions, broken: [...read.broken, ...machine.broken] });
  if (!settings.WORKER || jobs.size === 0) return null;
  const stores = await openStores(settings, outages.source());
  const dispatcher = (await openDispatcher(settings, outages.source())) ?? undefined;
  const capabilities = createCapabilities(machine.capabilities, capabilityNames(settings), {
    timers: systemTimers,
    onProblem: tellProblem,
  });
  const about = aboutUs(role, settings, read, capabilities);
  const begun = createConductor({
    stores,
    catalog: jobs,
    id,
    leaseSeconds: settings.LEASE_SECONDS,
    heartbeat: {
      start: () => pulse.start(about),
      stop: () => pulse.stop(),
    },
    capabilities,
    dispatcher,
    lines: standingAt(settings, jobs, capabilities),
    concurrency: settings.JOB_CONCURRENCY,
    logs,
    operationId: createNumberedIds(),
    timers: systemTimers,
    random: systemRandom,
    environment: process.env,
    graceMilliseconds: grace,
    finishMilliseconds: finishWithin(settings),
    counts,
    lookEveryMilliseconds: lookEvery,
    onProblem: tellProblem,
  });
  conductor = begun;
  await begun.start();
  return {
    ...begun,
    drain() {
      pulse.change({ ...about, isDraining: true });
      return begun.drain();
    },
    async stop() {
      await begun.stop();
      await dispatcher?.close();
      await stores.upkeep.close();
    },
  };
}

/** How long steps may finish, so that those that do not are told to end, and have their grace, before the service ends this process. */
function finishWithin({ SHUTDOWN_SECONDS }: Settings): number {
  return Math.max(0, SHUTDOWN_SECONDS * 1000 * (1 - partOfService) - grace - reserve);
}

/** Of its jobs, those of the queues that it is to serve, as far as it may have what they need. */
function standingAt(settings: Settings, jobs: ReadonlyMap<string, RunnableJob>, capabilities: Capabilities): Line[] {
  const queues = queueNames(settings);
  const waits = [...jobs.values()].map(({ definition }) => ({
    queue: definition.queue ?? defaultQueue,
    capabilities: requiredCapabilities(definition),
  }));
  const isOurs = (queue: string): boolean => queues.length === 0 || queues.includes(queue);
  return linesOf(waits.filter((wait) => isOurs(wait.queue) && capabilities.mayHave(wait.capabilities)));
}

/** Resolves when it is said, or nobody listens. */
function tellCounts(): Promise<void> {
  const tallies = counts.take();
  if (tallies.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    if (process.connected) tell({ kind: 'counts', tallies }, resolve);
    else resolve();
  });
}

function aboutUs(
  role: Start['role'],
  settings: Settings,
  { jobs, version: jobsVersion }: LoadedJobs,
  capabilities: Capabilities,
): ConductorAbout {
  const { names } = capabilities;
  const queues = queueNames(settings);
  return {
    host: hostname(),
    processId: process.pid,
    role,
    concurrency: settings.JOB_CONCURRENCY,
    capabilities: names,
    ...(queues.length === 0 ? {} : { queues }),
    sharedJobs: [...jobs.values()].flatMap(({ definition }) => (hasParts(definition) ? definition.name : [])).sort(),
    jobsVersion,
    leaseSeconds: settings.LEASE_SECONDS,
  };
}

function otherVersion(asked: string): string {
  return `the program was changed while the service runs (from version ${asked} to ${version}): restart the service. Until then no changed job file is read.`;
}

function tellProblem(error: unknown): void {
  tell({ kind: 'log', level: outages.levelOf(error), message: problemText(error) });
}

function problemText(error: unknown): string {
  if (error instanceof BatchyError) return error.detail;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function tell(message: FromConductor, done: () => void = () => undefined): void {
  process.send?.(message, undefined, {}, () => done());
}
