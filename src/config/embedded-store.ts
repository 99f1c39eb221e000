import path from 'node:path';

/** The database of the embedded store in a BATCHY_DATA folder. */
export function embeddedStoreFile(dataFolder: string): string {
  return path.join(dataFolder, 'batchy.db');
}
