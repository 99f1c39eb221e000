import { setTimeout as pause } from 'node:timers/promises';

import { createNumberedIds } from '../../src/adapters/system/numbered-ids.ts';
import { systemTimers } from '../../src/adapters/system/timers.ts';
import { createServices } from '../../src/app.ts';
import type { RunnableJob } from '../../src/authoring/index.ts';
import { startLogThread } from '../../src/conductor-logs.ts';
import { loadSettings } from '../../src/config/load.ts';
import { executionIndexes } from '../../src/domain/document-index.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { createConductor } from '../../src/runner/conductor.ts';
import { createLogs, defaultMaxBytes } from '../../src/runner/step-log.ts';
import type { JobCatalog } from '../../src/service/job-catalog.ts';

/** Launching and running jobs in this process, without HTTP. */
export interface ConductedService {
  /** @returns the execution's id */
  launch(job: string, parameters: Json): Promise<number>;
  /** Resolves when nothing is left to run. */
  idle(): Promise<void>;
  /** Resolves when the execution has ended. @throws Error unless it has completed */
  completed(id: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ConductedServiceOptions {
  readonly stores: Stores;
  readonly jobs: readonly RunnableJob[];
  /** For logs. */
  readonly folder: string;
  /** Executions at a time. */
  readonly concurrency: number;
}

/** Rare enough to cost nothing, often enough to be told from the work by less than a hundredth of a round. */
const lookForTheEndEveryMs = 2;
/** For one execution; whatever takes longer hangs. */
const longestSeconds = 600;

function stopAll(error: unknown): never {
  throw error;
}

export async function conductService(options: ConductedServiceOptions): Promise<ConductedService> {
  const { stores, jobs, folder, concurrency } = options;
  const { settings } = loadSettings({ folder, environment: { BATCHY_CFG: folder, BATCHY_DATA: folder } });
  const definitions = new Map(
    jobs.map(({ definition }) => [
      definition.name,
      { definition, file: 'bench.ts', version: 'aaaaaaaaaaaa', readAt: 0n },
    ]),
  );
  const catalog: JobCatalog = { ready: async () => {}, jobs: () => definitions, broken: () => [] };
  const conductor = createConductor({
    stores,
    catalog: new Map(jobs.map((job) => [job.definition.name, job])),
    id: `bench-${process.pid}-${crypto.randomUUID()}`,
    leaseSeconds: settings.LEASE_SECONDS,
    concurrency,
    logs: createLogs({ folder, now: systemTimers.wall, sink: startLogThread(defaultMaxBytes, stopAll) }),
    operationId: createNumberedIds(),
    timers: systemTimers,
    random: Math.random,
    environment: {},
    graceMilliseconds: 5000,
    lookEveryMilliseconds: 1000,
    onProblem: stopAll,
  });
  await conductor.start();
  const services = createServices(stores, settings, {
    catalog,
    look: () => conductor.look(),
    taker: conductor,
    stopping: new AbortController().signal,
  });
  const caller = { name: 'bench', idempotency: null };
  const live = { index: executionIndexes.live, prefix: '', direction: 'ascending', beyond: null, limit: 1 } as const;
  return {
    async launch(job, body) {
      let launched = 0;
      await services.jobs.launch(job, { body, force: false, supersede: false }, caller, ({ id }) => {
        launched = id;
        return { status: 202, headers: {}, body: JSON.stringify({ execution_id: id }) };
      });
      return launched;
    },
    async idle() {
      while ((await stores.documents.scan(live)).length > 0) await pause(lookForTheEndEveryMs);
    },
    async completed(id) {
      const never = new AbortController().signal;
      const { status, exitMessage } = await services.executions.waitForEnd(id, longestSeconds, never);
      if (status !== 'COMPLETED') throw new Error(`execution ${id} is ${status}: ${exitMessage}`);
    },
    stop: () => conductor.stop(),
  };
}
