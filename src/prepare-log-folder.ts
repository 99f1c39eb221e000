import { whyNotWritable } from './config/data-folder.ts';
import { logFolder } from './config/log-folder.ts';
import type { Settings } from './config/schema.ts';
import { BatchyError } from './domain/errors.ts';
import { makeFolder } from './runner/make-folder.ts';

/**
 * Before anything is opened or run: a log that cannot be written stops no step, so that all of them would be lost.
 * @throws BatchyError `invalid-setting` where no log could be written
 */
export function prepareLogFolder({ BATCHY_DATA, REDIS_URL }: Settings): void {
  const folder = logFolder(BATCHY_DATA);
  const problem = whyNotWritable(folder);
  if (problem !== null) throw unfit(BATCHY_DATA, problem);
  // The embedded store makes BATCHY_DATA itself, for nobody else to read, and says when it cannot.
  if (REDIS_URL === '') return;
  try {
    makeFolder(folder);
  } catch (error) {
    throw unfit(BATCHY_DATA, `${folder} cannot be made (${(error as Error).message})`, error);
  }
}

function unfit(dataFolder: string, problem: string, cause?: unknown): BatchyError {
  return new BatchyError(
    'invalid-setting',
    `The logs of jobs cannot be written under BATCHY_DATA (${dataFolder}): ${problem}. Mend that, or set BATCHY_DATA to a folder that this user may write to.`,
    { facts: { setting: 'BATCHY_DATA' }, cause },
  );
}
