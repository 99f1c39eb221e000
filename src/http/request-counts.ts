import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Upper bounds of the duration's buckets, in seconds. */
export const durationBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** Requests of one method, route and status. */
export interface RequestCount {
  readonly method: string;
  /** The route's pattern (`/open_batch/:wf`), never the path that was asked for; `(none)` where there is no such route. */
  readonly route: string;
  readonly status: number;
  count: number;
  seconds: number;
  /** Requests that took at most as long as the bucket's bound and longer than the one before; the last: longer than all. */
  readonly buckets: number[];
}

/**
 * Counts requests in plain numbers, since a metrics library hashes labels at each observation, which costs more than the
 * rest of a small request; the library's form is made when somebody scrapes.
 */
export function countRequests(server: FastifyInstance): () => readonly RequestCount[] {
  const counts: RequestCount[] = [];
  const counterOf = (route: string) => {
    // Two small maps rather than a key put together: nothing is allocated for a request like one before.
    const known = new Map<string, Map<number, RequestCount>>();
    return (request: FastifyRequest, reply: FastifyReply): void => {
      const { statusCode } = reply;
      let byStatus = known.get(request.method);
      if (byStatus === undefined) {
        byStatus = new Map();
        known.set(request.method, byStatus);
      }
      let found = byStatus.get(statusCode);
      if (found === undefined) {
        found = newCount(request.method, route, statusCode);
        byStatus.set(statusCode, found);
        counts.push(found);
      }
      observe(found, reply.elapsedTime / 1000);
    };
  };
  const unmatched = counterOf('(none)');
  server.addHook('onRoute', (route) => {
    const count = counterOf(route.url);
    const own = [route.onResponse ?? []].flat();
    route.onResponse = [
      ...own,
      (request, reply, done) => {
        count(request, reply);
        done();
      },
    ];
  });
  server.addHook('onResponse', (request, reply, done) => {
    if (request.is404) unmatched(request, reply);
    done();
  });
  return () => counts;
}

function newCount(method: string, route: string, status: number): RequestCount {
  const buckets = Array.from({ length: durationBuckets.length + 1 }, () => 0);
  return { method, route, status, count: 0, seconds: 0, buckets };
}

function observe(found: RequestCount, seconds: number): void {
  found.count += 1;
  found.seconds += seconds;
  let bucket = 0;
  while (bucket < durationBuckets.length && seconds > (durationBuckets[bucket] as number)) bucket += 1;
  found.buckets[bucket] = (found.buckets[bucket] as number) + 1;
}
