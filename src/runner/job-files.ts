import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { jobDefinitionText } from '../domain/job-text.ts';
import type { JobDefinition } from '../domain/job.ts';
import type { Instant } from '../domain/time.ts';
import { provideAuthoringImport } from './authoring-import.ts';
import type { RunnableJob } from './job.ts';
import { createFileErrors } from './job-file-errors.ts';
import { type BrokenJobFile, brokenBy, brokenFile, codeFile, namesIn } from './job-file-problem.ts';
import { type JobFileVersions, versionOfText, watchJobFileVersions } from './job-file-versions.ts';
import { type JobFileReading, type LoadedJob, rivalFiles } from './job-rivals.ts';
import { isJsonTaskList, namesTaskList } from './task-list-files.ts';

/** What a folder of job files holds. */
export interface LoadedJobs {
  /** By name; `file` is seen from the folder. */
  readonly jobs: ReadonlyMap<string, LoadedJob>;
  readonly broken: readonly BrokenJobFile[];
  /** Of all that can be used: the same wherever the same jobs are made of the same text. */
  readonly version: string;
  /** Without the code, each definition as `jobDefinitionText`: what another process may be sent. */
  readonly definitions: readonly (JobFileReading & { readonly definition: string; readonly file: string })[];
}

/** How files are read that are no code. Each throws a BatchyError with a `line:column` place for each problem. */
export interface JobFileDialects {
  readonly yaml: (text: string, fileName: string) => RunnableJob;
  /** @param file its whole path: what a task list means depends on where it lies */
  readonly taskList: (file: string) => Promise<RunnableJob>;
}

export interface JobFileOptions {
  /** For one file's import: 10. */
  readonly deadlineSeconds?: number;
  /** Told before each file is read: a file that ends or blocks its process is found by who was told last. */
  readonly beginning?: (file: string) => void;
  /** The machine's clock: when a file was read. */
  readonly now: () => Instant;
  /** Files that are not to be read, and why: they are listed as broken. */
  readonly withheld?: ReadonlyMap<string, string>;
}

const defaultDeadlineSeconds = 10;
/** Far more than a list of steps needs. Checked before a file is read into memory. */
const maxFileBytes = 1024 * 1024;
const yamlFile = /\.ya?ml$/;

/**
 * Reads the jobs of a folder: its `*.ts`, `*.js`, `*.yaml`, `*.yml` and `*.lst` files, the `*.json` that are task lists, and its folders'
 * `index.ts` or `index.js`; deeper ones are their helpers. What is wrong with a file is told with its place and does not keep the others. Code is imported,
 * once for a process: changed files are read by a fresh one. No folder is no jobs.
 */
export async function loadJobFiles(
  folder: string,
  dialects: JobFileDialects,
  options: JobFileOptions,
): Promise<LoadedJobs> {
  provideAuthoringImport();
  const versions = watchJobFileVersions();
  const broken: BrokenJobFile[] = [];
  const read: LoadedJob[] = [];
  const errors = createFileErrors();
  for (const file of await jobFilesIn(folder, broken)) {
    const reason = options.withheld?.get(file);
    if (reason !== undefined) {
      broken.push(brokenFile(file, reason, { jobs: await namesIn(folder, file) }));
      continue;
    }
    options.beginning?.(file);
    try {
      const jobs = await errors.watched(file, () =>
        readJobs(folder, file, {
          dialects,
          versions,
          deadlineSeconds: options.deadlineSeconds ?? defaultDeadlineSeconds,
        }),
      );
      const readAt = options.now();
      read.push(...jobs.map((job) => ({ ...job, file, readAt })));
    } catch (error) {
      broken.push({ ...(await brokenBy(error, folder, file)), jobs: await namesIn(folder, file) });
    }
  }
  versions.end();
  const stray = await errors.end();
  const listed = new Set(broken.map(({ file }) => file));
  for (const [file, error] of [...stray].filter(([name]) => !listed.has(name)))
    broken.push({ ...(await brokenBy(error, folder, file)), jobs: await namesIn(folder, file) });
  const loaded = read.filter(({ file }) => !stray.has(file));
  const rivals = rivalFiles(loaded);
  const refused = new Set(rivals.map(({ file }) => file));
  const jobs = new Map(loaded.filter(({ file }) => !refused.has(file)).map((job) => [job.definition.name, job]));
  return {
    jobs,
    broken: [...broken, ...rivals].sort((one, other) => (one.file < other.file ? -1 : one.file > other.file ? 1 : 0)),
    version: versionOfText(
      [...jobs]
        .map(([name, { version }]) => `${name} ${version}`)
        .toSorted()
        .join('\n'),
    ),
    definitions: [...jobs.values()].map(({ definition, file, version, readAt }) => ({
      definition: jobDefinitionText(definition),
      file,
      version,
      readAt,
    })),
  };
}

/** Names seen from the folder, sorted. A link could lead out of it, to what nobody meant to run. */
async function jobFilesIn(folder: string, broken: BrokenJobFile[]): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await entriesOf(folder)) {
    if (entry.name.startsWith('.')) continue;
    const isJson = entry.name.endsWith('.json') && !entry.isDirectory();
    if (isJson && !(await isJsonTaskList(path.join(folder, entry.name)))) continue;
    if (entry.isSymbolicLink()) {
      if (isJobFile(entry.name) || !entry.name.includes('.'))
        broken.push(brokenFile(entry.name, 'is a symbolic link; put the file itself into the folder'));
    } else if (entry.isDirectory()) {
      files.push(...(await indexOf(folder, entry.name, broken)));
    } else if (isJobFile(entry.name)) {
      if (entry.isFile()) files.push(entry.name);
      else broken.push(brokenFile(entry.name, 'is no regular file'));
    }
  }
  return files.sort();
}

function isJobFile(name: string): boolean {
  return (codeFile.test(name) && !name.endsWith('.d.ts')) || yamlFile.test(name) || namesTaskList(name);
}

async function indexOf(folder: string, subfolder: string, broken: BrokenJobFile[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await entriesOf(path.join(folder, subfolder))) {
    if (entry.name !== 'index.ts' && entry.name !== 'index.js') continue;
    const file = `${subfolder}/${entry.name}`;
    if (entry.isFile()) found.push(file);
    else broken.push(brokenFile(file, 'is a symbolic link or no file; put the file itself into the folder'));
  }
  return found;
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function readJobs(
  folder: string,
  file: string,
  by: { readonly dialects: JobFileDialects; readonly versions: JobFileVersions; readonly deadlineSeconds: number },
): Promise<(RunnableJob & { readonly version: string })[]> {
  const whole = path.join(folder, file);
  const { size } = await lstat(whole);
  if (size > maxFileBytes)
    throw new Error(`it has ${size} bytes, and a job's file at most ${maxFileBytes}; keep data elsewhere`);
  if (namesTaskList(file))
    return [{ ...(await by.dialects.taskList(whole)), version: versionOfText(await readFile(whole)) }];
  if (yamlFile.test(file)) {
    const bytes = await readFile(whole);
    return [{ ...by.dialects.yaml(textOf(bytes), file), version: versionOfText(bytes) }];
  }
  const exported = await withDeadline(import(pathToFileURL(whole).href) as Promise<object>, by.deadlineSeconds);
  const jobs = [...new Set(Object.values(exported))].filter(isRunnableJob);
  if (jobs.length === 0)
    throw new Error('it exports no job: export default defineJob({ name, steps }) or defineFlow(name, …) from batchy');
  const version = by.versions.ofCode(whole);
  return jobs.map((job) => ({ ...job, version }));
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new Error('it is not UTF-8; save it as UTF-8', { cause: error });
    throw error;
  }
}

/** A module may wait for ever for something at its top; nothing can end that, but the other files need not wait along. */
async function withDeadline<Value>(promise: Promise<Value>, seconds: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      late.reject(new Error(`it has not finished loading after ${seconds} s: what does it await at its top level?`)),
    seconds * 1000,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function isRunnableJob(value: unknown): value is RunnableJob {
  if (typeof value !== 'object' || value === null || !('definition' in value) || !('bodies' in value)) return false;
  const { definition } = value as { definition: Partial<JobDefinition> | null };
  return typeof definition?.name === 'string' && value.bodies instanceof Map;
}
