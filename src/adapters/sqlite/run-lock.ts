import { DatabaseSync } from 'node:sqlite';

import { isBusy, translateDriverError } from './driver-errors.ts';

/**
 * A lock that only one process of the machine has at a time, and that its end, whatever the reason, gives back: the lock of a file
 * of SQLite, which no other process can be mistaken to hold.
 * @param file made where it is not there; nothing is kept in it
 * @returns what gives it back, or `null` where another process has it
 * @throws BatchyError `store-unavailable` where the file cannot be used
 */
export function takeRunLock(file: string): (() => void) | null {
  let database: DatabaseSync | null = null;
  try {
    const opened = new DatabaseSync(file, { timeout: 0 });
    database = opened;
    opened.exec('BEGIN EXCLUSIVE');
    return () => opened.close();
  } catch (error) {
    database?.close();
    if (isBusy(error)) return null;
    throw translateDriverError(file, error);
  }
}
