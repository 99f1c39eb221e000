import type { FastifyInstance, FastifyRequest } from 'fastify';

import { BatchyError } from '../domain/errors.ts';

export interface GuardOptions {
  readonly maxConcurrentRequests: number;
  /** Called for every prefetch that is refused, for the metric. */
  readonly onPrefetchRefused: () => void;
}

/** Refuses what must not reach a handler: prefetches of routes with effects, and more requests at once than can be served. */
export function addGuards(server: FastifyInstance, { maxConcurrentRequests, onPrefetchRefused }: GuardOptions): void {
  const inProgress = new Set<FastifyRequest>();
  server.addHook('onRequest', async (request) => {
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
      throw new BatchyError('invalid-request', 'The Host header is missing, which HTTP/1.1 requires. Nothing was changed.');
    const { effects = false, reserved = false, longLived = false } = request.routeOptions.config;
    if (effects && isPrefetch(request)) {
      onPrefetchRefused();
      throw new BatchyError(
        'prefetch-refused',
        'This URL changes state, so it is not served to a prefetch or a link preview. Use POST.',
      );
    }
    if (longLived) return;
    // Ending a batch must get through when everything else is too much.
    if (inProgress.size >= maxConcurrentRequests * (reserved ? 2 : 1)) {
      throw new BatchyError('overloaded', 'Too many requests are in progress. Nothing was changed; try again shortly.');
    }
    inProgress.add(request);
  });
  const done = (request: FastifyRequest): void => void inProgress.delete(request);
  server.addHook('onResponse', async (request) => done(request));
  server.addHook('onRequestAbort', async (request) => done(request));
}

/** Browsers and previewers that fetch a link before anybody has clicked it say so in one of these headers. */
function isPrefetch({ headers }: FastifyRequest): boolean {
  const purposes = [headers['sec-purpose'], headers['purpose'], headers['x-purpose'], headers['x-moz']];
  return purposes.some((purpose) => typeof purpose === 'string' && /prefetch|prerender|preview/i.test(purpose));
}
