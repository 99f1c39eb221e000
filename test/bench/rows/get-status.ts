import { createRequire } from 'node:module';

import { alternate, perSecond, type Row, rowOf, serverRounds } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { type CleanUp, runNode } from '../processes.ts';
import { startRedisServers } from '../redis-servers.ts';

const connections = 16;
const autocannon = createRequire(import.meta.url).resolve('autocannon/autocannon.js');

/** `get_status`: the same key of the same Redis, answered in the same bytes, by the service and by a bare handler. */
export async function measureGetStatus({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const { ours, peer, workflows } = await startRedisServers(cleanUp, 1);
  const seconds = quick ? 1 : 3;
  const paths = [ours, peer].map(({ origin }) => `${origin}/get_status/${workflows[0]}`);
  const [ourText, peerText] = await Promise.all(paths.map(async (url) => sortedJson(await (await fetch(url)).text())));
  if (ourText !== peerText) throw new Error(`the answers differ:\n${ourText}\n${peerText}`);
  const rounds = await alternate(
    serverRounds(quick),
    () => requestsPerSecond(paths[0] ?? '', seconds),
    () => requestsPerSecond(paths[1] ?? '', seconds),
  );
  const name = `get_status, ${connections} connections, Redis against bare Fastify + ioredis`;
  return [rowOf(rounds, { group: 'get-status', name, reach: { atLeast: 0.85 }, format: perSecond })];
}

/** By autocannon, in a process of its own. @throws Error when anything but 2xx was answered */
export async function requestsPerSecond(url: string, seconds: number): Promise<number> {
  const printed = await runNode([autocannon, '-c', String(connections), '-d', String(seconds), '--json', '-n', url]);
  const result = JSON.parse(printed) as Record<'2xx' | 'non2xx' | 'errors' | 'duration', number>;
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} answers were no 2xx, ${result.errors} failed`);
  return result['2xx'] / result.duration;
}

/** Fields of a Redis hash have no order. */
function sortedJson(text: string): string {
  const jobs = JSON.parse(text) as Record<string, unknown>;
  return JSON.stringify(Object.entries(jobs).sort(([one], [other]) => (one < other ? -1 : 1)));
}
