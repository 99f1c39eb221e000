import { accessSync, constants, existsSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Looks whether files can be kept in a folder, changing nothing: one that does not exist yet must be makeable.
 * @returns what keeps them out: `/srv/data is a file, no folder`; `null` where nothing seems to
 */
export function whyNotWritable(folder: string): string | null {
  let existing = path.resolve(folder);
  while (!existsSync(existing) && path.dirname(existing) !== existing) existing = path.dirname(existing);
  try {
    if (!statSync(existing).isDirectory()) return `${existing} is a file, no folder`;
    accessSync(existing, constants.W_OK | constants.X_OK);
    return null;
  } catch {
    return `${existing} cannot be written by this user`;
  }
}
