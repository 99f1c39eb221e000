import { BatchyError } from '../../domain/errors.ts';

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html); the extended ones carry them in their low byte. */
const busy = 5;
const locked = 6;
const full = 13;
const corrupt = 11;
const notADatabase = 26;
const readOnly = 8;
/** NOMEM, READONLY, INTERRUPT, IOERR, CANTOPEN, PROTOCOL, PERM, AUTH: the file or the machine, not what was asked of it. */
const unavailable: ReadonlySet<number> = new Set([3, 7, readOnly, 9, 10, 14, 15, 23]);

function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}

/** Whether another connection holds a lock that this one needs; trying again later helps. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === busy || code === locked;
}

/** Whether what is in the file cannot be right. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return code === corrupt || code === notADatabase;
}

/** The error that callers know for one of the driver; errors that say nothing about the store are passed on as they are. */
export function translateDriverError(file: string, error: unknown): unknown {
  if (error instanceof BatchyError) return error;
  const code = resultCode(error);
  const said = error instanceof Error ? error.message : String(error);
  const fail = (detail: string): BatchyError => new BatchyError('store-unavailable', detail, { cause: error });
  if (code === full) {
    return new BatchyError(
      'store-full',
      `The store ${file} cannot grow (${said}): nothing was written. Free space on its disk, or prune its history.`,
      { cause: error },
    );
  }
  if (code === notADatabase) return fail(`${file} is no SQLite database. It is left untouched; name another file.`);
  if (code === corrupt)
    return fail(`The store ${file} is damaged (${said}). Stop the service and restore the file from a backup.`);
  if (code === readOnly)
    return fail(`The store ${file} cannot be written (${said}). Check the permissions of the file and its folder.`);
  if (code !== null && unavailable.has(code))
    return fail(
      `The store ${file} does not answer (${said}). Check its disk and permissions; then repeat the request.`,
    );
  if (code === busy || code === locked)
    return fail(`The store ${file} is locked by another process. Repeat the request.`);
  if (error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE')
    return fail(`The store ${file} is closed.`);
  // What the file system says where the file is looked at, not opened.
  if (error instanceof Error && 'syscall' in error) return fail(`The store ${file} cannot be reached (${said}).`);
  return error;
}
