import { Socket } from 'node:net';

import type { FastifyInstance, FastifyRequest } from 'fastify';

import { BatchyError } from '../domain/errors.ts';

export interface GuardOptions {
  readonly maxConcurrentRequests: number;
  /** Called for every prefetch that is refused, for the metric. */
  readonly onPrefetchRefused: () => void;
  /** Aborted when the service stops: what comes afterwards, over a connection that is still open, is refused. */
  readonly stopping: AbortSignal;
}

/**
 * Refuses what must not reach a handler: prefetches of routes with effects and what pages of other sites make a browser
 * ask of them (without a key nothing else would keep them from it), more requests at once than can be served, and
 * what comes when the service stops.
 */
export function addGuards(
  server: FastifyInstance,
  { maxConcurrentRequests, onPrefetchRefused, stopping }: GuardOptions,
): void {
  const inProgress = new Set<FastifyRequest>();
  /** Waits and event streams: many, and idle, so they take no place from the others; yet not without end. */
  const longLivedOnes = new Set<FastifyRequest>();
  const done = (request: FastifyRequest): void => void (inProgress.delete(request) || longLivedOnes.delete(request));
  server.addHook('onResponse', (request, _reply, next) => {
    done(request);
    next();
  });
  server.addHook('onSend', (request, reply, payload, next) => {
    if (reply.raw.destroyed) done(request);
    next(null, payload);
  });
  // What a hook without a promise throws is answered like what one with a promise rejects with; promises cost more than all this.
  server.addHook('onRequest', (request, reply, next) => {
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
      throw new BatchyError(
        'invalid-request',
        'The Host header is missing, which HTTP/1.1 requires. Nothing was changed.',
      );
    const { scope, effects = false, reserved = false, longLived: lasts = false } = request.routeOptions.config;
    const longLived = typeof lasts === 'function' ? lasts(request) : lasts;
    if (effects && isPrefetch(request)) {
      onPrefetchRefused();
      throw new BatchyError(
        'prefetch-refused',
        'This URL changes state, so it is not served to a prefetch or a link preview. Use POST.',
      );
    }
    if (effects && request.headers['sec-fetch-site'] === 'cross-site')
      throw new BatchyError(
        'cross-site-refused',
        'This URL changes state, so it is not served to a page of another site, which could have been made to harm you. Nothing was changed.',
      );
    if (stopping.aborted && scope !== 'public')
      throw new BatchyError('overloaded', 'The service is stopping. Nothing was changed; try again shortly.');
    const lane = longLived ? longLivedOnes : inProgress;
    // Ending a batch must get through when everything else is too much.
    if (lane.size >= maxConcurrentRequests * (reserved ? 2 : 1)) {
      throw new BatchyError('overloaded', 'Too many requests are in progress. Nothing was changed; try again shortly.');
    }
    lane.add(request);
    // A client that went away while its request is carried out: `onSend` will tell when that has ended.
    // An answer that had begun, as an event stream has, ends with its connection.
    reply.raw.once('close', () => {
      if (reply.sent || reply.raw.headersSent) done(request);
    });
    // Nothing need happen on the connection for as long as the client asked to wait (an injected request has none).
    if (longLived && request.raw.socket instanceof Socket) request.raw.socket.setTimeout(0);
    next();
  });
}

/** Browsers and previewers that fetch a link before anybody has clicked it say so in one of these headers. */
function isPrefetch({ headers }: FastifyRequest): boolean {
  const purposes = [headers['sec-purpose'], headers['purpose'], headers['x-purpose'], headers['x-moz']];
  return purposes.some((purpose) => typeof purpose === 'string' && /prefetch|prerender|preview/i.test(purpose));
}
