import { existsSync } from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

import { takeRunLock } from './adapters/sqlite/run-lock.ts';
import { createNumberedIds } from './adapters/system/numbered-ids.ts';
import { systemRandom } from './adapters/system/random.ts';
import { systemTimers } from './adapters/system/timers.ts';

import { startLogThread } from './conductor-logs.ts';
import { loadSettings } from './config/load.ts';
import type { Settings } from './config/schema.ts';
import { BatchyError } from './domain/errors.ts';
import type { JobExecution } from './domain/execution.ts';
import { isLive } from './domain/execution-transitions.ts';
import { openStores } from './open-stores.ts';
import { createConductor } from './runner/conductor.ts';
import type { RunnableJob } from './runner/job.ts';
import { createLogs, defaultMaxBytes, logPath } from './runner/step-log.ts';
import { makeFolder } from './runner/make-folder.ts';
import { taskListJob } from './runner/task-list-job.ts';
import { findTaskModule, requirePython } from './runner/task-modules.ts';
import type { Executions } from './service/executions.ts';
import type { Caller } from './service/commands.ts';
import type { JobCatalog } from './service/job-catalog.ts';
import type { Jobs, TaskRunOptions } from './service/jobs.ts';
import { type TaskState, taskStates } from './service/task-states.ts';
import type { TaskApp, TaskRun, TaskRunEnd } from './service/task-run.ts';
import { createServices } from './use-cases.ts';

const version = 'task-list';
const caller: Caller = { name: 'batchy run', idempotency: null };
/** In milliseconds. */
const tellEvery = 1000;
/** In seconds; then again. */
const waitedFor = 600;
const grace = 5000;

/**
 * Runs a task list to its end in this process, on a store in the application's own folder. One run of an application at a time:
 * what another process left unfinished is found to be nobody's, since the lock was to be had.
 * @throws BatchyError `invalid-job`, `store-unavailable`
 */
export async function runTasks(run: TaskRun): Promise<TaskRunEnd> {
  const job = {
    ...taskListJob(run.list, { ...run, findModule: (module) => findTaskModule(module, run.workerFolders) }),
    version,
  };
  await requirePython(job.bodies.values(), process.env['PATH']);
  makeRoom(run.dataFolder, 'records', 'APP_ROOT_DIR');
  makeRoom(run.logFolder, 'logs', 'APP_LOG_DIR');
  const unlock = takeRunLock(path.join(run.dataFolder, `${run.name}.lock`));
  if (unlock === null) return { kind: 'already-running' };
  const settings = settingsOf(run);
  const stores = await openStores(settings);
  const name = job.definition.name;
  const logFolder = path.join(run.logFolder, 'executions');
  const logs = createLogs({
    folder: logFolder,
    now: systemTimers.wall,
    sink: startLogThread(defaultMaxBytes, run.onProblem),
  });
  const conductor = createConductor({
    stores,
    catalog: new Map([[name, job]]),
    id: `${hostname().replaceAll(/[^\w.-]/g, '-')}-${process.pid}-${randomBytes(4).toString('hex')}`,
    leaseSeconds: settings.LEASE_SECONDS,
    concurrency: 1,
    logs,
    operationId: createNumberedIds(),
    timers: systemTimers,
    random: systemRandom,
    environment: process.env,
    graceMilliseconds: grace,
    lookEveryMilliseconds: tellEvery,
    onProblem: run.onProblem,
  });
  const services = createServices(stores, settings, {
    catalog: catalogOf(job, run.file),
    look: () => conductor.look(),
    stopping: new AbortController().signal,
    isGone: async () => true,
    logFolder,
  });
  const { jobs, executions } = services;
  try {
    const last = await settled(executions, (await jobs.get(name)).lastExecution);
    if (run.restart && last?.status === 'COMPLETED') return { kind: 'nothing-left', executionId: last.id };
    const id = await launch(jobs, name, run);
    await conductor.start();
    const tasks = await follow(id);
    await services.retention.prune();
    const { status, exitMessage } = await executions.get(id);
    return {
      kind: 'ended',
      executionId: id,
      status,
      exitMessage,
      tasks,
      logFolder,
      logOf: (task) => path.join(logFolder, logPath(id, task)),
    };
  } finally {
    await conductor.stop();
    logs.flush();
    await stores.upkeep.close();
    unlock();
  }

  async function follow(id: number): Promise<TaskState[]> {
    const over = new AbortController();
    const abort = (): void => void executions.stop(id, caller, answerNothing).catch(run.onProblem);
    if (run.aborted.aborted) abort();
    run.aborted.addEventListener('abort', abort);
    const look = async (): Promise<TaskState[]> => {
      const execution = await executions.get(id);
      const [instance, steps] = await Promise.all([executions.instance(execution.instanceId), executions.steps(id)]);
      return taskStates(job.definition, execution, instance, steps);
    };
    const waitForEnd = async (): Promise<void> => {
      while (isLive((await executions.waitForEnd(id, waitedFor, over.signal)).status));
    };
    try {
      const end = waitForEnd().finally(() => over.abort());
      while (!over.signal.aborted) {
        run.onProgress(await look());
        await pause(tellEvery, undefined, { signal: over.signal }).catch(() => undefined);
      }
      await end;
      return await look();
    } finally {
      over.abort();
      run.aborted.removeEventListener('abort', abort);
    }
  }
}

/**
 * Has what has failed in a run that is under way, in another process, tried anew.
 * @returns the execution; `null` where nothing of the application runs
 * @throws BatchyError `illegal-transition` where nothing has failed, `invalid-job`, `store-unavailable`
 */
export async function reviveTasks(
  run: Omit<TaskApp, 'rootFolder'> & Pick<TaskRun, 'dataFolder'>,
): Promise<number | null> {
  // Nothing was ever run there.
  if (!existsSync(run.dataFolder)) return null;
  const unlock = takeRunLock(path.join(run.dataFolder, `${run.name}.lock`));
  if (unlock !== null) {
    unlock();
    return null;
  }
  const settings = settingsOf(run);
  const stores = await openStores(settings);
  try {
    const job = taskListJob(run.list, {
      ...run,
      passEnvironment: [],
      workingDirectory: run.dataFolder,
      findModule: (module) => findTaskModule(module, run.workerFolders),
    });
    const { jobs, executions } = createServices(stores, settings, {
      catalog: catalogOf(job, run.file),
      look: () => {},
      stopping: new AbortController().signal,
    });
    const { lastExecution } = await jobs.get(job.definition.name);
    if (lastExecution === null) return null;
    await executions.revive(lastExecution.id, caller, answerNothing);
    return lastExecution.id;
  } finally {
    await stores.upkeep.close();
  }
}

function settingsOf({ dataFolder, retentionDays }: Pick<TaskRun, 'dataFolder' | 'retentionDays'>): Settings {
  return loadSettings({
    folder: dataFolder,
    environment: {},
    flags: {
      BATCHY_DATA: dataFolder,
      BATCHY_CFG: dataFolder,
      ...(retentionDays === null ? {} : { EXECUTION_RETENTION_DAYS: retentionDays }),
    },
  }).settings;
}

function catalogOf({ definition }: RunnableJob, file: string): JobCatalog {
  const listed = { definition, file, version, readAt: systemTimers.wall() };
  return { ready: async () => {}, jobs: () => new Map([[definition.name, listed]]), broken: () => [] };
}

/** @throws BatchyError `store-unavailable` */
function makeRoom(folder: string, what: string, variable: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new BatchyError(
      'store-unavailable',
      `The folder ${folder}, where the ${what} of the application are to be kept, cannot be made (${error instanceof Error ? error.message : String(error)}). Nothing was run; set ${variable} to a folder that may be written.`,
      { cause: error },
    );
  }
}

/** What nobody runs any more has failed. */
async function settled(executions: Executions, last: JobExecution | null): Promise<JobExecution | null> {
  if (last === null || (!isLive(last.status) && last.status !== 'UNKNOWN')) return last;
  await executions.recover(last.id, caller, answerNothing);
  return executions.get(last.id);
}

async function launch(jobs: Jobs, name: string, options: TaskRunOptions): Promise<number> {
  let launched = 0;
  await jobs.runTasks(name, options, caller, ({ id }) => {
    launched = id;
    return { status: 202, headers: {}, body: String(id) };
  });
  return launched;
}

function answerNothing() {
  return { status: 200, headers: {}, body: '' };
}
