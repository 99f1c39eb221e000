/**
 * Every way in which Batchy says no. The union is closed: the maps to HTTP statuses (`http/problems.ts`) and to exit
 * codes (`cli/exit-codes.ts`) are exhaustive records over it, so a code without a mapping does not compile.
 */
export const errorCodes = [
  // what was asked is malformed
  'invalid-name',
  'invalid-request',
  'invalid-id',
  'invalid-body',
  'invalid-configuration',
  'unknown-format',
  'unknown-profile',
  'invalid-parameters',
  'invalid-job',
  'invalid-schedule',
  'prefetch-refused',
  'cross-site-refused',
  // what was asked for is not there
  'unknown-workflow',
  'unknown-job',
  'unknown-batch',
  'missing-configuration',
  'unknown-job-definition',
  'unknown-execution',
  'unknown-instance',
  'unknown-step',
  'unknown-schedule',
  'unknown-queue',
  'not-found',
  'method-not-allowed',
  // the state forbids it
  'foreign-data',
  'unreadable-parameter',
  'batch-open',
  'not-open',
  'never-opened',
  'ambiguous',
  'stale-batch',
  'fence-required',
  'override-required',
  'owned',
  'empty-window',
  'clock-skew',
  'watermark-forward',
  'not-renderable',
  'idempotency-mismatch',
  'precondition-failed',
  'precondition-required',
  'already-running',
  'already-complete',
  'not-recovered',
  'abandoned',
  'not-restartable',
  'start-limit',
  'too-many-running',
  'illegal-transition',
  'window-superseded',
  'not-replayable',
  // who asked may not
  'unauthenticated',
  'forbidden',
  'rate-limited',
  // the request is too much
  'body-too-large',
  'headers-too-large',
  'unsupported-media-type',
  'request-timeout',
  // the service cannot, now
  'contention',
  'overloaded',
  'jobs-not-ready',
  'store-unavailable',
  'store-full',
  'newer-schema',
  // the process was set up wrongly
  'invalid-setting',
  // a defect of ours
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** One place in the input that is wrong: a JSON pointer (or `line:column` for files) and what is wrong there. */
export interface ErrorPlace {
  readonly pointer: string;
  readonly detail: string;
}

export interface BatchyErrorOptions {
  readonly cause?: unknown;
  readonly places?: readonly ErrorPlace[];
  /** Facts that a program may want: the current `batch_id`, the line, the column. */
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>;
}

/**
 * The one error of this project.
 *
 * `detail` is a sentence for the person who reads it at three in the morning: what is wrong, where, and what to do next.
 */
export class BatchyError extends Error {
  override readonly name = 'BatchyError';
  readonly code: ErrorCode;
  readonly places: readonly ErrorPlace[];
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;

  constructor(code: ErrorCode, detail: string, options: BatchyErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.places = options.places ?? [];
    this.facts = options.facts ?? {};
  }

  get detail(): string {
    return this.message;
  }
}

/** Whether the store cannot do it at this moment, whatever it was asked: it is away, or full. What runs waits until that is over. */
export function isStoreAwayOrFull(error: unknown): boolean {
  return error instanceof BatchyError && (error.code === 'store-unavailable' || error.code === 'store-full');
}
