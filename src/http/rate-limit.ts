import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { BatchyError } from '../domain/errors.ts';
import type { Principal } from '../service/keys.ts';

/** Counts a request. @throws BatchyError `rate-limited` for one too many */
export type CountRequest = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

const windowMilliseconds = 60_000;

/**
 * @param perMinute requests of one caller (key and address; those whose key is refused: address) in a minute; 0: no limit.
 * What is public is not counted: whoever watches the service must see it, however busy it is.
 */
export async function createRateLimit(server: FastifyInstance, perMinute: number): Promise<CountRequest> {
  if (perMinute === 0) return async () => {};
  await server.register(rateLimit, {
    global: false,
    max: perMinute,
    timeWindow: windowMilliseconds,
    keyGenerator: ({ principal, ip }: { principal: Principal | null; ip: string }) => `${principal?.name ?? ''} ${ip}`,
  });
  const count = server.createRateLimit();
  return async (request, reply) => {
    if (request.routeOptions.config.scope === 'public') return;
    const counted = await count(request);
    if (counted.isAllowed || !counted.isExceeded) return;
    void reply.header('retry-after', String(Math.max(1, counted.ttlInSeconds)));
    throw new BatchyError(
      'rate-limited',
      `More than ${perMinute} requests within a minute (RATE_LIMIT_PER_MINUTE). Nothing was changed; try again later.`,
    );
  };
}
