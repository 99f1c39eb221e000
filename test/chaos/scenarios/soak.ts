import { setTimeout as pause } from 'node:timers/promises';

import { Redis } from 'ioredis';

import type { Arena } from '../arena.ts';
import { startLoad } from '../load.ts';
import type { Member } from '../member.ts';
import type { Scenario } from '../scenario.ts';
import { repeatedRuns } from '../sink.ts';

/** A soak takes long, and so do other things on the machine meanwhile: who is told to stop may need more than the usual seconds. */
const patience = { SHUTDOWN_SECONDS: '30' };
const megabyte = 2 ** 20;
/** Of what a process takes in the middle of a soak, so much more at its end is not flat. */
const mostGrowth = 1.2;
/** Of a queue, whatever has gone through it. */
const mostQueueKeys = 300;

/** Memory of the survivors and keys of Redis, from time to time. */
interface Sample {
  readonly memory: readonly number[];
  readonly keys: number;
}

/** Mixed load, and something happens to somebody all the time, but for one server and one worker, whose memory is watched. */
export const soak: Scenario = {
  name: 'soak',
  about:
    'mixed load with random kills, pauses, stops and restarts of Redis, for --minutes: 0 violations, flat memory, bounded keys',
  async run(arena, { minutes }) {
    const keeper = await arena.server('keeper', patience);
    const second = await arena.server('second server', patience);
    const [survivor, ...workers] = await arena.workers(['survivor', 'one', 'two'], patience);
    const survivors = [keeper, survivor as Member];
    const load = startLoad(arena, 400);
    const bound = launchBound(arena);
    const samples: Sample[] = [];
    const done = new Map<string, number>();
    const end = performance.now() + minutes * 60_000;
    const redis = new Redis(arena.redis.url);
    redis.on('error', () => undefined);
    try {
      while (performance.now() < end) {
        await pause(arena.chance.between(2000, 6000));
        const deed = arena.chance.pick(deeds);
        done.set(deed.name, (done.get(deed.name) ?? 0) + 1);
        await deed.carryOut(arena, [...workers, second]);
        await arena.follow();
        samples.push({ memory: survivors.map((member) => member.memory()), keys: await redis.dbsize() });
        const { memory, keys } = samples.at(-1) as Sample;
        arena.say(
          `${deed.name}; ${load.launched} launched, survivors take ${memory.map((bytes) => (bytes / megabyte).toFixed(0)).join(', ')} MB, ${keys} keys`,
        );
        if (arena.judge.broken.length > 0) break;
      }
      const boundOnes = await bound.end();
      const executions = [...(await load.ended(300)), ...(await arena.ended(boundOnes, 300))];
      await arena.follow();
      const queueKeys = (await keysOf(redis, 'batchy:queue:*')).length;
      const growth = survivors.map((_member, index) => growthOf(samples.map(({ memory }) => memory[index] ?? 0)));
      return {
        figures: [
          { what: 'executions', value: String(executions.length) },
          { what: 'what was done', value: [...done].map(([name, times]) => `${times} × ${name}`).join(', ') },
          {
            what: 'memory at the end against that of the middle',
            value: growth.map((factor) => factor.toFixed(2)).join(', '),
            reach: `≤ ${mostGrowth}`,
          },
          { what: 'keys for an execution', value: ((await redis.dbsize()) / executions.length).toFixed(1) },
          { what: 'keys of the queues', value: String(queueKeys), reach: `≤ ${mostQueueKeys}` },
        ],
        rows: load.rows,
        broken: [
          ...load.wrong(executions.filter(({ jobName }) => jobName !== 'Bound')),
          ...repeatedRuns(arena.notes.read(), arena.judge.takeovers.of),
          ...growth.flatMap((factor, index) =>
            factor > mostGrowth ? [`${survivors[index]?.name} takes ${factor.toFixed(2)} times what it did`] : [],
          ),
          ...(queueKeys > mostQueueKeys ? [`the queues have ${queueKeys} keys`] : []),
          ...(await leftOvers(redis)),
        ],
      };
    } finally {
      redis.disconnect();
    }
  },
};

interface Deed {
  readonly name: string;
  readonly carryOut: (arena: Arena, members: readonly Member[]) => Promise<void>;
}

const deeds: readonly Deed[] = [
  { name: 'a kill', carryOut: (arena, members) => replace(arena, members, (member) => member.kill('all')) },
  { name: 'a stop', carryOut: (arena, members) => replace(arena, members, (member) => member.stop()) },
  {
    name: 'a kill of what runs jobs',
    carryOut: async (arena, members) => (await living(arena, members)).kill('conductor'),
  },
  {
    name: 'a pause',
    async carryOut(arena, members) {
      const member = await living(arena, members);
      member.pause();
      await pause(arena.chance.between(500, 3 * arena.leaseSeconds * 1000));
      member.resume();
    },
  },
  {
    name: 'a restart of Redis',
    async carryOut(arena) {
      await arena.redis[arena.chance.pick(['kill', 'stop'] as const)]();
      await pause(arena.chance.between(200, 5000));
      await arena.redis.restart();
    },
  },
];

/** One that lives now: whoever was replaced has its name. */
async function living(arena: Arena, members: readonly Member[]): Promise<Member> {
  const { name } = arena.chance.pick(members);
  const found = arena.members.findLast((member) => member.name === name && member.isAlive);
  if (found === undefined) throw new Error(`${name} has ended by itself`);
  return found;
}

async function replace(
  arena: Arena,
  members: readonly Member[],
  end: (member: Member) => Promise<number | string | void>,
) {
  const member = await living(arena, members);
  const isServer = arena.servers.some((server) => server === member);
  const ended = await end(member);
  if (typeof ended === 'string' || (typeof ended === 'number' && ended !== 0))
    throw new Error(`${member.name} ended with ${ended}`);
  if (isServer) await arena.server(member.name, patience);
  else await arena.workers([member.name], patience);
}

/** Launches the bound job again and again: one at a time may run, so others are refused. */
function launchBound(arena: Arena): { end(): Promise<number[]> } {
  const ids: number[] = [];
  const over = new AbortController();
  const launching = (async () => {
    await arena.call('POST', '/load_cfg/orders');
    while (!over.signal.aborted) {
      const launched = await arena.call('POST', '/jobs/Bound/launch', {}).catch(() => null);
      if (launched?.status === 202) ids.push(launched.json.execution_id as number);
      await pause(1000);
    }
  })();
  return {
    async end() {
      over.abort();
      await launching;
      return ids;
    },
  };
}

/** The mean of the last quarter against that of the second. */
function growthOf(values: readonly number[]): number {
  const quarter = Math.max(1, Math.floor(values.length / 4));
  const mean = (some: readonly number[]): number => some.reduce((sum, value) => sum + value, 0) / some.length;
  return mean(values.slice(-quarter)) / mean(values.slice(quarter, 2 * quarter));
}

async function keysOf(redis: Redis, pattern: string): Promise<string[]> {
  const found: string[] = [];
  for await (const keys of redis.scanStream({ match: pattern, count: 1000 })) found.push(...(keys as string[]));
  return found;
}

/** What belongs to executions that run must be gone when none does. */
async function leftOvers(redis: Redis): Promise<string[]> {
  const names = [
    'batchy:index:executions:live*',
    'batchy:index:executions:waiting*',
    'batchy:index:parts*',
    'batchy:document:part:*',
  ];
  const found = await Promise.all(names.map((pattern) => keysOf(redis, pattern)));
  return found.flat().map((key) => `${key} is left over`);
}
