import { existsSync } from 'node:fs';
import path from 'node:path';

import type { BaseLogger } from 'pino';

import type { FromConductor } from './conductor-messages.ts';
import type { Settings } from './config/schema.ts';
import type { ConductorRole } from './domain/heartbeat.ts';

/** What a log is told of the job files, each time that they were read. */
export interface JobFileReport {
  tell(message: Extract<FromConductor, { kind: 'catalog' }>): void;
}

/** @param role a worker is there for nothing but jobs, and has nothing to do without any */
export function createJobFileReport(
  { BATCHY_CFG }: Pick<Settings, 'BATCHY_CFG'>,
  role: ConductorRole,
  log: () => Pick<BaseLogger, 'info' | 'warn'>,
): JobFileReport {
  const folder = path.join(BATCHY_CFG, 'jobs');
  let told: string | null = null;
  return {
    tell({ jobs, broken }) {
      for (const { file, line, message } of broken)
        log().warn(`jobs/${file}${line === null ? '' : `:${line}`}: ${message}`);
      if (role !== 'worker') return;
      const why = jobs.length === 0 ? whyNone(folder, broken.length) : null;
      // Files are read anew whenever one of them was saved.
      if (why !== null && why !== told)
        log().warn(`this worker runs nothing: ${why}. It looks again when something changes there.`);
      if (why === null && told !== null)
        log().info(`this worker runs ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'} of ${folder}`);
      told = why;
    },
  };
}

function whyNone(folder: string, broken: number): string {
  if (!existsSync(folder)) return `there is no folder ${folder} (BATCHY_CFG says where it is)`;
  if (broken > 0) return `no job file in ${folder} can be used (${broken} broken)`;
  return `there is no job file in ${folder} (BATCHY_CFG says where it is)`;
}
