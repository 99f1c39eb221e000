import createRouter, { type HTTPMethod } from 'find-my-way';

import { BatchyError } from '../domain/errors.ts';
import type { BatchyServer } from './server.ts';

/** Methods that a route may be offered under. */
const methods: readonly HTTPMethod[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Tells a wrong method (405, with `Allow`) from a wrong path (404). Must be added before the routes, since it listens to
 * their registration. A request that ends here has touched nothing.
 */
export function addMethodNotAllowed(server: BatchyServer, maxParamLength: number): void {
  const known = createRouter({ maxParamLength });
  server.addHook('onRoute', ({ url, method }) => {
    for (const each of [method].flat()) known.on(each as HTTPMethod, url, () => {});
  });
  server.setNotFoundHandler({ preHandler: [] }, (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/';
    const allowed = methods.filter((method) => known.find(method, path) !== null);
    // A route that answers this method and sent us here has no such thing: a file of the API's page.
    if (allowed.length === 0 || allowed.includes(request.method as HTTPMethod))
      throw new BatchyError(
        'not-found',
        `There is nothing at ${path.slice(0, 200)}. GET /openapi.json lists all routes; /docs shows them.`,
      );
    void reply.header('allow', allowed.join(', '));
    throw new BatchyError('method-not-allowed', `${request.method} is not offered here; use ${allowed.join(' or ')}.`);
  });
}
