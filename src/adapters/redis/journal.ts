import type { Redis } from 'ioredis';
import { decodeJournalEntry } from '../../domain/change-text.ts';
import type { BatchStatus } from '../../domain/execution.ts';
import type { Journal, JournaledEntry, JournalPage } from '../../ports/journal.ts';
import type { RedisConnection } from './connection.ts';
import type { JournalWatch } from './journal-watch.ts';
import { keys } from './keys.ts';
import { pipelined } from './pipeline.ts';
import { loadScript } from './script.ts';

/** As Redis answers: an id `<sequence>-0`, and its fields, of which the second is the entry's text. */
export type StreamEntry = readonly [id: string, fields: readonly string[]];

const statusesScript = loadScript('./statuses.lua');

export function createRedisJournal(connection: RedisConnection, watch: JournalWatch): Journal {
  return {
    read: (page) => connection.call(async (redis) => (await readPage(redis, page)).map(readEntry)),
    async executionStatuses(beyond, limit) {
      const [last, count, statuses, offers] = (await connection.call((redis) =>
        statusesScript(redis, [], [String(beyond + 1), String(limit)]),
      )) as [last: string, count: number, statuses: BatchStatus[], offers: 0 | 1];
      return {
        last: count === 0 ? beyond : sequenceOf([last, []]),
        isMore: count === limit,
        statuses: new Set(statuses),
        offersParts: offers === 1,
      };
    },
    async bounds() {
      const [first, last] = (await connection.call((redis) =>
        pipelined(redis, [
          ['XRANGE', keys.journal, '-', '+', 'COUNT', 1],
          ['XREVRANGE', keys.journal, '+', '-', 'COUNT', 1],
        ]),
      )) as [StreamEntry[], StreamEntry[]];
      return {
        first: first[0] === undefined ? 0 : sequenceOf(first[0]),
        last: last[0] === undefined ? 0 : sequenceOf(last[0]),
      };
    },
    subscribe: (onChange) => watch.subscribe(onChange),
  };
}

export function sequenceOf([id]: StreamEntry): number {
  return Number(id.slice(0, id.indexOf('-')));
}

export function textOf([, fields]: StreamEntry): string {
  return fields[1] ?? '';
}

function readEntry(entry: StreamEntry): JournaledEntry {
  return { sequence: sequenceOf(entry), entry: decodeJournalEntry(textOf(entry)) };
}

async function readPage(redis: Redis, { workflow, direction, beyond, limit }: JournalPage): Promise<StreamEntry[]> {
  const descending = direction === 'descending';
  if (descending && beyond !== null && beyond <= 0) return [];
  if (workflow === null) {
    if (descending) return redis.xrevrange(keys.journal, beyond === null ? '+' : beyond - 1, '-', 'COUNT', limit);
    return redis.xrange(keys.journal, beyond === null ? '-' : beyond + 1, '+', 'COUNT', limit);
  }
  const bounds = descending
    ? [beyond === null ? '+inf' : `(${beyond}`, '-inf', 'BYSCORE', 'REV']
    : [beyond === null ? '-inf' : `(${beyond}`, '+inf', 'BYSCORE'];
  const sequences = (await redis.call('ZRANGE', keys.journalOf(workflow), ...bounds, 'LIMIT', 0, limit)) as string[];
  const found = await pipelined(
    redis,
    sequences.map((sequence) => ['XRANGE', keys.journal, sequence, sequence]),
  );
  return (found as StreamEntry[][]).flat();
}
