import type { ChainableCommander, Redis } from 'ioredis';
import { isReply } from './server-errors.ts';

/** A command and its arguments. Upper case, so that the driver leaves the answer as it came: flat lists of texts. */
export type RedisCommand = readonly [name: string, ...args: (string | number)[]];

/** Sends commands together and gives their answers in order; other clients may come between. @throws the first error */
export async function pipelined(redis: Redis, commands: readonly RedisCommand[]): Promise<unknown[]> {
  return commands.length === 0 ? [] : answersOf(redis.pipeline(), commands);
}

/** As `pipelined`, but nobody comes between. */
export async function together(redis: Redis, commands: readonly RedisCommand[]): Promise<unknown[]> {
  return commands.length === 0 ? [] : answersOf(redis.multi(), commands);
}

async function answersOf(pipeline: ChainableCommander, commands: readonly RedisCommand[]): Promise<unknown[]> {
  for (const [name, ...args] of commands) pipeline.call(name, ...args);
  const results = (await pipeline.exec().catch(refuse)) ?? [];
  const failed = results.find(([error]) => error !== null);
  if (failed !== undefined) throw failed[0];
  return results.map(([, answer]) => answer);
}

/** Of commands that nobody comes between all are discarded where one is refused: it is that refusal which says why. */
function refuse(error: unknown): never {
  const isDiscarded = isReply(error) && error.message.startsWith('EXECABORT ') && 'previousErrors' in error;
  const refusals: unknown = isDiscarded ? error.previousErrors : [];
  throw Array.isArray(refusals) && refusals.length > 0 ? refusals[0] : error;
}

/** Field to text, of a flat answer to HGETALL. */
export function fieldsOf(flat: unknown): Map<string, string> {
  const list = flat as string[];
  const fields = new Map<string, string>();
  for (let index = 0; index < list.length; index += 2) fields.set(list[index] ?? '', list[index + 1] ?? '');
  return fields;
}
