import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { systemTimers } from './adapters/system/timers.ts';
import { readAppProfile } from './dialects/app-profile.ts';
import { readTaskList } from './dialects/task-list.ts';
import { BatchyError } from './domain/errors.ts';
import { isWebUrl, quoteBriefly } from './domain/names.ts';
import { splitInstant } from './domain/time.ts';
import type { RunnableJob } from './runner/job.ts';
import { taskListJob } from './runner/task-list-job.ts';
import { findTaskModule, requirePython } from './runner/task-modules.ts';
import type { TaskApp } from './service/task-run.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface TaskAppOptions {
  readonly environment: Environment;
  /** Variables that go before all others. */
  readonly given?: Readonly<Record<string, string>>;
  /** Of logs, where the profile names none; else the application's own `logs`. */
  readonly logFolder?: string;
}

/**
 * Reads a list, and the `app_profile` beside it, if there is one. What the profile does not say follows from where the list lies.
 * @throws BatchyError `invalid-job` with all that is wrong, each with its line
 */
export function readTaskApp(file: string, { environment, given = {}, ...others }: TaskAppOptions): TaskApp {
  const text = readText(file);
  const listFolder = path.dirname(file);
  const profileFile = path.join(listFolder, 'app_profile');
  const said: Record<string, string> = { ...readProfile(profileFile, { ...environment, ...given }), ...given };
  const within = (folder: string): string => path.resolve(listFolder, folder);
  const rootFolder = within(said['APP_ROOT_DIR'] ?? (path.basename(listFolder) === 'config' ? '..' : '.'));
  const logFolder =
    said['APP_LOG_DIR'] === undefined
      ? (others.logFolder ?? path.join(rootFolder, 'logs'))
      : within(said['APP_LOG_DIR']);
  const workers = said['APP_WORKER_DIR'] === undefined ? [] : [within(said['APP_WORKER_DIR'])];
  const name = said['APP_NAME'] ?? path.parse(file).name;
  const own: Record<string, string> = {
    ...said,
    APP_NAME: name,
    APP_ROOT_DIR: rootFolder,
    APP_CONFIG_DIR: within(said['APP_CONFIG_DIR'] ?? '.'),
    APP_LOG_DIR: logFolder,
    ...(workers[0] === undefined ? {} : { APP_WORKER_DIR: workers[0] }),
  };
  return {
    file,
    name: jobName(name),
    list: readTaskList(text, {
      format: path.extname(file) === '.json' ? 'json' : 'lst',
      environment: { ...environment, ...own },
      fileName: path.basename(file),
    }),
    rootFolder,
    logFolder,
    logFile: (log) => path.resolve(logFolder, log),
    workerFolders: [...workers, ...['../workers', '../python', './workers'].map(within)],
    maxProcs: positive(said, 'APP_MAX_PROCS') ?? os.availableParallelism(),
    retentionDays: positive(said, 'APP_LOG_RETENTION'),
    webhook: webhookOf(said),
    environment: own,
  };
}

/** What commands of PyRunner's own profiles ask for follows from its place and this moment. */
function readProfile(file: string, environment: Environment): Record<string, string> {
  if (!existsSync(file)) return {};
  const rootFolder = path.dirname(path.dirname(file));
  return Object.fromEntries(
    readAppProfile(readText(file), environment, {
      fileName: file,
      rootFolder,
      now: splitInstant(systemTimers.wall()).milliseconds,
    }),
  );
}

/**
 * The job that a service makes of a task list. Its tasks run in the application's folder, and see of the environment what its
 * profile sets, and the usual few.
 * @throws BatchyError `invalid-job`
 */
export async function readTaskListJob(file: string, options: TaskAppOptions): Promise<RunnableJob> {
  const app = readTaskApp(file, options);
  const job = taskListJob(app.list, {
    ...app,
    passEnvironment: [],
    workingDirectory: app.rootFolder,
    findModule: (module) => findTaskModule(module, app.workerFolders),
  });
  await requirePython(job.bodies.values(), options.environment['PATH']);
  return job;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'is not there' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
    throw new BatchyError('invalid-job', `${quoteBriefly(file)} ${why}. Nothing was run.`, { cause: error });
  }
}

/** The job's, by which its runs are found again. */
function jobName(name: string): string {
  const made = name
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 128);
  if (made === name) return name;
  // Two applications never share a history: what was left out tells them apart.
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  if (made !== '') return `${made.slice(0, 119)}-${hash}`;
  throw new BatchyError(
    'invalid-job',
    `${quoteBriefly(name)} is no name of an application: set APP_NAME to letters and digits.`,
  );
}

function webhookOf(said: Readonly<Record<string, string>>): string | null {
  const text = said['APP_WEBHOOK'] ?? '';
  if (text === '') return null;
  if (isWebUrl(text)) return text;
  // It may hold a key.
  throw new BatchyError(
    'invalid-job',
    'APP_WEBHOOK must be a URL that begins with http:// or https://, and it is none.',
  );
}

function positive(said: Readonly<Record<string, string>>, name: string): number | null {
  const text = said[name];
  if (text === undefined || text === '') return null;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new BatchyError('invalid-job', `${name} must be a whole number of 1 or more, but it is ${quoteBriefly(text)}.`);
}
