import { isUtf8 } from 'node:buffer';
import type { Redis } from 'ioredis';
import { type BatchRecord, type JobMaps, type RecordKind, recordKinds } from '../../domain/change.ts';
import { decodeRecord } from '../../domain/change-text.ts';
import { BatchyError } from '../../domain/errors.ts';
import { isJsonObject, parseJson } from '../../domain/json.ts';
import { copyKey } from '../../domain/names.ts';
import type { Parameters } from '../../domain/special-parameters.ts';
import { type Instant, parseInstant } from '../../domain/time.ts';
import { foreignData } from '../../domain/workflow.ts';
import type { BatchReader, LoadedWorkflow, RecordPage, WindowPage } from '../../ports/batch-reader.ts';
import type { Clock } from '../../ports/clock.ts';
import { readTime, type TimeReply } from './clock.ts';
import type { RedisConnection } from './connection.ts';
import { gather } from './gather.ts';
import { keys, openingField, recordIdOf, recordMember, timedMember, windowMemberBeyond } from './keys.ts';
import type { LastWritten } from './last-written.ts';
import { readOperation } from './operation-text.ts';
import { fieldsOf, pipelined, together } from './pipeline.ts';
import { loadScript } from './script.ts';
import type { ServerTime } from './server-time.ts';
import { foreignOwnKey, isWrongType } from './server-errors.ts';
import { pageWorkflows } from './workflow-list.ts';

/** What the store and the reader of one process tell each other. */
export interface Remembered {
  readonly lastWritten: LastWritten;
  readonly serverTime: ServerTime;
}

const peekScript = loadScript('./peek.lua');
const mostAtATime = 64;

/** @param clock in place of the server's own */
export function createRedisReader(
  connection: RedisConnection,
  { lastWritten, serverTime }: Remembered,
  clock: Clock | null,
): BatchReader {
  const ask = gather(mostAtATime, (asked: readonly Asked[]) => readTogether(asked, serverTime));

  async function read(workflow: string): Promise<LoadedWorkflow> {
    const found = await connection.call((redis) => ask({ redis, workflow }));
    if (found instanceof BatchyError) throw found;
    const { isDoubtful, ...loaded } = found;
    if (isDoubtful) await checkBytes(connection, workflow);
    return loaded;
  }

  return {
    async load(workflow) {
      const loaded = await read(workflow);
      return clock === null ? loaded : { ...loaded, now: await clock.now() };
    },
    async recall(workflow) {
      const written = lastWritten.recall(workflow);
      if (written === null) return null;
      const now = clock === null ? serverTime.tell() : await clock.now();
      return now === null ? null : { ...written, now };
    },
    async peek(workflow) {
      const { head, ledger } = await read(workflow);
      return { head, ledger };
    },
    record: (workflow, id) =>
      connection.call(async (redis) => recordOf(id, await redis.call('HGETALL', keys.record(workflow, id)))),
    copy: (workflow, id) => connection.call((redis) => readCopy(redis, copyKey(workflow, id))),
    records: (workflow, page) => connection.call((redis) => pageRecords(redis, workflow, page)),
    windows: (workflow, job, page) => connection.call((redis) => pageWindows(redis, workflow, job, page)),
    workflows: (page) => connection.call((redis) => pageWorkflows(redis, page)),
    async startedAfter(instant, limit) {
      const found = await connection.call((redis) =>
        redis.zrange(keys.starts, `(${timedMember(instant, '~')}`, '+', 'BYLEX', 'LIMIT', 0, limit),
      );
      return found.map((member) => member.slice(member.indexOf(' ') + 1));
    },
    async operation(id) {
      const kept = await connection.call((redis) => redis.get(keys.operation(id)));
      return kept === null ? null : readOperation(id, kept).operation;
    },
  };
}

interface Asked {
  readonly redis: Redis;
  readonly workflow: string;
}

/** What a script of reads answers: a time, and of each workflow what is there, or the key that is of another type, and which. */
type Peeked = readonly [
  time: TimeReply,
  found: readonly (['found', flat: string[], ledger: string | null] | ['foreign', key: string, type: string])[],
];

/** Many ask for the same workflow at a time, and are told the same. */
async function readTogether(asked: readonly Asked[], serverTime: ServerTime): Promise<Found[]> {
  const names = [...new Set(asked.map(({ workflow }) => workflow))];
  const [first] = asked;
  if (first === undefined) return [];
  const [time, found] = (await peekScript(
    first.redis,
    names.flatMap((name) => [name, keys.ledger(name)]),
  )) as Peeked;
  const now = readTime(time);
  serverTime.heard(now);
  const byName = new Map(names.map((name, index) => [name, readFound(name, found[index] as Peeked[1][number], now)]));
  return asked.map(({ workflow }) => byName.get(workflow) as Found);
}

type Found = (LoadedWorkflow & { readonly isDoubtful: boolean }) | BatchyError;

function readFound(workflow: string, found: Peeked[1][number], now: Instant): Found {
  if (found[0] === 'foreign') {
    const [, key, type] = found;
    return key === workflow ? foreignData(workflow, `it is no hash but a ${type}`) : foreignOwnKey(key, type);
  }
  const head = fieldsOf(found[1]);
  return { head: head.size === 0 ? null : head, ledger: found[2], now, isDoubtful: holdsReplacement(head) };
}

/** This sign stands for bytes that are no text, unless it was written as such. */
function holdsReplacement(head: ReadonlyMap<string, string>): boolean {
  for (const [job, text] of head) if (job.includes('\ufffd') || text.includes('\ufffd')) return true;
  return false;
}

/** What is no UTF-8 cannot be compared with what was read of it, nor carried on unharmed. */
async function checkBytes(connection: RedisConnection, workflow: string): Promise<void> {
  const bytes = (await connection.call((redis) => redis.callBuffer('HGETALL', workflow))) as Buffer[];
  if (!bytes.every((part) => isUtf8(part))) throw foreignData(workflow, 'a field of it is no UTF-8 text');
}

function recordOf(id: string, flat: unknown): BatchRecord | null {
  const fields = fieldsOf(flat);
  const opening = fields.get(openingField);
  fields.delete(openingField);
  return opening === undefined ? null : decodeRecord(id, opening, fields);
}

async function readCopy(redis: Redis, key: string): Promise<JobMaps | null> {
  try {
    const fields = fieldsOf(await redis.call('HGETALL', key));
    const jobs = new Map<string, Parameters>();
    for (const [job, text] of fields) {
      const value = parseJson(text);
      if (!isJsonObject(value)) return null;
      jobs.set(job, new Map(Object.entries(value)));
    }
    return jobs.size === 0 ? null : jobs;
  } catch (error) {
    if (error instanceof SyntaxError || isWrongType(error)) return null;
    throw error;
  }
}

/** Each kind has an index of its own; their pages are merged. */
async function pageRecords(
  redis: Redis,
  workflow: string,
  { before, limit, kinds }: RecordPage,
): Promise<BatchRecord[]> {
  const asked: readonly RecordKind[] = kinds.length === 0 ? recordKinds : kinds;
  const newest = before === null ? '+' : `(${recordMember(before.number, before.id)}`;
  const found = await together(
    redis,
    asked.map((kind) => ['ZRANGE', keys.records(kind, workflow), newest, '-', 'BYLEX', 'REV', 'LIMIT', 0, limit]),
  );
  const members = (found as string[][]).flat().sort().toReversed().slice(0, limit);
  const ids = members.map(recordIdOf);
  const records = await pipelined(
    redis,
    ids.map((id) => ['HGETALL', keys.record(workflow, id)]),
  );
  // One that was forgotten in this very moment is left out.
  return records.flatMap((flat, index) => recordOf(ids[index] ?? '', flat) ?? []);
}

async function pageWindows(redis: Redis, workflow: string, job: string, { after, limit }: WindowPage) {
  const from = after === null ? '-' : windowMemberBeyond(after.until, after.batchId);
  const members = await redis.zrange(keys.windows(workflow, job), from, '+', 'BYLEX', 'LIMIT', 0, limit);
  return members.map((member) => {
    const [until = '', batchId, start = ''] = member.split(' ');
    return { job, batchId: Number(batchId), from: parseInstant(start) ?? 0n, until: parseInstant(until) ?? 0n };
  });
}
