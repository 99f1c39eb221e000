import type { RecordKind } from '../../domain/change.ts';
import { decodeJournalEntry, decodeRecord } from '../../domain/change-text.ts';
import { isForgettable } from '../../domain/retention.ts';
import type { Instant } from '../../domain/time.ts';
import { windowOf } from './commit-arguments.ts';
import type { RedisConnection } from './connection.ts';
import { type StreamEntry, sequenceOf, textOf } from './journal.ts';
import { keys, openingField, recordIdOf } from './keys.ts';
import { fieldsOf, pipelined, type RedisCommand } from './pipeline.ts';
import { loadScript } from './script.ts';

const forgetScript = loadScript('./forget.lua');
/** How many items are looked at in one round trip. */
const stride = 200;
const ourKinds: readonly RecordKind[] = ['batch', 'backfill', 'init'];

/** Removes entries of the journal older than `before`, oldest first; at most `limit`. @returns how many */
export async function pruneJournal(connection: RedisConnection, before: Instant, limit: number): Promise<number> {
  let removed = 0;
  while (removed < limit) {
    const asked = Math.min(stride, limit - removed);
    const oldest = (await connection.call((redis) =>
      redis.xrange(keys.journal, '-', '+', 'COUNT', asked),
    )) as StreamEntry[];
    const entries = oldest.map((entry) => ({ sequence: sequenceOf(entry), entry: decodeJournalEntry(textOf(entry)) }));
    const kept = entries.findIndex(({ entry }) => entry.at >= before);
    const old = kept === -1 ? entries : entries.slice(0, kept);
    const last = old.at(-1);
    if (last !== undefined) {
      const removals = old.flatMap(({ sequence, entry }): RedisCommand[] =>
        entry.workflow === null ? [] : [['ZREM', keys.journalOf(entry.workflow), sequence]],
      );
      // No transaction, which a server without memory refuses, and pruning is what frees some. What is cut off halfway is in the
      // journal still, and its removal is done anew.
      await connection.call((redis) =>
        pipelined(redis, [...removals, ['XTRIM', keys.journal, 'MINID', `${last.sequence + 1}-0`]]),
      );
    }
    removed += old.length;
    if (old.length < asked) break;
  }
  return removed;
}

/** Removes our records of batches that ended before `before`, with their copies and windows; at most `limit`. @returns how many */
export async function pruneRecords(connection: RedisConnection, before: Instant, limit: number): Promise<number> {
  let removed = 0;
  let cursor = '0';
  do {
    const scanned = cursor;
    const [next, names] = await connection.call((redis) => redis.sscan(keys.names, scanned, 'COUNT', stride));
    for (const name of names) {
      if (removed >= limit) return removed;
      removed += await pruneWorkflow(connection, name, before, limit - removed);
    }
    cursor = next;
  } while (cursor !== '0');
  return removed;
}

async function pruneWorkflow(
  connection: RedisConnection,
  name: string,
  before: Instant,
  limit: number,
): Promise<number> {
  const starts = await connection.call((redis) =>
    pipelined(
      redis,
      ourKinds.map((kind) => ['ZRANGE', keys.records(kind, name), 0, 0]),
    ),
  );
  let removed = 0;
  for (const [index, kind] of ourKinds.entries()) {
    // The oldest alone, first: as a rule it is to be kept, and with it all others.
    let members = starts[index] as string[];
    let asked = 1;
    while (members.length > 0 && removed < limit) {
      const { forgotten, isOver } = await pruneMembers(connection, name, kind, members, before, limit - removed);
      removed += forgotten;
      const last = members.at(-1);
      if (isOver || members.length < asked) break;
      asked = stride;
      members = await connection.call((redis) =>
        redis.zrange(keys.records(kind, name), `(${last}`, '+', 'BYLEX', 'LIMIT', 0, stride),
      );
    }
  }
  return removed;
}

/** Members are in the order of their batches, so that the first opened too late ends the search. */
async function pruneMembers(
  connection: RedisConnection,
  name: string,
  kind: RecordKind,
  members: readonly string[],
  before: Instant,
  limit: number,
) {
  const [flatHead, ...records] = await connection.call((redis) =>
    pipelined(redis, [
      ['HGETALL', name],
      ...members.map((member): RedisCommand => ['HGETALL', keys.record(name, recordIdOf(member))]),
    ]),
  );
  const head = fieldsOf(flatHead);
  let forgotten = 0;
  for (const [index, member] of members.entries()) {
    const fields = fieldsOf(records[index]);
    const id = recordIdOf(member);
    const opening = fields.get(openingField);
    if (opening === undefined) continue;
    const record = decodeRecord(
      id,
      opening,
      [...fields].filter(([field]) => field !== openingField),
    );
    if (record.opening.openedAt >= before || forgotten >= limit) return { forgotten, isOver: true };
    if (!isForgettable(record, head, before)) continue;
    const windows = [...record.jobs].flatMap(([job, outcome]) => {
      const window = windowOf(record.opening, outcome);
      return window === '' ? [] : [job, window];
    });
    const args = [
      name,
      id,
      kind,
      String(fields.size),
      ...[...fields].flat(),
      String(windows.length / 2),
      ...windows,
      member,
    ];
    forgotten += Number(await connection.call((redis) => forgetScript(redis, [], args)));
  }
  return { forgotten, isOver: false };
}
