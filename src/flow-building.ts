import path from 'node:path';
import process from 'node:process';

import { systemTimers } from './adapters/system/timers.ts';
import type { Settings } from './config/schema.ts';
import { parseJobYaml } from './dialects/job-yaml.ts';
import { BatchyError } from './domain/errors.ts';
import type { Flow } from './domain/flow.ts';
import type { ParameterSchema } from './domain/job.ts';
import type { JsonObject } from './domain/json.ts';
import { quoteBriefly } from './domain/names.ts';
import { readLaunchParameters, stepParameters } from './domain/parameters.ts';
import { brokenBy } from './runner/job-file-problem.ts';
import { loadJobFiles } from './runner/job-files.ts';
import type { RunnableJob } from './runner/job.ts';
import { throwUnknownJob } from './service/missing-job.ts';
import { readTaskListJob } from './task-app.ts';

/**
 * A reversible flow as the job files of this machine make it now, without a service. They are code, which runs in this process.
 * @param give what is posted, by what the flow declares
 * @returns the flow, and the names of all that is posted, defaults included
 * @throws BatchyError `unknown-job-definition`, `invalid-parameters`; `invalid-job` with the place of what the flow's code threw
 */
export async function buildFlow(
  settings: Settings,
  name: string,
  give: (declared: ParameterSchema) => JsonObject,
): Promise<{ flow: Flow; store: string[] }> {
  // Job files find the folders where the service has them.
  process.env['BATCHY_DATA'] = settings.BATCHY_DATA;
  process.env['BATCHY_CFG'] = settings.BATCHY_CFG;
  const folder = path.join(settings.BATCHY_CFG, 'jobs');
  const { jobs, broken } = await loadJobFiles(
    folder,
    { yaml: parseJobYaml, taskList: (file) => readTaskListJob(file, { environment: process.env }) },
    { now: systemTimers.wall },
  );
  const job = jobs.get(name);
  if (job === undefined) throwUnknownJob({ ready: async () => {}, jobs: () => jobs, broken: () => broken }, name);
  if (job.buildFlow === undefined)
    throw new BatchyError('invalid-job', `${quoteBriefly(name)} is no flow: batchy jobs ${name} shows its steps.`);
  const given = stepParameters(readLaunchParameters(give(job.definition.parameters), job.definition));
  return { flow: await build(job.buildFlow, given, { folder, file: job.file }), store: Object.keys(given) };
}

async function build(
  make: NonNullable<RunnableJob['buildFlow']>,
  given: Readonly<Record<string, unknown>>,
  { folder, file }: { readonly folder: string; readonly file: string },
): Promise<Flow> {
  try {
    return make(given).flow;
  } catch (error) {
    const { line, column, message } = await brokenBy(error, folder, file);
    const place = [`jobs/${file}`, ...(line === null ? [] : [line]), ...(column === null ? [] : [column])].join(':');
    throw new BatchyError('invalid-job', `${place}: ${message}`, {
      places: error instanceof BatchyError ? error.places : [],
      cause: error,
    });
  }
}
