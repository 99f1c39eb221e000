import { isUtf8 } from 'node:buffer';

import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';

import { isLoopback, trustedNetworks } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { BatchyError } from '../domain/errors.ts';
import type { JobTallies } from '../domain/job-counts.ts';
import type { Instant } from '../domain/time.ts';
import type { Batches } from '../service/batches.ts';
import type { Conductors } from '../service/conductors.ts';
import type { ExecutionLogs } from '../service/execution-logs.ts';
import type { Executions } from '../service/executions.ts';
import type { History } from '../service/history.ts';
import type { Jobs } from '../service/jobs.ts';
import type { StoredKey } from '../service/keys.ts';
import type { Queues } from '../service/queues.ts';
import type { Schedules } from '../service/schedules.ts';
import type { Waits } from '../service/waits.ts';
import type { Workflows } from '../service/workflows.ts';
import { addAuthentication } from './auth.ts';
import { addGuards } from './guards.ts';
import { parseJsonBody } from './json-body.ts';
import { MalformedRequests } from './malformed-request.ts';
import { addMetrics } from './metrics.ts';
import { addMethodNotAllowed } from './not-found.ts';
import { addOpenApi } from './openapi.ts';
import { sendProblem, toBatchyError } from './problems.ts';
import { createRateLimit } from './rate-limit.ts';
import { addRequestLog, requestLogger } from './request-log.ts';
import { addBackfillRoutes } from './routes/backfills.ts';
import { addBatchRoutes } from './routes/batches.ts';
import { addConductorRoutes } from './routes/conductors.ts';
import { addEventRoutes } from './routes/events.ts';
import { addExecutionRoutes } from './routes/executions.ts';
import { addExecutionStreamRoutes } from './routes/execution-streams.ts';
import { addHealthRoutes } from './routes/health.ts';
import { addHistoryRoutes } from './routes/history.ts';
import { addIndexRoutes } from './routes/index.ts';
import { addInstanceRoutes } from './routes/instances.ts';
import { addJobRoutes } from './routes/jobs.ts';
import { addQueueRoutes } from './routes/queues.ts';
import { addScheduleRoutes } from './routes/schedules.ts';
import { addSkippedItemRoutes } from './routes/skipped-items.ts';
import { addWaitRoutes } from './routes/waits.ts';
import { addWorkflowRoutes } from './routes/workflows.ts';
import { ProblemSchema } from './schemas/vocabulary.ts';
import { validatorCompiler } from './validation.ts';

export type BatchyServer = FastifyInstance;

/** The use cases that the routes offer. */
export interface HttpServices {
  readonly batches: Batches;
  readonly workflows: Workflows;
  readonly history: History;
  readonly waits: Waits;
  readonly jobs: Omit<Jobs, 'relaunch' | 'checkFiring'>;
  readonly executions: Executions;
  readonly conductors: Conductors;
  readonly schedules: Schedules;
  readonly queues: Queues;
  /** Absent where no logs are kept: then every log is empty. */
  readonly logs?: ExecutionLogs;
}

/** Whether the store can be used, and what about it an operator should mend. */
export interface Health {
  /** @throws BatchyError `store-unavailable` */
  ping(): Promise<void>;
  warnings(): Promise<string[]>;
}

export interface ServerOptions {
  readonly services: HttpServices;
  readonly settings: Settings;
  readonly health: Health;
  /** Tells the journal's readers that something changed, for event streams. */
  readonly subscribe: (onChange: () => void) => () => void;
  readonly keys: () => readonly StoredKey[];
  /** The machine's clock, for keys that were rotated. */
  readonly now: () => Promise<Instant>;
  /** A fresh id for a request, for the log. */
  readonly requestId: () => string;
  readonly version: string;
  readonly logger?: FastifyBaseLogger;
  /** What there is to tell of the jobs that run beside it, for metrics. */
  readonly jobSide?: {
    /** Since this process began. */
    counted(): JobTallies;
    /** Whether the process that runs jobs is up; `null` where there is to be none. */
    isConductorUp(): boolean | null;
  };
  /** Aborted when the service stops: waits and streams end then. */
  readonly stopping: AbortSignal;
}

/** The longest name that is answered with what is wrong with it rather than with "not found". */
const maxParamLength = 16_384;

/** What keeps a browser from guessing, framing, telling and keeping. Pages have more of them (see `addOpenApi`); a route may say otherwise. */
const protectiveHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** The HTTP side, ready to listen or to be injected into. */
export async function createServer(options: ServerOptions): Promise<BatchyServer> {
  const { settings } = options;
  const timeout = Math.ceil(settings.REQUEST_TIMEOUT_SECONDS * 1000);
  const malformed = new MalformedRequests();
  const server: BatchyServer = fastify({
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: requestLogger,
    bodyLimit: settings.BODY_LIMIT_BYTES,
    requestTimeout: timeout,
    keepAliveTimeout: 65_000,
    // A client that takes nothing of its answer would hold its place for ever; whoever is still waited for gets more time.
    connectionTimeout: 2 * timeout + 10_000,
    http: {
      headersTimeout: Math.min(timeout, 20_000),
      // Node looks only now and then for requests that are too slow.
      connectionsCheckingInterval: Math.min(Math.ceil(timeout / 2), 5000),
      maxHeaderSize: 16_384,
      // Refused by our guard, in our words; Node would say nothing but the status.
      requireHostHeader: false,
    },
    exposeHeadRoutes: false,
    // Given here rather than set afterwards, so that the framework does not even read its own compilers at the start.
    schemaController: {
      compilersFactory: {
        buildValidator: () => validatorCompiler as never,
        // Answers are our own objects or texts; a serializer made from the documented schema could only drop or mangle something.
        buildSerializer: () => () => (data: unknown) => JSON.stringify(data),
      },
    },
    routerOptions: { maxParamLength },
    genReqId: options.requestId,
    forceCloseConnections: 'idle',
    // The framework's own refusal would be no problem document; the guards refuse in its place.
    return503OnClosing: false,
    // What the router cannot decode reaches no route, and so no error handler of one.
    frameworkErrors: (error, request, reply) => void sendProblem(reply, toBatchyError(error, request)),
    clientErrorHandler: ({ code }, socket) => malformed.answer(code, socket),
  });
  malformed.watch(server.server);
  // RFC 9110 lets a server pass over an Expect that it does not know; Node's own 417 would be no problem document.
  server.server.on('checkExpectation', (request, response) => void server.server.emit('request', request, response));
  server.addSchema(ProblemSchema);
  server.setErrorHandler((error, request, reply) => sendProblem(reply, toBatchyError(error, request)));
  addBodyParsers(server);

  addRequestLog(server);
  server.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(protectiveHeaders);
    done();
  });
  const countRequest = await createRateLimit(server, settings.RATE_LIMIT_PER_MINUTE);
  addAuthentication(server, {
    keys: options.keys,
    trustedNetworks: trustedNetworks(settings),
    isOpenTo: (hostname) => settings.ALLOW_OPEN || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')),
    now: options.now,
    onRefused: countRequest,
  });
  if (settings.RATE_LIMIT_PER_MINUTE > 0) server.addHook('onRequest', countRequest);
  const metrics = addMetrics(server, options);
  addGuards(server, {
    maxConcurrentRequests: settings.MAX_CONCURRENT_REQUESTS,
    onPrefetchRefused: metrics.prefetchRefused,
    stopping: options.stopping,
  });
  addMethodNotAllowed(server, maxParamLength);
  await addOpenApi(server, options.version);

  await server.register(async (routes) => {
    const typed = routes as BatchyServer;
    addIndexRoutes(typed, options.version);
    addBatchRoutes(typed, options.services);
    addBackfillRoutes(typed, options.services);
    addWorkflowRoutes(typed, options.services);
    addHistoryRoutes(typed, options.services);
    addWaitRoutes(typed, options);
    addJobRoutes(typed, options);
    addExecutionRoutes(typed, options.services);
    addExecutionStreamRoutes(typed, options);
    addSkippedItemRoutes(typed, options);
    addConductorRoutes(typed, options.services);
    addScheduleRoutes(typed, options.services);
    addQueueRoutes(typed, options.services);
    addInstanceRoutes(typed, options.services);
    addEventRoutes(typed, options);
    addHealthRoutes(typed, options);
    metrics.addRoute(typed);
  });
  return server;
}

/** JSON bodies read by our own rules; no body is as good as an empty one; anything else is refused. */
function addBodyParsers(server: BatchyServer): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      const text = textOf(request, body as Buffer);
      done(null, text.trim() === '' ? undefined : parseJsonBody(text));
    } catch (error) {
      done(error as Error);
    }
  });
  server.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    done(
      new BatchyError(
        'unsupported-media-type',
        `Send the body as application/json, not as ${JSON.stringify(request.headers['content-type'] ?? 'nothing')}.`,
      ),
    );
  });
}

const otherCharset = /;\s*charset\s*=\s*"?(?!utf-?8\b)/i;

/** Stored as something else than what was sent, a parameter would be mangled without a word. */
function textOf({ headers }: FastifyRequest, body: Buffer): string {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' || otherCharset.test(headers['content-type'] ?? ''))
    throw new BatchyError(
      'unsupported-media-type',
      'Send the body as UTF-8 and neither compressed nor otherwise encoded.',
    );
  if (!isUtf8(body)) throw new BatchyError('invalid-body', 'The body is not UTF-8; send it as UTF-8.');
  return body.toString('utf8');
}
