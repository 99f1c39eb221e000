import { listingFields, readListing } from '../../domain/archive-text.ts';
import { recordKinds } from '../../domain/change.ts';
import { decodeJournalEntry, decodeRecord } from '../../domain/change-text.ts';
import { BatchyError } from '../../domain/errors.ts';
import { copyKey, quoteBriefly } from '../../domain/names.ts';
import { formatInstant, instantFromMilliseconds, parseInstant, splitInstant } from '../../domain/time.ts';
import type { ArchivedItem } from '../../ports/upkeep.ts';
import { windowOf } from './commit-arguments.ts';
import type { RedisConnection } from './connection.ts';
import { documentCommands, exportDocuments } from './document-archive.ts';
import { type StreamEntry, sequenceOf, textOf } from './journal.ts';
import { keys, openingField, recordIdOf, recordMember, schemaVersion, timedMember } from './keys.ts';
import { keptFromElsewhere, operationText } from './operation-text.ts';
import { fieldsOf, pipelined, type RedisCommand, together } from './pipeline.ts';

/** How many items are read or written in one round trip. */
const stride = 200;

/** All that we know, workflow by workflow. What changes meanwhile may be in it or not: stop the service first. */
export async function* exportItems(connection: RedisConnection): AsyncIterable<ArchivedItem> {
  for await (const name of namesOf(connection)) {
    const [head, ledger, listed] = (await connection.call((redis) =>
      together(redis, [
        ['HGETALL', name],
        ['GET', keys.ledger(name)],
        ['HGET', keys.listings, name],
      ]),
    )) as [string[], string | null, string | null];
    yield {
      kind: 'workflow',
      name,
      head: head.length === 0 ? null : Object.fromEntries(fieldsOf(head)),
      ledger,
      listing: readListed(listed),
    };
    for (const kind of recordKinds) yield* exportRecords(connection, name, keys.records(kind, name));
  }
  yield* exportJournal(connection);
  yield* exportOperations(connection);
  yield* exportDocuments(connection);
}

async function* namesOf(connection: RedisConnection): AsyncIterable<string> {
  // A scan may name one twice.
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const scanned = cursor;
    const [next, names] = await connection.call((redis) => redis.sscan(keys.names, scanned, 'COUNT', stride));
    for (const name of names) if (!seen.has(name) && seen.add(name)) yield name;
    cursor = next;
  } while (cursor !== '0');
}

function readListed(text: string | null) {
  if (text === null) return null;
  const [status = '', updatedAt = '', start = '-'] = text.split(' ');
  return { status, updated_at: updatedAt, latest_start: start === '-' ? null : start };
}

async function* exportRecords(
  connection: RedisConnection,
  workflow: string,
  index: string,
): AsyncIterable<ArchivedItem> {
  let from = '-';
  for (;;) {
    const after = from;
    const members = await connection.call((redis) => redis.zrange(index, after, '+', 'BYLEX', 'LIMIT', 0, stride));
    const ids = members.map(recordIdOf);
    const found = await connection.call((redis) =>
      pipelined(
        redis,
        ids.map((id) => ['HGETALL', keys.record(workflow, id)]),
      ),
    );
    const copies = await connection.call((redis) =>
      copiesOf(
        redis,
        ids.map((id) => copyKey(workflow, id)),
      ),
    );
    for (const [position, id] of ids.entries()) {
      const jobs = fieldsOf(found[position]);
      const opening = jobs.get(openingField);
      jobs.delete(openingField);
      const copy = copies[position];
      if (opening !== undefined)
        yield {
          kind: 'record',
          workflow,
          id,
          opening,
          jobs: Object.fromEntries(jobs),
          copy: copy === undefined ? null : Object.fromEntries(copy),
        };
    }
    if (members.length < stride) return;
    from = `(${members.at(-1)}`;
  }
}

/** Copies lie among other programs' keys; one that is no hash is none. */
async function copiesOf(
  redis: Parameters<typeof pipelined>[0],
  copyKeys: readonly string[],
): Promise<(Map<string, string> | undefined)[]> {
  const types = await pipelined(
    redis,
    copyKeys.map((key) => ['TYPE', key]),
  );
  const hashes = copyKeys.filter((_key, index) => types[index] === 'hash');
  const found = await pipelined(
    redis,
    hashes.map((key) => ['HGETALL', key]),
  );
  const byKey = new Map(hashes.map((key, index) => [key, fieldsOf(found[index])]));
  return copyKeys.map((key) => byKey.get(key));
}

async function* exportJournal(connection: RedisConnection): AsyncIterable<ArchivedItem> {
  for (let from = '-'; ;) {
    const after = from;
    const entries = (await connection.call((redis) =>
      redis.xrange(keys.journal, after, '+', 'COUNT', stride),
    )) as StreamEntry[];
    for (const entry of entries) yield { kind: 'journal', sequence: sequenceOf(entry), entry: textOf(entry) };
    const last = entries.at(-1);
    if (last === undefined || entries.length < stride) return;
    from = `(${last[0]}`;
  }
}

async function* exportOperations(connection: RedisConnection): AsyncIterable<ArchivedItem> {
  const prefix = keys.operation('');
  let cursor = '0';
  do {
    const scanned = cursor;
    const [next, found] = await connection.call((redis) => redis.scan(scanned, 'MATCH', `${prefix}*`, 'COUNT', 1000));
    const answers = await connection.call((redis) =>
      pipelined(
        redis,
        found.flatMap((key): RedisCommand[] => [
          ['GET', key],
          ['PEXPIRETIME', key],
        ]),
      ),
    );
    for (const [index, key] of found.entries()) {
      const kept = answers[2 * index] as string | null;
      const expiresAt = Number(answers[2 * index + 1]);
      if (kept !== null && expiresAt > 0)
        yield {
          kind: 'operation',
          id: key.slice(prefix.length),
          text: operationText(kept),
          expiresAt: formatInstant(instantFromMilliseconds(expiresAt)),
        };
    }
    cursor = next;
  } while (cursor !== '0');
}

/** @throws BatchyError `foreign-data` when anything of ours is there already, or a key that an item needs */
export async function importItems(connection: RedisConnection, items: AsyncIterable<ArchivedItem>): Promise<number> {
  const present = await connection.call((redis) => redis.exists(keys.schema, keys.names, keys.listings, keys.journal));
  if (present > 0)
    throw new BatchyError(
      'foreign-data',
      'The Redis that should take in the archive is not empty: it has Batchy data. Name an empty one.',
    );
  let count = 0;
  let batch: ArchivedItem[] = [];
  for await (const item of items) {
    batch.push(item);
    count++;
    if (batch.length < stride) continue;
    await importBatch(connection, batch);
    batch = [];
  }
  await importBatch(connection, batch);
  await connection.call((redis) => redis.set(keys.schema, schemaVersion));
  return count;
}

async function importBatch(connection: RedisConnection, items: readonly ArchivedItem[]): Promise<void> {
  const shared = items.flatMap((item) => {
    if (item.kind === 'workflow') return [item.name];
    return item.kind === 'record' ? [copyKey(item.workflow, item.id)] : [];
  });
  const found = await connection.call((redis) =>
    pipelined(
      redis,
      shared.map((key) => ['EXISTS', key]),
    ),
  );
  const taken = shared.find((_key, index) => found[index] !== 0);
  if (taken !== undefined) {
    throw new BatchyError(
      'foreign-data',
      `The key ${quoteBriefly(taken)} exists already and belongs to somebody else. Nothing was written over; name an empty Redis and import again.`,
    );
  }
  const commands = items.flatMap(commandsFor);
  // Once only: entries of the journal cannot be added twice, so after a broken connection the import begins anew.
  await connection.call((redis) => together(redis, commands), 'once');
}

function commandsFor(item: ArchivedItem): RedisCommand[] {
  if (item.kind === 'workflow') return workflowCommands(item);
  if (item.kind === 'record') return recordCommands(item);
  if (item.kind === 'journal') {
    const { workflow } = decodeJournalEntry(item.entry);
    return [
      ['XADD', keys.journal, `${item.sequence}-0`, 'entry', item.entry],
      ...(workflow === null ? [] : [['ZADD', keys.journalOf(workflow), item.sequence, item.sequence] as RedisCommand]),
      ['SET', keys.sequence, item.sequence],
    ];
  }
  if (item.kind !== 'operation') return documentCommands(item);
  const { milliseconds } = splitInstant(parseInstant(item.expiresAt) ?? 0n);
  return [['SET', keys.operation(item.id), keptFromElsewhere(item.text), 'PXAT', milliseconds]];
}

function workflowCommands({
  name,
  head,
  ledger,
  listing,
}: Extract<ArchivedItem, { kind: 'workflow' }>): RedisCommand[] {
  const commands: RedisCommand[] = [['SADD', keys.names, name]];
  if (ledger !== null) commands.push(['SET', keys.ledger(name), ledger]);
  if (head === null) return commands;
  for (const [job, text] of Object.entries(head)) commands.push(['HSET', name, job, text]);
  if (listing === null) return commands;
  const facts = readListing(listing);
  const { status, updated_at: updatedAt, latest_start: start } = listingFields(facts);
  commands.push(
    ['HSET', keys.listings, name, `${status} ${updatedAt} ${start ?? '-'}`],
    ['ZADD', keys.named(status), 0, name],
    ['ZADD', keys.updated(status), 0, timedMember(facts.updatedAt, name)],
  );
  if (facts.latestStart !== null) commands.push(['ZADD', keys.starts, 0, timedMember(facts.latestStart, name)]);
  return commands;
}

function recordCommands({
  workflow,
  id,
  opening,
  jobs,
  copy,
}: Extract<ArchivedItem, { kind: 'record' }>): RedisCommand[] {
  const record = decodeRecord(id, opening, Object.entries(jobs));
  const key = keys.record(workflow, id);
  const commands: RedisCommand[] = [
    ['HSET', key, openingField, opening],
    ['ZADD', keys.records(record.opening.kind, workflow), 0, recordMember(record.opening.number, id)],
  ];
  for (const [job, text] of Object.entries(jobs)) commands.push(['HSET', key, job, text]);
  for (const [job, text] of Object.entries(copy ?? {})) commands.push(['HSET', copyKey(workflow, id), job, text]);
  for (const [job, outcome] of record.jobs) {
    const window = windowOf(record.opening, outcome);
    if (window !== '') commands.push(['ZADD', keys.windows(workflow, job), 0, window]);
  }
  return commands;
}
