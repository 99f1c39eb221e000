import { Redis } from 'ioredis';

import { startRedis } from '../servers/redis.ts';
import { copySamples } from './driven-service.ts';
import { type CleanUp, type ServerProcess, startOurs, startServer } from './processes.ts';

/** The service and its bare peer, each in a process of its own, on one Redis that both use alike. */
export interface RedisServers {
  readonly ours: ServerProcess;
  readonly peer: ServerProcess;
  /** Loaded, opened and closed once each; the peer has its own copies. */
  readonly workflows: readonly string[];
}

/** Each has the three jobs of the sample `wf1`. */
export async function startRedisServers(cleanUp: CleanUp, workflowCount: number): Promise<RedisServers> {
  // A rewrite of the append-only file would fall on one of the two only.
  const redis = await startRedis({ args: ['--auto-aof-rewrite-percentage', '0'] });
  cleanUp.add(() => redis.stop());
  const folder = await cleanUp.folder();
  const workflows = Array.from({ length: workflowCount }, (_each, index) => `wf${String(index).padStart(3, '0')}`);
  const cfg = await copySamples(folder, workflows);
  const ours = await startOurs({ REDIS_URL: redis.url, BATCHY_DATA: folder, BATCHY_CFG: cfg });
  cleanUp.add(() => ours.stop());
  for (const action of ['open', 'close'])
    for (const name of workflows) await post(`${ours.origin}/${action}_batch/${name}`);
  const client = new Redis(redis.url);
  for (const name of workflows) await client.copy(name, `peer:${name}`);
  client.disconnect();

  const peer = await startServer({
    file: 'test/bench/peers/bare-redis.ts',
    readyPath: `/get_status/${workflows[0]}`,
    environment: { REDIS_URL: redis.url },
  });
  cleanUp.add(() => peer.stop());
  return { ours, peer, workflows };
}

/** @throws Error unless it is answered 2xx */
export async function post(url: string): Promise<string> {
  const response = await fetch(url, { method: 'POST' });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${text}`);
  return text;
}
