import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

import { BatchyError, type ErrorCode } from '../domain/errors.ts';

/** RFC 9457: where a problem's type is explained, relative to the service, so that it works offline. */
export const problemBase = '/problems/';

interface ProblemKind {
  readonly status: number;
  /** The same for every occurrence; the occurrence's own words are in `detail`. */
  readonly title: string;
  /** Of a 503: after how many seconds it may be tried again, if not after one. */
  readonly retryAfterSeconds?: number;
}

/** Every error code with its HTTP status. A code without an entry does not compile. */
export const problemKinds: Readonly<Record<ErrorCode, ProblemKind>> = {
  'invalid-name': { status: 400, title: 'The name cannot be a workflow’s' },
  'invalid-request': { status: 400, title: 'The request is malformed' },
  'invalid-id': { status: 422, title: 'The id is no number' },
  'invalid-body': { status: 422, title: 'The body does not fit' },
  'invalid-configuration': { status: 422, title: 'The configuration cannot be read' },
  'unknown-format': { status: 400, title: 'No such format' },
  'unknown-profile': { status: 400, title: 'No such profile of parameter files' },
  'invalid-parameters': { status: 422, title: 'The parameters do not fit' },
  'invalid-job': { status: 422, title: 'The job’s definition cannot be used' },
  'invalid-schedule': { status: 422, title: 'The schedule cannot be used' },
  'prefetch-refused': { status: 403, title: 'A prefetch may not change anything' },
  'cross-site-refused': { status: 403, title: 'Another site’s page may not change anything' },
  'unknown-workflow': { status: 404, title: 'No such workflow' },
  'unknown-job': { status: 404, title: 'No such job' },
  'unknown-batch': { status: 404, title: 'No such batch' },
  'missing-configuration': { status: 404, title: 'No configuration file' },
  'unknown-job-definition': { status: 404, title: 'No such job definition' },
  'unknown-execution': { status: 404, title: 'No such execution' },
  'unknown-instance': { status: 404, title: 'No such job instance' },
  'unknown-step': { status: 404, title: 'No such step' },
  'unknown-schedule': { status: 404, title: 'No such schedule' },
  'unknown-queue': { status: 404, title: 'No such queue' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'foreign-data': { status: 409, title: 'The key belongs to somebody else' },
  'unreadable-parameter': { status: 409, title: 'A stored parameter cannot be read' },
  'batch-open': { status: 409, title: 'A batch is open' },
  'not-open': { status: 409, title: 'Nothing is open' },
  'never-opened': { status: 409, title: 'Never opened' },
  ambiguous: { status: 409, title: 'Several batches are meant' },
  'stale-batch': { status: 409, title: 'Not the current batch' },
  'fence-required': { status: 409, title: 'The batch_id is required' },
  'override-required': { status: 409, title: 'Only an operator’s override may do this' },
  owned: { status: 409, title: 'An execution owns the batch' },
  'empty-window': { status: 409, title: 'The window would be empty' },
  'clock-skew': { status: 409, title: 'The clock was wrong' },
  'watermark-forward': { status: 409, title: 'Data would be skipped' },
  'not-renderable': { status: 409, title: 'A parameter file cannot hold it' },
  'idempotency-mismatch': { status: 422, title: 'The Idempotency-Key was used for another request' },
  'precondition-failed': { status: 412, title: 'It has changed since' },
  'precondition-required': { status: 428, title: 'If-Match is required' },
  'already-running': { status: 409, title: 'The instance is running' },
  'already-complete': { status: 409, title: 'The instance is complete' },
  'not-recovered': { status: 409, title: 'The outcome of the last execution is unknown' },
  abandoned: { status: 409, title: 'The instance was abandoned' },
  'not-restartable': { status: 409, title: 'The job may not be restarted' },
  'start-limit': { status: 409, title: 'A step was started too often' },
  'too-many-running': { status: 409, title: 'Too many executions of the job are running' },
  'illegal-transition': { status: 409, title: 'The execution is in another state' },
  'window-superseded': { status: 409, title: 'The window has been loaded since' },
  'not-replayable': { status: 409, title: 'There is nothing to replay' },
  unauthenticated: { status: 401, title: 'An API key is required' },
  forbidden: { status: 403, title: 'The API key may not do this' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'unsupported-media-type': { status: 415, title: 'The body’s type is not understood' },
  'request-timeout': { status: 408, title: 'The request took too long' },
  contention: { status: 503, title: 'Too many changes at once' },
  overloaded: { status: 503, title: 'Too many requests at once' },
  'jobs-not-ready': { status: 503, title: 'The job files have not been read yet', retryAfterSeconds: 5 },
  'store-unavailable': { status: 503, title: 'The store is not available' },
  'store-full': { status: 507, title: 'The store is full' },
  'newer-schema': { status: 503, title: 'The store was written by a newer version' },
  'invalid-setting': { status: 500, title: 'The service is set up wrongly' },
  internal: { status: 500, title: 'Internal error' },
};

/** Seconds after which a 503 may be tried again, unless somebody knows better. */
const usualRetryAfterSeconds = 1;

/** A problem as it is answered. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly [fact: string]: unknown;
}

export function problemOf(error: BatchyError): Problem {
  const { status, title } = problemKinds[error.code];
  return {
    ...error.facts,
    type: `${problemBase}${error.code}`,
    title,
    status,
    detail: error.detail,
    ...(error.places.length === 0 ? {} : { errors: error.places }),
  };
}

const codesSent = new WeakMap<FastifyReply, ErrorCode>();

/** Which problem it was answered with, if with one: for the log. */
export function problemSent(reply: FastifyReply): ErrorCode | undefined {
  return codesSent.get(reply);
}

export function sendProblem(reply: FastifyReply, error: BatchyError): FastifyReply {
  const problem = problemOf(error);
  codesSent.set(reply, error.code);
  if ((problem.status === 503 || problem.status === 429) && !reply.hasHeader('retry-after')) {
    const { retryAfterSeconds = usualRetryAfterSeconds } = problemKinds[error.code];
    void reply.header('retry-after', String(retryAfterSeconds));
  }
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer realm="batchy", Basic realm="batchy"');
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify(problem));
}

/** The framework's own refusals, in our words. What is not known here is a defect: logged whole, answered without details. */
export function toBatchyError(error: unknown, request: FastifyRequest): BatchyError {
  if (error instanceof BatchyError) {
    logFailure(error, request);
    return error;
  }
  const code = (error as Partial<FastifyError> | undefined)?.code;
  const known = code === undefined ? undefined : frameworkErrors[code];
  if (known !== undefined) return new BatchyError(known[0], known[1], { cause: error });
  const refusal = refusalOf(error);
  if (refusal !== null) return refusal;
  request.log.error({ err: error }, 'unexpected error');
  return new BatchyError(
    'internal',
    'Something went wrong inside Batchy; the log has the details. State is only ever changed by whole commits, so it is consistent: look at GET /get_status before you repeat.',
    { cause: error },
  );
}

/** What the framework or a plugin refuses as the caller's fault, in a way that has no words of its own here. */
function refusalOf(error: unknown): BatchyError | null {
  const { statusCode = 500, message } = error as Partial<FastifyError>;
  if (statusCode < 400 || statusCode >= 500) return null;
  return statusCode === 403 || statusCode === 404
    ? new BatchyError(
        'not-found',
        'There is nothing at this path. GET /openapi.json lists all routes; /docs shows them.',
        { cause: error },
      )
    : new BatchyError('invalid-request', `The request cannot be served: ${message}`, { cause: error });
}

/** What is our fault or the store's, an operator must find in the log; what is the caller's, only the caller needs. */
function logFailure(error: BatchyError, { log, method, routeOptions }: FastifyRequest): void {
  if (error.code === 'internal') log.error({ err: error }, 'unexpected error');
  else if (isStoresFault(error.code))
    log.warn({ code: error.code, method, route: routeOptions.url }, `a request failed: ${error.detail}`);
}

function isStoresFault(code: ErrorCode): boolean {
  return code === 'store-unavailable' || code === 'store-full' || code === 'newer-schema';
}

const frameworkErrors: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body-too-large', 'The body is larger than BODY_LIMIT_BYTES allows.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'Send the body as application/json.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid-request', 'The Content-Length does not match the body.'],
  FST_ERR_BAD_URL: ['invalid-request', 'The URL cannot be decoded.'],
};
