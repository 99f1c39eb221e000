import { ReplyError } from 'ioredis';
import { BatchyError } from '../../domain/errors.ts';
import { quoteBriefly } from '../../domain/names.ts';

/** What a failed command means for who waits for it. */
export type Verdict =
  /** Never sent: there is no connection at this moment. */
  | 'unsent'
  /** The connection broke while the answer was awaited: it may have been carried out. */
  | 'unanswered'
  /** Refused by a server that is not itself yet. */
  | 'starting'
  /** Refused by a server that is no master (any more): another connection may lead to the master. */
  | 'replica'
  | BatchyError;

const starting = ['LOADING', 'MASTERDOWN', 'UNBLOCKED'];
/** The driver's words for a command that met no connection. */
const unsent = /isn't writeable and enableOfflineQueue/;

/** Our one error for one of the driver's or the server's. What is no answer of the server is the connection's failure. */
export function judge(error: unknown): Verdict {
  if (error instanceof BatchyError) return error;
  if (error instanceof TypeError || error instanceof RangeError) return defect(error);
  if (!isReply(error)) return error instanceof Error && unsent.test(error.message) ? 'unsent' : 'unanswered';
  const code = codeOf(error);
  if (starting.includes(code)) return 'starting';
  if (code === 'READONLY') return 'replica';
  if (code === 'OOM') {
    return new BatchyError(
      'store-full',
      `Redis has no memory left (${error.message}). Nothing was written. Give it more memory (maxmemory) or shorten the retention.`,
      { cause: error },
    );
  }
  if (code === 'WRONGTYPE') {
    return new BatchyError(
      'foreign-data',
      'A key that should be ours is of another type: somebody else wrote it. It is left untouched; look for keys under batchy: that are not of the type that the docs name.',
      { cause: error },
    );
  }
  if (serverProblems.has(code)) return unavailable(`it refuses: ${error.message}`, error);
  return defect(error);
}

const serverProblems = new Set([
  'MISCONF',
  'NOREPLICAS',
  'NOAUTH',
  'WRONGPASS',
  'NOPERM',
  'BUSY',
  'CLUSTERDOWN',
  'MOVED',
  'ASK',
  'CROSSSLOT',
]);

/** The first word; where an older server reports what failed inside of a script, that failure's. */
function codeOf({ message }: Error): string {
  return /@user_script: ?\d+: -?([A-Z]{2,}) /.exec(message)?.[1] ?? message.split(' ', 1)[0] ?? '';
}

/** Whether the server itself answered with this error. */
export function isReply(error: unknown): error is Error {
  return error instanceof (ReplyError as typeof Error);
}

function defect(error: Error): BatchyError {
  // An execution keeps this text where the log of the process that ran it may be gone.
  const said = quoteBriefly(error.message);
  return new BatchyError('internal', `Redis or its driver answered with what was not expected: ${said}.`, {
    cause: error,
  });
}

/** @param why completes "Redis cannot be used: …" */
export function unavailable(why: string, cause?: unknown): BatchyError {
  return new BatchyError(
    'store-unavailable',
    `Redis cannot be used: ${why}. Try again; if it lasts, look at the server and at REDIS_URL.`,
    { cause },
  );
}

/** For a commit that was sent and not answered in time: it may have been carried out. */
export function outcomeUnknown(cause: unknown): BatchyError {
  return new BatchyError(
    'store-unavailable',
    'Redis did not answer in time, so it is not known whether the change was made. Repeat the request with the same Idempotency-Key: it takes effect once. Without a key, ask for the status first.',
    { cause, facts: { outcome_unknown: true } },
  );
}

export function isWrongType(error: unknown): boolean {
  return isReply(error) && codeOf(error) === 'WRONGTYPE';
}

/** A key under our own prefix that is of a type which we do not give it. */
export function foreignOwnKey(key: string, type: string): BatchyError {
  return new BatchyError(
    'foreign-data',
    `The key ${quoteBriefly(key)} should be ours but is a ${type}: somebody else wrote it. Nothing was changed; move that key away.`,
  );
}
