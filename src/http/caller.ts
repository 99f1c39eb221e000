import type { FastifyRequest } from 'fastify';

import { BatchyError } from '../domain/errors.ts';
import { type Json, stringifyJson } from '../domain/json.ts';
import type { Caller } from '../service/commands.ts';

const keyPattern = /^[\u0021-\u007e]{1,255}$/;

/**
 * Who asks, and by which Idempotency-Key. What makes two requests the same is the operation with its workflow, the query and
 * the body; the method is not part of it, since GET and POST do the same here.
 * @param operation such as `open json orders`
 * @throws BatchyError `invalid-request` for a key that is empty, too long or not printable
 */
export function callerOf(request: FastifyRequest, operation: string): Caller {
  const key = request.headers['idempotency-key'];
  const name = request.principal.name;
  if (key === undefined) return { name, idempotency: null };
  if (typeof key !== 'string' || !keyPattern.test(key)) {
    throw new BatchyError(
      'invalid-request',
      'The Idempotency-Key must be 1 to 255 printable characters without spaces, for example a UUID.',
    );
  }
  const query = Object.entries(request.query as Record<string, unknown>).sort(([one], [other]) =>
    one < other ? -1 : 1,
  );
  const body = request.body === undefined ? '' : stringifyJson(request.body as Json);
  return { name, idempotency: { key, request: JSON.stringify([operation, query, body]) } };
}
