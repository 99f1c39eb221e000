import { createServices } from '../../src/use-cases.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { JobExecution } from '../../src/domain/execution.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { createConductor, type Conductor } from '../../src/runner/conductor.ts';
import type { ConductorOptions } from '../../src/runner/conductor-options.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { createLogs } from '../../src/runner/step-log.ts';
import type { Caller } from '../../src/service/commands.ts';
import type { Services } from '../../src/service/services.ts';

export const nobody: Caller = { name: 'somebody', idempotency: null };

type Launched = Pick<JobExecution, 'id' | 'status' | 'instanceId'>;

/** A service and a conductor that share a process: what is launched in it may be taken with its launch. */
export interface OneProcess {
  readonly services: Services;
  readonly conductor: Conductor;
  /** @returns what the launch was answered */
  readonly launch: (job: RunnableJob, caller?: Caller) => Promise<Launched>;
}

export interface OneProcessOptions extends Partial<ConductorOptions> {
  readonly stores: Stores;
  readonly timers: ConductorOptions['timers'];
  readonly folder: string;
  readonly jobs: readonly RunnableJob[];
  readonly onProblem: (error: unknown) => void;
}

export async function startOneProcess(options: OneProcessOptions): Promise<OneProcess> {
  const { stores, folder, jobs } = options;
  const catalogued = jobs.map(
    ({ definition }) =>
      [definition.name, { definition, file: 'test.ts', version: 'aaaaaaaaaaaa', readAt: 0n }] as const,
  );
  const conductor = createConductor({
    catalog: new Map(jobs.map((job) => [job.definition.name, job])),
    id: 'here',
    leaseSeconds: 15,
    concurrency: 4,
    logs: createLogs({ folder, now: options.timers.wall }),
    operationId: () => crypto.randomUUID(),
    random: () => 0.5,
    environment: {},
    graceMilliseconds: 1000,
    lookEveryMilliseconds: 1000,
    ...options,
  });
  const { settings } = loadSettings({ folder, environment: { BATCHY_CFG: folder, BATCHY_DATA: folder } });
  const services = createServices(stores, settings, {
    catalog: { ready: async () => {}, jobs: () => new Map(catalogued), broken: () => [] },
    look: () => conductor.look(),
    taker: conductor,
    stopping: new AbortController().signal,
  });
  await conductor.start();
  return {
    services,
    conductor,
    async launch({ definition: { name } }, caller = nobody) {
      const asked = { body: undefined, force: false, supersede: false };
      const { answer } = await services.jobs.launch(name, asked, caller, ({ id, status, instanceId }) => ({
        status: 202,
        headers: {},
        body: JSON.stringify({ id, status, instanceId }),
      }));
      return JSON.parse(answer.body) as Launched;
    },
  };
}
