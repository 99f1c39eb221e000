import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';

const program = 'python3';

/** What to say where there is no Python. */
export const withoutPython =
  'There is no python3 on this machine, and workers in Python need it: install Python 3.8 or later (Debian: apt-get install python3) and see that PATH leads to it.';

/**
 * The Python that workers run with.
 * @param searchPath the `PATH` that is searched
 * @returns its whole path, or `null` where there is none
 */
export async function findPython(searchPath: string | undefined): Promise<string | null> {
  for (const folder of (searchPath ?? '').split(path.delimiter)) {
    const file = path.resolve(folder, program);
    if (folder !== '' && (await isProgram(file))) return file;
  }
  return null;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
