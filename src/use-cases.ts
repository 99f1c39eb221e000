import { type ConfigurationFiles, createConfigurationFiles } from './adapters/system/configuration-files.ts';
import { createNumberedIds } from './adapters/system/numbered-ids.ts';
import { systemTimers } from './adapters/system/timers.ts';
import { logFolder } from './config/log-folder.ts';
import type { Settings } from './config/schema.ts';
import { parseWorkflowYaml } from './dialects/workflow-yaml.ts';
import { maxYamlBytes } from './dialects/yaml-document.ts';
import type { Configuration } from './domain/configuration.ts';
import { createJobCounts, type JobCounts } from './domain/job-counts.ts';
import { readInitialDate } from './domain/watermark.ts';
import type { ExecutionTaker } from './ports/execution-taker.ts';
import type { Stores } from './ports/stores.ts';
import { createLogFolder } from './runner/log-folder.ts';
import { createBatches } from './service/batches.ts';
import { createCommands } from './service/commands.ts';
import { createConductors } from './service/conductors.ts';
import { createConductorRetention } from './service/conductor-retention.ts';
import { countEnds } from './service/counted-store.ts';
import { createGoneCheck } from './service/conductor-watch.ts';
import { createExecutionRecords } from './service/execution-records.ts';
import { createExecutionRetention } from './service/execution-retention.ts';
import { createExecutions } from './service/executions.ts';
import { createFirings } from './service/firings.ts';
import { createHandingOver, type Dispatching } from './service/handing-over.ts';
import { createHistory } from './service/history.ts';
import type { JobCatalog } from './service/job-catalog.ts';
import { createJobs } from './service/jobs.ts';
import { createQueues } from './service/queues.ts';
import { createSchedules } from './service/schedules.ts';
import { createScheduleRecords } from './service/schedule-records.ts';
import type { Services } from './service/services.ts';
import { createWaits } from './service/waits.ts';
import { createWatch } from './service/watch.ts';
import { createWorkflows } from './service/workflows.ts';

/** What this process knows of the one that runs jobs. */
export interface JobSide {
  readonly catalog: JobCatalog;
  /** Tells it that something was launched, or is to stop. */
  look(): void;
  /** Of what becomes of executions, there and here. */
  readonly counts?: JobCounts;
  /** Whether it is there and answers; `null` where there is to be none. */
  isUp?(): boolean | null;
  /** What an operator should know of it now. */
  warnings(): readonly string[];
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
  /** Where jobs run in this very process: may take what is launched with its launch. */
  readonly taker?: ExecutionTaker | undefined;
  /** What hands over to conductors what is launched; where there is none, they ask the store. */
  readonly dispatching?: Dispatching | undefined;
  /** Where it is known without waiting for signs of life whether a conductor is gone. */
  readonly isGone?: (conductor: string) => Promise<boolean>;
  /** Of the logs of executions, where it is not that of the settings. */
  readonly logFolder?: string;
}

/** Without a process that runs jobs there are none. */
export const noJobs: JobSide = {
  catalog: { ready: async () => {}, jobs: () => new Map(), broken: () => [] },
  look: () => {},
  warnings: () => [],
  stopping: new AbortController().signal,
};

/** Wires the use cases. Apart from the server, which much is loaded for: a run of a task list has none. */
export function createServices(
  stores: Stores,
  settings: Settings,
  jobSide: Omit<JobSide, 'warnings'> = noJobs,
): Services {
  const { store, reader, documents, journal, clock, upkeep } = stores;
  const batchSettings = {
    initialDate: readInitialDate(settings.BATCHY_INITIAL_DATE),
    requireFence: settings.REQUIRE_FENCE,
  };
  const files = configurationFiles(settings);
  const readConfiguration = async (name: string): Promise<Configuration> => {
    const { text, fileName } = await files.read(name);
    return parseWorkflowYaml(text, fileName);
  };
  const operationId = createNumberedIds();
  const commands = createCommands({
    store: countEnds(store, jobSide.counts ?? createJobCounts()),
    reader,
    clock,
    operationId,
    patienceMilliseconds: settings.REQUEST_TIMEOUT_SECONDS * 1000,
  });
  const workflows = createWorkflows({ commands, reader, settings: batchSettings, readConfiguration });
  const { adoptIfNew } = workflows;
  const records = createExecutionRecords(documents);
  const { catalog } = jobSide;
  const onChange = (): void => jobSide.look();
  const { initialDate } = batchSettings;
  const handingOver = createHandingOver({ dispatching: jobSide.dispatching, look: onChange });
  const jobs = createJobs({ catalog, commands, records, initialDate, handingOver, taker: jobSide.taker });
  const isGone = jobSide.isGone ?? createGoneCheck(documents, settings.LEASE_SECONDS, jobSide.stopping);
  const conductors = createConductors(stores, settings.LEASE_SECONDS);
  const schedules = createScheduleRecords(documents);
  return {
    commands,
    jobs,
    queues: createQueues({ documents, commands, catalog, onChange }),
    schedules: createSchedules({ schedules, jobs, commands, clock }),
    firings: createFirings({ schedules, records, jobs, commands, clock, stopping: jobSide.stopping }),
    executions: createExecutions({
      commands,
      records,
      reader,
      journal,
      jobs,
      conductors,
      stores,
      isGone,
      onChange,
      handingOver,
    }),
    handingOver,
    batches: createBatches({ commands, reader, records, settings: batchSettings }),
    workflows,
    history: createHistory({ reader, journal, adoptIfNew }),
    waits: createWaits({ reader, journal, adoptIfNew }),
    watch: createWatch({ reader, clock, upkeep, commands, retentionDays: settings.RETENTION_DAYS }),
    retention: createExecutionRetention({
      documents,
      records,
      reader,
      store,
      clock,
      logs: createLogFolder(jobSide.logFolder ?? logFolder(settings.BATCHY_DATA)),
      operationId,
      retentionDays: settings.EXECUTION_RETENTION_DAYS,
    }),
    conductors,
    conductorRetention: createConductorRetention({
      documents,
      store,
      clock,
      timers: systemTimers,
      operationId,
      leaseSeconds: settings.LEASE_SECONDS,
    }),
  };
}

export function configurationFiles(settings: Settings): ConfigurationFiles {
  return createConfigurationFiles(settings.BATCHY_CFG, maxYamlBytes);
}
