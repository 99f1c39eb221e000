import { unwatchFile, watchFile } from 'node:fs';

import { type BatchyError } from '../domain/errors.ts';
import { type KeyFileEntry, readKeyFile } from './key-file.ts';

/** The API keys that the running service accepts, as the file says at any time. */
export interface KeyRing {
  keys(): readonly KeyFileEntry[];
  close(): void;
}

export interface KeyRingOptions {
  readonly file: string;
  /** A key of scope admin besides those in the file, or `null`. */
  readonly adminKey: KeyFileEntry | null;
  /** Told when the file has become unreadable; the keys that were read before go on counting. */
  readonly onProblem: (error: BatchyError) => void;
}

/** Milliseconds between two looks at the file: how long a revoked key may live on. */
const lookEvery = 1000;

/** What no secret opens: a hash is never empty. */
const nobody: KeyFileEntry = { name: 'nobody', scope: 'read', hash: '', previous: null, createdAt: '' };

/** @throws BatchyError `invalid-setting` when the file is there and cannot be read */
export function createKeyRing({ file, adminKey, onProblem }: KeyRingOptions): KeyRing {
  const fixed = adminKey === null ? [] : [adminKey];
  let current = readKeyFile(file);
  // Once there were keys, a file that has vanished must not open the service to everybody.
  let neverOpen = current.length > 0;
  watchFile(file, { interval: lookEvery, persistent: false }, () => {
    try {
      current = readKeyFile(file);
      neverOpen ||= current.length > 0;
    } catch (error) {
      onProblem(error as BatchyError);
    }
  });
  return {
    keys: () => (current.length === 0 && fixed.length === 0 && neverOpen ? [nobody] : [...fixed, ...current]),
    close: () => unwatchFile(file),
  };
}
