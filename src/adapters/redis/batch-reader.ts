import { isUtf8 } from 'node:buffer';
import type { Redis } from 'ioredis';
import { type BatchRecord, type JobMaps, type RecordKind, recordKinds } from '../../domain/change.ts';
import { decodeRecord } from '../../domain/change-text.ts';
import { isJsonObject, parseJson } from '../../domain/json.ts';
import { copyKey } from '../../domain/names.ts';
import type { Parameters } from '../../domain/special-parameters.ts';
import { type Instant, parseInstant } from '../../domain/time.ts';
import { foreignData, type StoredWorkflow } from '../../domain/workflow.ts';
import type { BatchReader, LoadedWorkflow, RecordPage, WindowPage } from '../../ports/batch-reader.ts';
import type { Clock } from '../../ports/clock.ts';
import { readTime, type TimeReply } from './clock.ts';
import type { RedisConnection } from './connection.ts';
import { keys, openingField, recordIdOf, recordMember, timedMember, windowMemberBeyond } from './keys.ts';
import { readOperation } from './operation-text.ts';
import { fieldsOf, pipelined, together } from './pipeline.ts';
import { loadScript } from './script.ts';
import { isWrongType } from './server-errors.ts';
import { pageWorkflows } from './workflow-list.ts';

const peekScript = loadScript('./peek.lua');

/** @param clock in place of the server's own */
export function createRedisReader(connection: RedisConnection, clock: Clock | null): BatchReader {
  return {
    async load(workflow) {
      if (clock !== null) return { ...(await read(connection, workflow, [])), now: await clock.now() };
      return read(connection, workflow, ['time']);
    },
    peek: (workflow) => read(connection, workflow, []),
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

async function read(connection: RedisConnection, workflow: string, wanted: readonly ['time']): Promise<LoadedWorkflow>;
async function read(connection: RedisConnection, workflow: string, wanted: readonly []): Promise<StoredWorkflow>;
async function read(
  connection: RedisConnection,
  workflow: string,
  wanted: readonly string[],
): Promise<StoredWorkflow & { now?: Instant }> {
  const [flat, ledger, time] = await connection.call((redis) => peekOrExplain(redis, workflow, wanted));
  const head = fieldsOf(flat);
  for (const [job, text] of head) {
    // This sign stands for bytes that are no text, unless it was written as such.
    if (job.includes('\ufffd') || text.includes('\ufffd')) {
      await checkBytes(connection, workflow);
      break;
    }
  }
  const stored = { head: head.size === 0 ? null : head, ledger };
  return time === undefined ? stored : { ...stored, now: readTime(time) };
}

type Peeked = [flat: string[], ledger: string | null, time?: TimeReply];

async function peekOrExplain(redis: Redis, workflow: string, wanted: readonly string[]): Promise<Peeked> {
  try {
    return (await peekScript(redis, wanted, [workflow, keys.ledger(workflow)])) as Peeked;
  } catch (error) {
    if (!isWrongType(error)) throw error;
    const type = await redis.type(workflow);
    throw type === 'hash' || type === 'none' ? error : foreignData(workflow, `it is no hash but a ${type}`);
  }
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
