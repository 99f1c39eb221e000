import { existsSync } from 'node:fs';
import path from 'node:path';

import type { Settings } from './config/schema.ts';

/** What somebody who has just started the service can try. */
export interface Trial {
  /** One that can be loaded; where there is none, a name to write a configuration for. */
  readonly workflow: string;
  /** Whether the sample of a job lies there. Job files are read later, so that what is in it is not known yet. */
  readonly hasSampleJob: boolean;
  readonly needsKey: boolean;
}

/** @param workflows those that have a configuration */
export function proposeTrial(
  { BATCHY_CFG }: Pick<Settings, 'BATCHY_CFG'>,
  workflows: readonly string[],
  needsKey: boolean,
): Trial {
  return {
    workflow: workflows.includes('wf1') ? 'wf1' : (workflows[0] ?? 'wf1'),
    hasSampleJob: existsSync(path.join(BATCHY_CFG, 'jobs/sample-job.ts')),
    needsKey,
  };
}
