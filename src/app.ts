import type { FastifyBaseLogger } from 'fastify';

import { systemClock } from './adapters/system/clock.ts';
import { createNumberedIds } from './adapters/system/numbered-ids.ts';
import { systemTimers } from './adapters/system/timers.ts';
import { isLoopback } from './config/load.ts';
import { logFolder } from './config/log-folder.ts';
import type { Settings } from './config/schema.ts';
import { version } from './config/version.ts';
import { createKeyRing } from './config/key-ring.ts';
import { BatchyError } from './domain/errors.ts';
import type { JobDefinition } from './domain/job.ts';
import { createJobCounts } from './domain/job-counts.ts';
import type { Instant } from './domain/time.ts';
import { createServer, type BatchyServer, type HttpServices } from './http/server.ts';
import { createChores } from './chores.ts';
import { createFiringLoop } from './firing-loop.ts';
import { openDispatcher } from './open-dispatcher.ts';
import { openStores } from './open-stores.ts';
import type { Stores } from './ports/stores.ts';
import { createLogs } from './runner/step-log.ts';
import type { JobCatalog } from './service/job-catalog.ts';
import { hashSecret, type StoredKey } from './service/keys.ts';
import { createOutages } from './service/outages.ts';
import { loadSamples } from './service/samples.ts';
import { schedulesAhead } from './service/schedules-ahead.ts';
import type { Services } from './service/services.ts';
import { createStandingWarnings } from './service/standing-warnings.ts';
import { createStrandedExecutions } from './service/stranded-executions.ts';
import { conductorWarnings } from './service/conductor-warnings.ts';
import { configurationFiles, createServices, type JobSide, noJobs } from './use-cases.ts';
import { proposeTrial, type Trial } from './trial.ts';

export { createServices } from './use-cases.ts';

export interface App {
  readonly server: BatchyServer;
  readonly stores: Stores;
  readonly services: Services;
  /** Loads samples into an empty store, listens, and begins to watch. @returns the address, e.g. `http://127.0.0.1:5000` */
  start(): Promise<string>;
  trial(): Trial;
  /** Answers what is in progress, then closes everything. */
  stop(): Promise<void>;
}

/** What tests put in place of the real thing. */
export interface AppOverrides {
  readonly stores?: Stores;
  readonly services?: Partial<HttpServices>;
  readonly logger?: FastifyBaseLogger;
  /** The process beside this one that runs jobs. */
  readonly jobSide?: Pick<JobSide, 'catalog' | 'look' | 'counts' | 'isUp'> &
    Partial<Pick<JobSide, 'warnings' | 'taker'>>;
}

/** Wires everything. Nothing listens and nothing is loaded before `start`. */
export async function createApp(settings: Settings, overrides: AppOverrides = {}): Promise<App> {
  let logProblem: (error: BatchyError) => void = () => {};
  const keyRing = createKeyRing({
    file: settings.API_KEYS_FILE,
    adminKey: adminKeyOf(settings),
    onProblem: (error) => logProblem(error),
  });
  checkExposure(settings, keyRing.keys().length > 0);
  let logOutage: (level: 'warn' | 'info', message: string) => void = () => {};
  const outages = createOutages({ timers: systemTimers, log: (level, message) => logOutage(level, message) });
  const stores = overrides.stores ?? (await openStores(settings, outages.source()));
  const dispatcher = overrides.stores === undefined ? await openDispatcher(settings) : null;
  const stopping = new AbortController();
  const { jobSide = noJobs } = overrides;
  const { catalog, counts = createJobCounts() } = jobSide;
  const services = createServices(stores, settings, {
    catalog,
    look: () => jobSide.look(),
    counts,
    stopping: stopping.signal,
    taker: jobSide.taker,
    ...(dispatcher === null ? {} : { dispatching: { dispatcher, onProblem: tellUndispatched } }),
  });
  const stranded = createStrandedExecutions({
    documents: stores.documents,
    timers: systemTimers,
    leaseSeconds: settings.LEASE_SECONDS,
    whyNotHere: () => whyNothingRuns(settings, catalog),
    tell: (warning) => log.warn(warning),
  });
  const standing = createStandingWarnings({
    find: async () =>
      new Map([
        ...(await conductorWarnings(stores.documents, services.conductors, definitionsOf(catalog))),
        ...(await schedulesAhead(stores)),
      ]),
    timers: systemTimers,
    afterSeconds: settings.LEASE_SECONDS,
    tell: (warning) => log.warn(warning),
  });
  const logs = createLogs({ folder: logFolder(settings.BATCHY_DATA), now: systemTimers.wall });
  const server = await createServer({
    services: { ...services, logs, ...overrides.services },
    settings,
    health: {
      ping: () => stores.upkeep.ping(),
      warnings: async () => [
        ...(await stores.upkeep.warnings()),
        ...(overrides.jobSide?.warnings?.() ?? []),
        ...[stranded.warning()].filter((warning) => warning !== null),
        ...standing.warnings(),
      ],
    },
    subscribe: (onChange) => stores.journal.subscribe(onChange),
    keys: () => keyRing.keys(),
    now: () => systemClock.now(),
    requestId: createNumberedIds(),
    version,
    stopping: stopping.signal,
    jobSide: {
      counted: () => {
        // A job that has never failed yet is told, too: from nothing to one is no increase for who watches.
        for (const name of catalog.jobs().keys()) counts.of(name);
        return counts.tallies;
      },
      isConductorUp: () => jobSide.isUp?.() ?? null,
    },
    ...(overrides.logger === undefined ? {} : { logger: overrides.logger }),
  });
  const { log } = server;
  logOutage = (level, message) => log[level](message);
  logProblem = (error) =>
    log.error({ err: error }, 'the API keys could not be read again; those read before go on counting');
  function tellUndispatched(error: unknown): void {
    log[outages.levelOf(error)](
      { err: error },
      'a launched execution could not be handed over: a conductor will find it by itself',
    );
  }
  let watching: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const chores = createChores({
    chores: new Map<string, () => Promise<unknown>>([
      ['the look for clocks that were ahead', () => services.watch.noticeSkew()],
      ['the pruning of batches and of the journal', () => services.watch.prune()],
      ['the pruning of executions', () => services.retention.prune()],
      ['the pruning of conductors', () => services.conductorRetention.prune()],
      ['the look for executions that nobody runs', () => stranded.look()],
      ['the look for what an operator should mend', () => standing.look()],
    ]),
    log,
    outages,
    stopping: stopping.signal,
  });
  const look = async (): Promise<void> => {
    await chores.run();
    if (!stopping.signal.aborted) timer = setTimeout(beginLook, settings.WATCH_SECONDS * 1000).unref();
  };
  const beginLook = (): void => {
    watching = look();
  };
  const firing = createFiringLoop(services.firings, log, outages);

  return {
    server,
    stores,
    services,
    async start() {
      await stores.upkeep.ping();
      for (const warning of await stores.upkeep.warnings()) log.warn(warning);
      if (settings.LOAD_SAMPLES) await loadSamples(services.workflows, configurationFiles(settings).names(), log);
      const address = await server.listen({ host: settings.HOST, port: settings.PORT });
      beginLook();
      firing.begin();
      return address;
    },
    trial: () => proposeTrial(settings, configurationFiles(settings).names(), keyRing.keys().length > 0),
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      // Half of the time is for what is in progress. What then still holds a connection may have begun a request and never
      // end it: it must not make the stop a failure.
      const patience = setTimeout(() => {
        log.warn('connections that were still busy are cut off');
        server.server.closeAllConnections();
      }, settings.SHUTDOWN_SECONDS * 500);
      await server.close();
      clearTimeout(patience);
      await watching;
      await firing.end();
      await services.handingOver.settled();
      await dispatcher?.close();
      keyRing.close();
      await stores.upkeep.close();
    },
  };
}

function adminKeyOf({ BATCHY_ADMIN_KEY: secret }: Settings): StoredKey | null {
  return secret === ''
    ? null
    : { name: 'admin', scope: 'admin', hash: hashSecret(secret), previous: null, createdAt: '' };
}

/** Only loopback without keys: whoever reaches the port could otherwise move every watermark. */
function checkExposure(settings: Settings, hasKeys: boolean): void {
  if (isLoopback(settings.HOST) || hasKeys || settings.ALLOW_OPEN) return;
  throw new BatchyError(
    'invalid-setting',
    `HOST is ${settings.HOST}, which others can reach, and there is no API key. Create one (batchy keys create NAME --scope admin), set BATCHY_ADMIN_KEY, or say ALLOW_OPEN=1.`,
    { facts: { setting: 'HOST' } },
  );
}

function definitionsOf(catalog: JobCatalog): JobDefinition[] {
  return [...catalog.jobs().values()].map(({ definition }) => definition);
}

function whyNothingRuns({ WORKER }: Settings, catalog: JobCatalog): string {
  if (!WORKER) return 'This service runs none (WORKER=0): start one that does.';
  if (catalog.jobs().size === 0)
    return 'This service has no job file that can be used: GET /jobs lists those that are broken.';
  return 'The log of this service says why its own does not come up.';
}

/** This machine's clock, in nanoseconds since the epoch. */
export function machineNow(): Promise<Instant> {
  return systemClock.now();
}
