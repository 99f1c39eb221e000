import { BatchyError, type ErrorCode } from '../domain/errors.ts';

/** How commands end; `docs/cli.md` explains them to scripts. */
export const exits = {
  ok: 0,
  /** The command was understood and did not succeed. */
  failed: 1,
  /** Asked wrongly, or for something that there is not. */
  usage: 2,
  /** The state forbids it; nothing was changed. */
  conflict: 3,
  /** The server, or its store, cannot be reached or has no room now. */
  unreachable: 4,
  /** What was waited for did not come in the time given. As of `timeout(1)`. */
  timeout: 124,
} as const;
export type Exit = (typeof exits)[keyof typeof exits];

/** Every error code with its exit. A code without an entry does not compile. */
export const exitCodes: Readonly<Record<ErrorCode, Exit>> = {
  'invalid-name': exits.usage,
  'invalid-request': exits.usage,
  'invalid-id': exits.usage,
  'invalid-body': exits.usage,
  'invalid-configuration': exits.failed,
  'unknown-format': exits.usage,
  'unknown-profile': exits.usage,
  'invalid-parameters': exits.usage,
  'invalid-job': exits.usage,
  'invalid-schedule': exits.usage,
  'prefetch-refused': exits.failed,
  'cross-site-refused': exits.failed,
  'unknown-workflow': exits.usage,
  'unknown-job': exits.usage,
  'unknown-batch': exits.usage,
  'missing-configuration': exits.usage,
  'unknown-job-definition': exits.usage,
  'unknown-execution': exits.usage,
  'unknown-instance': exits.usage,
  'unknown-step': exits.usage,
  'unknown-schedule': exits.usage,
  'unknown-queue': exits.usage,
  'not-found': exits.usage,
  'method-not-allowed': exits.failed,
  'foreign-data': exits.conflict,
  'unreadable-parameter': exits.conflict,
  'batch-open': exits.conflict,
  'not-open': exits.conflict,
  'never-opened': exits.conflict,
  ambiguous: exits.conflict,
  'stale-batch': exits.conflict,
  'fence-required': exits.conflict,
  'override-required': exits.conflict,
  owned: exits.conflict,
  'empty-window': exits.conflict,
  'clock-skew': exits.conflict,
  'watermark-forward': exits.conflict,
  'not-renderable': exits.conflict,
  'idempotency-mismatch': exits.conflict,
  'precondition-failed': exits.conflict,
  'precondition-required': exits.usage,
  'already-running': exits.conflict,
  'already-complete': exits.conflict,
  'not-recovered': exits.conflict,
  abandoned: exits.conflict,
  'not-restartable': exits.conflict,
  'start-limit': exits.conflict,
  'too-many-running': exits.conflict,
  'illegal-transition': exits.conflict,
  'window-superseded': exits.conflict,
  'not-replayable': exits.conflict,
  unauthenticated: exits.failed,
  forbidden: exits.failed,
  'rate-limited': exits.unreachable,
  'body-too-large': exits.usage,
  'headers-too-large': exits.usage,
  'unsupported-media-type': exits.failed,
  'request-timeout': exits.timeout,
  contention: exits.unreachable,
  overloaded: exits.unreachable,
  'jobs-not-ready': exits.unreachable,
  'store-unavailable': exits.unreachable,
  'store-full': exits.failed,
  'newer-schema': exits.failed,
  'invalid-setting': exits.usage,
  internal: exits.failed,
};

/** A command that ends without success: what to say on stderr, and how to end. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exit: Exit;
  /** The problem's type, where there is one: scripts may look for it in the message. */
  readonly code: string | null;
  readonly places: readonly { readonly pointer: string; readonly detail: string }[];

  constructor(
    exit: Exit,
    detail: string,
    options: { code?: string | null; places?: CommandFailure['places']; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.exit = exit;
    this.code = options.code ?? null;
    this.places = options.places ?? [];
  }
}

/** A `BatchyError` of our own (settings, a store opened here) as the command's end; anything else is a defect and thrown on. */
export function commandFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof BatchyError) {
    return new CommandFailure(exitCodes[error.code], error.detail, {
      code: error.code,
      places: error.places,
      cause: error,
    });
  }
  throw error;
}

/** The exit for an answer's problem: by its type, or, from a server that knows other types, by its HTTP status. */
export function exitOfProblem(code: string | null, status: number): Exit {
  if (code !== null && Object.hasOwn(exitCodes, code)) return exitCodes[code as ErrorCode];
  if (status === 404 || status === 400 || status === 422) return exits.usage;
  if (status === 409 || status === 412) return exits.conflict;
  if (status === 429 || (status >= 502 && status <= 504)) return exits.unreachable;
  return exits.failed;
}
