import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawRequestDefaultExpression,
} from 'fastify';

import { problemSent } from './problems.ts';
import { readTraceContext } from './trace-context.ts';

/** Lines of a request carry its id and, where its caller traces, which trace they belong to. */
export function requestLogger(
  logger: FastifyBaseLogger,
  bindings: object,
  options: object,
  { headers }: RawRequestDefaultExpression,
): FastifyBaseLogger {
  const make = (): FastifyBaseLogger =>
    logger.child({ ...bindings, ...readTraceContext(headers['traceparent']) }, options);
  return new LoggerOnDemand(logger.level, make);
}

type Line = readonly unknown[];
type Write = (...line: Line) => void;

/** Most requests never log, and to make a logger costs more than to route them: so it is made for the first line. */
class LoggerOnDemand {
  readonly level: string;
  readonly #make: () => FastifyBaseLogger;
  #made: FastifyBaseLogger | null = null;

  constructor(level: string, make: () => FastifyBaseLogger) {
    this.level = level;
    this.#make = make;
  }

  get #logger(): Readonly<Record<LogMethod, Write>> & Pick<FastifyBaseLogger, 'child'> {
    this.#made ??= this.#make();
    return this.#made;
  }

  fatal(...line: Line): void {
    this.#logger.fatal(...line);
  }
  error(...line: Line): void {
    this.#logger.error(...line);
  }
  warn(...line: Line): void {
    this.#logger.warn(...line);
  }
  info(...line: Line): void {
    this.#logger.info(...line);
  }
  debug(...line: Line): void {
    this.#logger.debug(...line);
  }
  trace(...line: Line): void {
    this.#logger.trace(...line);
  }
  silent(): void {}
  child(...given: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.#logger.child(...given);
  }
}

type LogMethod = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/**
 * Logs each request to a route with effects once, when it has been answered. Who did what to which workflow; never a body,
 * a header, or a part of the query that somebody could have put a secret into.
 */
export function addRequestLog(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    if (route.config?.effects !== true) return;
    route.onResponse = [
      ...[route.onResponse ?? []].flat(),
      (request, reply, done) => {
        // What a logger of the request's own would add, without the making of one for each.
        const trace = readTraceContext(request.headers['traceparent']);
        server.log.info({ reqId: request.id, ...trace, ...lineOf(request, reply) }, 'request with effects');
        done();
      },
    ];
  });
}

/** A hostile name is not repeated whole. */
const longestName = 128;

function lineOf(request: FastifyRequest, reply: FastifyReply): Record<string, unknown> {
  const { wf, job } = (request.params ?? {}) as Readonly<Record<string, string | undefined>>;
  const { batch_id: batchId } = (request.query ?? {}) as Readonly<Record<string, unknown>>;
  // Nobody is known where the request was refused before its key was looked at.
  const principal = (request.principal as typeof request.principal | null)?.name ?? null;
  return {
    method: request.method,
    route: request.routeOptions.url,
    workflow: wf?.slice(0, longestName),
    job: job?.slice(0, longestName),
    // A number only once it has been checked to be one.
    batch_id: typeof batchId === 'number' ? batchId : undefined,
    status: reply.statusCode,
    problem: problemSent(reply),
    replayed: reply.hasHeader('idempotency-replayed') || undefined,
    duration_ms: Math.round(reply.elapsedTime * 1000) / 1000,
    principal,
  };
}
