import { hash } from 'node:crypto';

import type { JobParameters } from '../domain/execution.ts';
import { canonicalIdentity } from '../domain/identity.ts';
import { createNotes } from '../domain/memo.ts';

/** A launch asks for it again and again: whose turn it is, which instance there is, which is made. */
const alreadyComputed = createNotes<JobParameters, { readonly jobName: string; readonly key: string }>();

/** By which an instance is found: a hash of its job's name and identifying parameters. */
export function instanceKey(jobName: string, parameters: JobParameters): string {
  const known = alreadyComputed.of(parameters);
  if (known?.jobName === jobName) return known.key;
  const key = hash('sha256', canonicalIdentity(jobName, parameters), 'hex');
  alreadyComputed.note(parameters, { jobName, key });
  return key;
}
