import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SqliteConnection } from './connection.ts';

/** Magic numbers of network file systems (statfs(2)): NFS, SMB, CIFS, SMB2, Ceph, 9P. */
const networkFileSystems: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x00c36400, 0x01021997,
]);
/** Bytes below which a disk is nearly full. */
const littleSpace = 256 * 1024 * 1024;

/** What an operator should mend about the file and the place where it lies, in sentences. */
export async function fileWarnings(connection: SqliteConnection): Promise<string[]> {
  const { file } = connection;
  const warnings = libraryWarnings(process.versions['sqlite']);
  for (const path of [file, dirname(file)]) {
    const writable = await access(path, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (!writable) warnings.push(`${path} may not be written by this process: no change of state can be stored.`);
  }
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0)
    warnings.push(
      `${file} may be read by other users of this machine, parameters and all: take that right away (chmod 600).`,
    );
  const { type, bavail, bsize } = await statfs(dirname(file));
  if (networkFileSystems.has(type))
    warnings.push(
      `${file} lies on a network file system, where SQLite's locks cannot be trusted: move it to a local disk.`,
    );
  if (bavail * bsize < littleSpace)
    warnings.push(`The disk of ${file} has less than ${littleSpace / 1024 / 1024} MiB left.`);
  const journalMode = await connection.whenFree(() => connection.pragma('journal_mode'));
  if (journalMode !== 'wal')
    warnings.push(`${file} could not be switched to a write-ahead log: readers will wait for writers.`);
  return warnings;
}

/** The first release without the fault by which a log that is begun anew while others write could lose what was committed. */
const firstSound = [3, 51, 3] as const;

/** @param version of the SQLite that this Node brings along; `undefined` where it does not tell */
export function libraryWarnings(version: string | undefined): string[] {
  const found = (version ?? '').split('.').map(Number);
  const different = firstSound.findIndex((part, place) => found[place] !== part);
  if (different === -1 || (found[different] ?? 0) > (firstSound[different] as number)) return [];
  return [
    `The SQLite of this Node (${version ?? 'of unknown version'}) is older than ${firstSound.join('.')}, whose log could lose commits of processes that write at once: use a newer Node ${process.versions.node.split('.')[0]}.`,
  ];
}
