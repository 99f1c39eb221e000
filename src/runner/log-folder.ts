import { type Dir } from 'node:fs';
import { opendir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

import type { Instant } from '../domain/time.ts';
import { logPath } from './step-log.ts';

export interface LogFolder {
  /** Some of what lies there, from behind those that were given last; all in turn, then from the beginning again. */
  some(limit: number): Promise<{ readonly executionId: number; readonly writtenAt: Instant }[]>;
  /** Removes the log of an execution and those of its steps. */
  remove(executionId: number): Promise<void>;
}

const logName = /^(\d{1,15})(?:\.log)?$/;

/** What `createLogs` has made in a folder. Anything else that lies there is left alone. */
export function createLogFolder(folder: string): LogFolder {
  /** Read on from look to look: a folder of a million logs is never listed whole. */
  let listing: Dir | null = null;
  return {
    async some(limit) {
      const found: { executionId: number; writtenAt: Instant }[] = [];
      listing ??= await unlessMissing(opendir(folder));
      for (let looked = 0; listing !== null && looked < limit; looked += 1) {
        const entry = await listing.read();
        if (entry === null) {
          await listing.close();
          listing = null;
          break;
        }
        const [, id] = logName.exec(entry.name) ?? [];
        const facts = id === undefined ? null : await unlessMissing(stat(path.join(folder, entry.name), asExact));
        if (facts !== null) found.push({ executionId: Number(id), writtenAt: facts.mtimeNs });
      }
      return found;
    },
    async remove(executionId) {
      const whole = path.join(folder, logPath(executionId, null));
      await rm(path.join(folder, String(executionId)), { recursive: true, force: true });
      await rm(whole, { force: true });
    },
  };
}

const asExact = { bigint: true } as const;

async function unlessMissing<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
