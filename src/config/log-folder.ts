import path from 'node:path';

/** Where the logs of executions lie in a BATCHY_DATA folder. */
export function logFolder(dataFolder: string): string {
  return path.join(dataFolder, 'logs');
}
