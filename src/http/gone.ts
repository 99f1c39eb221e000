import type { FastifyReply } from 'fastify';

/** Aborted when nobody can hear the answer any more: the client has gone, or the service stops. */
export function endOfInterest(reply: FastifyReply, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return AbortSignal.any([stopping, gone.signal]);
}
