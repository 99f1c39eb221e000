import { setTimeout as pause } from 'node:timers/promises';

import { Redis } from 'ioredis';

import type { ProxyMode } from '../../servers/tcp-proxy.ts';
import type { Arena } from '../arena.ts';
import { startLoad } from '../load.ts';
import type { Scenario } from '../scenario.ts';
import { repeatedRuns } from '../sink.ts';
import { conductorsGoOn } from './redis-away.ts';
import { promptness } from './taken-over.ts';

const resumeSeconds = 10;
/** A request may wait for its Redis so long; and a little for a machine that is busy. */
const answerSeconds = 12;

interface Fault {
  readonly name: string;
  /** Lets it happen, and undoes it. */
  readonly befall: (arena: Arena, redis: Redis) => Promise<unknown>;
}

/** The way of one member to Redis, or of all of them at once. */
function wayFails(mode: ProxyMode, most: number): Fault {
  return {
    name: mode,
    async befall({ chance, proxies }) {
      const isOne = chance.whole(0, 1) === 0;
      const hit = isOne ? [chance.pick([...proxies])] : [...proxies];
      const milliseconds = chance.between(most / 4, most);
      for (const [, proxy] of hit) proxy.mode = mode;
      await pause(milliseconds);
      for (const [, proxy] of hit) proxy.mode = 'pass';
    },
  };
}

const faults: readonly Fault[] = [
  {
    name: 'replies cut off after Redis has done what it was asked',
    async befall({ chance, proxies }) {
      for (let time = 0; time < 20; time += 1) {
        chance.pick([...proxies.values()]).mode = 'cut-reply';
        await pause(100);
      }
      for (const proxy of proxies.values()) proxy.mode = 'pass';
    },
  },
  wayFails('swallow-replies', 3000),
  wayFails('blackhole', 7000),
  wayFails('reset', 5000),
  wayFails('slow', 5000),
  {
    name: 'scripts forgotten',
    async befall(_arena, redis) {
      for (let time = 0; time < 20; time += 1) {
        await redis.script('FLUSH');
        await pause(50);
      }
    },
  },
  {
    name: 'no memory left',
    async befall({ chance }, redis) {
      await redis.config('SET', 'maxmemory', '1');
      await pause(chance.between(1000, 4000));
      await redis.config('SET', 'maxmemory', '0');
    },
  },
  {
    name: 'a replica, which refuses writes',
    async befall({ chance }, redis) {
      await redis.replicaof('127.0.0.1', 1);
      await pause(chance.between(1000, 4000));
      await redis.replicaof('NO', 'ONE');
    },
  },
  {
    name: 'a restart that takes long to load',
    async befall(arena) {
      await arena.redis.kill();
      await arena.redis.restart();
    },
  },
];

/** Microseconds for each command when it starts: it answers nothing but LOADING for some seconds. */
const slowStart = ['--key-load-delay', '100'];

export const network: Scenario = {
  name: 'network',
  about:
    'replies lost after their effect, black holes, resets, delays, forgotten scripts, no memory, a replica: under load, nothing twice',
  arena: { hasProxies: true, redis: slowStart },
  async run(arena, { isShort }) {
    await arena.server('server');
    await arena.workers(['one', 'two', 'three']);
    const redis = new Redis(arena.redis.url);
    redis.on('error', () => undefined);
    const load = startLoad(arena, 150);
    const asking = askOn(arena);
    const resumed: number[] = [];
    try {
      for (const { name, befall } of isShort ? [arena.chance.pick(faults)] : faults) {
        await pause(1500);
        arena.say(`${name}, ${load.launched} launched so far`);
        await befall(arena, redis);
        resumed.push(await conductorsGoOn(arena));
        arena.say(`  a conductor writes ${resumed.at(-1)?.toFixed(1)} s after it is over`);
      }
    } finally {
      redis.disconnect();
    }
    const executions = await load.ended(300);
    const longest = await asking.end();
    await arena.follow();
    const prompt = promptness({ what: 'gone on after a fault', seconds: resumed, most: resumeSeconds });
    return {
      figures: [
        { what: 'executions', value: String(executions.length) },
        ...prompt.figures,
        { what: 'longest answer', value: `${longest.toFixed(1)} s`, reach: `≤ ${answerSeconds} s` },
      ],
      rows: load.rows,
      broken: [
        ...load.wrong(executions),
        ...repeatedRuns(arena.notes.read(), arena.judge.takeovers.of),
        ...(longest > answerSeconds ? [`an answer took ${longest.toFixed(1)} s`] : []),
        ...prompt.broken,
      ],
    };
  },
};

/** Asks all the time. Ended, it tells how many seconds the longest answer took. */
function askOn(arena: Arena): { end(): Promise<number> } {
  const over = new AbortController();
  let longest = 0;
  const asking = (async () => {
    while (!over.signal.aborted) {
      const began = performance.now();
      // Whatever is answered: it must be.
      await arena.call('GET', '/executions?limit=1').catch(() => undefined);
      longest = Math.max(longest, (performance.now() - began) / 1000);
      await pause(50);
    }
  })();
  return {
    async end() {
      over.abort();
      await asking;
      return longest;
    },
  };
}
