import type { Redis } from 'ioredis';
import { BatchyError } from '../../domain/errors.ts';
import type { DocumentReader, IndexPage, StoredDocument } from '../../ports/document-reader.ts';
import type { RedisConnection } from './connection.ts';
import { readDocument } from './document-text.ts';
import { gather } from './gather.ts';
import { keys } from './keys.ts';
import type { RedisCommand } from './pipeline.ts';
import { loadScript } from './script.ts';
import { foreignOwnKey, isWrongType } from './server-errors.ts';

const documentsScript = loadScript('./documents.lua');
const mostAtATime = 64;

export function createRedisDocuments(connection: RedisConnection): DocumentReader {
  const ask = gather(mostAtATime, getTogether);
  const taking = new Map<string, ReturnType<typeof takeNumbers>>();
  const askByCommand = gather(mostAtATime, carryOutTogether);
  const carryOut = async (redis: Redis, key: string, command: RedisCommand): Promise<unknown> => {
    const { error, value } = await askByCommand({ redis, command });
    if (error === null) return value;
    if (!isWrongType(error)) throw error;
    throw foreignOwnKey(key, await redis.type(key));
  };
  return {
    get(asked) {
      if (asked.length === 0) return Promise.resolve([]);
      const wanted = asked.map((key) => keys.document(key));
      return connection.call((redis) => ask({ redis, keys: wanted })).then(orForeign);
    },
    scan: async (page) => {
      const key = keys.index(page.index);
      return (await connection.call((redis) => carryOut(redis, key, pageCommand(key, page)))) as string[];
    },
    reserve(sequence, count) {
      const taken = taking.get(sequence) ?? takeNumbers(keys.numbers(sequence));
      taking.set(sequence, taken);
      // May be sent again: numbers that nobody got to know are lost.
      return connection.call((redis) => taken({ redis, count }));
    },
  };
}

/** Who ask for numbers at a time share one taking, in the order in which they asked. */
function takeNumbers(key: string): (asked: Taking) => Promise<number> {
  return gather(mostAtATime, async (asked: readonly Taking[]) => {
    const all = asked.reduce((sum, { count }) => sum + count, 0);
    const [{ redis }] = asked as [Taking];
    try {
      let next = Number(await redis.call('INCRBY', key, all)) - all + 1;
      return asked.map(({ count }) => (next += count) - count);
    } catch (error) {
      throw isWrongType(error) ? foreignOwnKey(key, await redis.type(key)) : error;
    }
  });
}

interface Taking {
  readonly redis: Redis;
  readonly count: number;
}

function orForeign(found: (StoredDocument | null)[] | BatchyError): (StoredDocument | null)[] {
  if (found instanceof BatchyError) throw found;
  return found;
}

interface Asked {
  readonly redis: Redis;
  readonly keys: readonly string[];
}

/** Each asker's keys are of one moment, since all are. */
async function getTogether(asked: readonly Asked[]): Promise<((StoredDocument | null)[] | BatchyError)[]> {
  const [first] = asked;
  if (first === undefined) return [];
  const wanted = [...new Set(asked.flatMap(({ keys: own }) => own))];
  const found = (await documentsScript(first.redis, wanted)) as (string | null | [type: string])[];
  const byKey = new Map(wanted.map((key, index) => [key, readFound(key, found[index] ?? null)]));
  return asked.map(({ keys: own }) => {
    const documents: (StoredDocument | null)[] = [];
    for (const key of own) {
      const document = byKey.get(key) ?? null;
      if (document instanceof BatchyError) return document;
      documents.push(document);
    }
    return documents;
  });
}

function readFound(key: string, found: string | null | [type: string]): StoredDocument | BatchyError | null {
  if (found === null) return null;
  if (typeof found !== 'string') return foreignOwnKey(key, found[0]);
  return readDocument(found) ?? foreignOwnKey(key, 'string');
}

/** Members are ASCII, so that this sign is behind all that begin with the prefix. */
const behindAll = '\u00ff';

function pageCommand(key: string, { prefix, direction, beyond, limit }: IndexPage): RedisCommand {
  const ascending = direction === 'ascending';
  const end = `${prefix}${behindAll}`;
  const least = ascending && beyond !== null && beyond >= prefix ? `(${beyond}` : `[${prefix}`;
  const greatest = !ascending && beyond !== null && beyond < end ? `(${beyond}` : `(${end}`;
  const bounds = ascending ? [least, greatest, 'BYLEX'] : [greatest, least, 'BYLEX', 'REV'];
  return ['ZRANGE', key, ...bounds, 'LIMIT', 0, limit];
}

interface Commanded {
  readonly redis: Redis;
  readonly command: RedisCommand;
}

interface CommandAnswer {
  readonly error: Error | null;
  readonly value: unknown;
}

/** One packet for all; each is answered, or refused, by itself. */
async function carryOutTogether(commanded: readonly Commanded[]): Promise<CommandAnswer[]> {
  const pipeline = (commanded[0] as Commanded).redis.pipeline();
  for (const { command } of commanded) pipeline.call(...command);
  const answers = (await pipeline.exec()) ?? [];
  return answers.map(([error, value]) => ({ error, value }));
}
