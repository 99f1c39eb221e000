import { createHash } from 'node:crypto';

import type { JobParameters } from '../domain/execution.ts';
import { canonicalIdentity } from '../domain/identity.ts';

/** By which an instance is found: a hash of its job's name and identifying parameters. */
export function instanceKey(jobName: string, parameters: JobParameters): string {
  return createHash('sha256').update(canonicalIdentity(jobName, parameters)).digest('hex');
}
