import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';

import { errorText } from './error-text.ts';
import { makeFolder } from './make-folder.ts';

/** Not held up by a pipe that nobody reads. */
const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/**
 * Makes the file that a task's output is to be appended to, with its folder, where it is not there yet.
 * @returns why nothing can be appended to it, or `null`
 */
export async function whyNotAppendable(file: string): Promise<string | null> {
  try {
    const found = await open(file, appending).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      makeFolder(path.dirname(file));
      return open(file, appending);
    });
    await found.close();
    return null;
  } catch (error) {
    return errorText(error);
  }
}
