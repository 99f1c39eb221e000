import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { BatchyError } from '../domain/errors.ts';

/** An API key as the file keeps it: its hash, never the secret. `service/keys.ts` says what the fields mean. */
export interface KeyFileEntry {
  readonly name: string;
  readonly scope: 'read' | 'operate' | 'admin';
  readonly hash: string;
  readonly previous: { readonly hash: string; readonly until: string } | null;
  readonly createdAt: string;
}

/**
 * The keys of a file; none when there is no such file.
 * @throws BatchyError `invalid-setting` when it cannot be read: a service that took it for empty would be open to all
 */
export function readKeyFile(file: string): KeyFileEntry[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(file, (cause as Error).message, cause);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw unreadable(file, 'it is no JSON', cause);
  }
  const keys = (content as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw unreadable(file, 'it has no list of keys');
  const bad = keys.findIndex((key) => !isEntry(key));
  if (bad !== -1) throw unreadable(file, `its entry ${bad + 1} is no API key`);
  return keys as KeyFileEntry[];
}

export interface KeyFileLock {
  /** How long to wait for another writer, in milliseconds. */
  readonly patienceMilliseconds?: number;
}

/**
 * Replaces the keys of a file by what `change` makes of them. Readers see the old file or the new one, never a part; two
 * writers take turns by a lock file beside it, so that neither's key is lost. The file can be read by its owner only.
 * @throws BatchyError what `change` throws; `invalid-setting` when the file cannot be read, `contention` when it stays locked
 */
export async function updateKeyFile(
  file: string,
  change: (keys: readonly KeyFileEntry[]) => readonly KeyFileEntry[],
  { patienceMilliseconds = 5000 }: KeyFileLock = {},
): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  const unlock = await lock(`${file}.lock`, patienceMilliseconds);
  try {
    const keys = change(readKeyFile(file));
    replaceFile(file, `${JSON.stringify({ keys }, null, 2)}\n`);
  } finally {
    unlock();
  }
}

function replaceFile(file: string, text: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  // A draft of a process that died with our number may have other rights than the ones asked for here.
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true });
  renameSync(draft, file);
}

const pauseMilliseconds = 25;

/** A lock that a killed process left is not taken over: two that did so at once could both believe to hold it. */
async function lock(lockFile: string, patienceMilliseconds: number): Promise<() => void> {
  for (let waited = 0; ; waited += pauseMilliseconds) {
    if (takeLock(lockFile)) return () => rmSync(lockFile, { force: true });
    if (waited >= patienceMilliseconds) {
      throw new BatchyError(
        'contention',
        `${lockFile} is held by another process. Nothing was changed; when no other batchy keys command runs, delete that file and repeat.`,
      );
    }
    await pause(pauseMilliseconds);
  }
}

function takeLock(lockFile: string): boolean {
  try {
    const descriptor = openSync(lockFile, 'wx', 0o600);
    writeFileSync(descriptor, `${process.pid}\n`);
    closeSync(descriptor);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether others than the owner may read the file; `false` where it does not exist or the system has no such rights. */
export function isReadableByOthers(file: string): boolean {
  if (process.platform === 'win32') return false;
  const state = statSync(file, { throwIfNoEntry: false });
  return state !== undefined && (state.mode & 0o077) !== 0;
}

function isEntry(value: unknown): value is KeyFileEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { name, scope, hash, previous, createdAt } = value as Record<string, unknown>;
  return (
    [name, hash, createdAt].every((text) => typeof text === 'string' && text !== '') &&
    ['read', 'operate', 'admin'].includes(scope as string) &&
    (previous === null || isPrevious(previous))
  );
}

function isPrevious(value: unknown): boolean {
  const { hash, until } = (value ?? {}) as Record<string, unknown>;
  return typeof hash === 'string' && hash !== '' && typeof until === 'string' && until !== '';
}

function unreadable(file: string, why: string, cause?: unknown): BatchyError {
  return new BatchyError(
    'invalid-setting',
    `The API keys in ${file} cannot be read: ${why}. Restore the file, or move it away and make new keys with batchy keys create.`,
    { cause },
  );
}
