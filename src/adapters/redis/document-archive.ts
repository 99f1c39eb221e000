import type { ArchivedItem } from '../../ports/upkeep.ts';
import type { RedisConnection } from './connection.ts';
import { keptDocument, readDocument } from './document-text.ts';
import { keys } from './keys.ts';
import { pipelined, type RedisCommand } from './pipeline.ts';

/** How many keys, or members of an index, are read in one round trip. */
const stride = 50;

type ArchivedDocument = Extract<ArchivedItem, { kind: 'document' | 'index' | 'sequence' }>;

/** Documents, indexes and sequences. A key that a scan names twice is given twice; taking it in again changes nothing. */
export async function* exportDocuments(connection: RedisConnection): AsyncIterable<ArchivedDocument> {
  yield* exportTexts(connection, keys.document({ collection: '', id: '' }).slice(0, -1), readDocumentItem);
  for await (const key of keysBeginning(connection, keys.index(''))) yield* exportIndex(connection, key);
  yield* exportTexts(connection, keys.numbers(''), (sequence, text) =>
    /^\d{1,16}$/.test(text) ? { kind: 'sequence', sequence, last: Number(text) } : null,
  );
}

function readDocumentItem(name: string, kept: string): ArchivedDocument | null {
  const document = readDocument(kept);
  const end = name.indexOf(':');
  if (document === null || end < 0) return null;
  return { kind: 'document', collection: name.slice(0, end), id: name.slice(end + 1), ...document };
}

/** @param read `null` for what we did not write */
async function* exportTexts(
  connection: RedisConnection,
  prefix: string,
  read: (name: string, text: string) => ArchivedDocument | null,
): AsyncIterable<ArchivedDocument> {
  for await (const found of pagesOfKeys(connection, prefix)) {
    // A type that we do not give is told as a missing text.
    const [texts] = (await connection.call((redis) => pipelined(redis, [['MGET', ...found]]))) as [(string | null)[]];
    for (const [index, key] of found.entries()) {
      const text = texts[index] ?? null;
      const item = text === null ? null : read(key.slice(prefix.length), text);
      if (item !== null) yield item;
    }
  }
}

async function* exportIndex(connection: RedisConnection, key: string): AsyncIterable<ArchivedDocument> {
  for (let from = '-'; ;) {
    const after = from;
    const members = await connection.call((redis) => redis.zrange(key, after, '+', 'BYLEX', 'LIMIT', 0, stride));
    if (members.length > 0) yield { kind: 'index', index: key.slice(keys.index('').length), members };
    if (members.length < stride) return;
    from = `(${members.at(-1)}`;
  }
}

async function* keysBeginning(connection: RedisConnection, prefix: string): AsyncIterable<string> {
  for await (const found of pagesOfKeys(connection, prefix)) yield* found;
}

async function* pagesOfKeys(connection: RedisConnection, prefix: string): AsyncIterable<string[]> {
  let cursor = '0';
  do {
    const scanned = cursor;
    const [next, found] = await connection.call((redis) => redis.scan(scanned, 'MATCH', `${prefix}*`, 'COUNT', 1000));
    if (found.length > 0) yield found;
    cursor = next;
  } while (cursor !== '0');
}

export function documentCommands(item: ArchivedDocument): RedisCommand[] {
  if (item.kind === 'document') return [['SET', keys.document(item), keptDocument(item)]];
  if (item.kind === 'sequence') return [['SET', keys.numbers(item.sequence), item.last]];
  return [['ZADD', keys.index(item.index), ...item.members.flatMap((member): [number, string] => [0, member])]];
}
