import type { Redis } from 'ioredis';
import { parseInstant } from '../../domain/time.ts';
import { type Status, statuses } from '../../domain/transitions.ts';
import type { ListedWorkflow, WorkflowPage } from '../../ports/batch-reader.ts';
import { keys, timedMember } from './keys.ts';
import { type RedisCommand, together } from './pipeline.ts';

/** How many are looked through at a time where the index cannot narrow by the prefix. */
const stride = 500;

/** A page of the workflows that exist. There is an index for each status; their pages are merged. */
export async function pageWorkflows(redis: Redis, page: WorkflowPage): Promise<ListedWorkflow[]> {
  const asked = page.status === null ? statuses : [page.status];
  return page.sort === 'name' ? pageByName(redis, page, asked) : pageByChange(redis, page, asked);
}

async function pageByName(redis: Redis, page: WorkflowPage, asked: readonly Status[]): Promise<ListedWorkflow[]> {
  const { prefix, after, descending, limit } = page;
  // Names are ASCII, so that this sign is behind all that begin with the prefix.
  const end = `${prefix}\u00ff`;
  const least = !descending && after !== null && after.name >= prefix ? `(${after.name}` : `[${prefix}`;
  const greatest = descending && after !== null && after.name < end ? `(${after.name}` : `(${end}`;
  const found = await rangesOf(
    redis,
    asked.map((status) => keys.named(status)),
    { least, greatest, descending, limit },
  );
  const listed = asked.flatMap((status, index) => (found[index] ?? []).map((name) => ({ name, status })));
  const names = listed.sort((one, other) => order(one.name, other.name, descending)).slice(0, limit);
  if (names.length === 0) return [];
  const facts = await redis.hmget(keys.listings, ...names.map(({ name }) => name));
  return names.map(({ name, status }, index) => ({
    name,
    status,
    updatedAt: parseInstant(facts[index]?.split(' ')[1] ?? '') ?? 0n,
  }));
}

async function pageByChange(redis: Redis, page: WorkflowPage, asked: readonly Status[]): Promise<ListedWorkflow[]> {
  const { prefix, descending, limit } = page;
  const listed: ListedWorkflow[] = [];
  let after = page.after === null ? null : timedMember(page.after.updatedAt, page.after.name);
  const stretch = prefix === '' ? limit : Math.max(stride, limit);
  for (;;) {
    const least = !descending && after !== null ? `(${after}` : '-';
    const greatest = descending && after !== null ? `(${after}` : '+';
    const found = await rangesOf(
      redis,
      asked.map((status) => keys.updated(status)),
      { least, greatest, descending, limit: stretch },
    );
    const members = asked.flatMap((status, index) => (found[index] ?? []).map((member) => ({ member, status })));
    members.sort((one, other) => order(one.member, other.member, descending)).splice(stretch);
    for (const { member, status } of members) {
      const [updatedAt = '', name = ''] = member.split(' ');
      if (name.startsWith(prefix)) listed.push({ name, status, updatedAt: parseInstant(updatedAt) ?? 0n });
    }
    if (listed.length >= limit || members.length < stretch) return listed.slice(0, limit);
    after = members.at(-1)?.member ?? null;
  }
}

interface LexicalRange {
  readonly least: string;
  readonly greatest: string;
  readonly descending: boolean;
  readonly limit: number;
}

/** Read at one moment, so that a workflow whose status changes is neither twice in them nor missing. */
async function rangesOf(
  redis: Redis,
  sets: readonly string[],
  { least, greatest, descending, limit }: LexicalRange,
): Promise<string[][]> {
  const bounds = descending ? [greatest, least, 'BYLEX', 'REV'] : [least, greatest, 'BYLEX'];
  return (await together(
    redis,
    sets.map((key): RedisCommand => ['ZRANGE', key, ...bounds, 'LIMIT', 0, limit]),
  )) as string[][];
}

function order(one: string, other: string, descending: boolean): number {
  const ascending = one < other ? -1 : Number(one > other);
  return descending ? -ascending : ascending;
}
