import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

import type { Holder } from './conductor-holder.ts';

/**
 * Job code that waits for a program (`execFileSync`) holds up its thread outside of JavaScript, where nothing can interrupt it to ask
 * whose it is. So that is noted before, in memory that another thread can read: some bytes for each program that is started so.
 */

/** Of the text, as a 32-bit number at the beginning; 0 as long as nobody waits. */
const lengthSize = 4;
/** More than two names take. */
const size = 8192;

/** @param holder whose code runs at this moment @returns where it is noted from now on */
export function noteSyncPrograms(holder: () => Holder | null): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(size);
  const length = new Int32Array(memory, 0, 1);
  const bytes = new Uint8Array(memory, lengthSize);
  const noting =
    <A extends unknown[], R>(call: (...args: A) => R) =>
    (...args: A): R => {
      const text = Buffer.from(JSON.stringify(holder()));
      if (text.length <= bytes.length) {
        bytes.set(text);
        Atomics.store(length, 0, text.length);
      }
      try {
        return call(...args);
      } finally {
        Atomics.store(length, 0, 0);
      }
    };
  // What these are called by, in a job file and in a library of its, is the same function.
  Object.assign(childProcess, {
    execFileSync: noting(childProcess.execFileSync),
    execSync: noting(childProcess.execSync),
    spawnSync: noting(childProcess.spawnSync),
  });
  syncBuiltinESMExports();
  return memory;
}

/** @returns who waits for a program, as it was noted there; `undefined`: nobody waits */
export function notedHolder(memory: SharedArrayBuffer): Holder | null | undefined {
  const length = Atomics.load(new Int32Array(memory, 0, 1), 0);
  if (length === 0) return undefined;
  const text = Buffer.from(new Uint8Array(memory, lengthSize, length).slice()).toString();
  try {
    return JSON.parse(text) as Holder | null;
  } catch {
    // Another one was noted in this moment.
    return undefined;
  }
}
