import { setTimeout as pause } from 'node:timers/promises';

import type { Arena } from '../arena.ts';
import { startLoad } from '../load.ts';
import type { Scenario } from '../scenario.ts';
import { repeatedRuns } from '../sink.ts';
import { until } from '../until.ts';
import { promptness } from './taken-over.ts';

/** After the return of Redis, in seconds. */
const resumeSeconds = 10;

/** Acceptance 7. */
export const redisAway: Scenario = {
  name: 'redis',
  about: 'stop Redis under load, by SIGTERM and by SIGKILL, and start it again: all completes, nothing runs twice',
  arena: { redis: ['--appendfsync', 'always'] },
  async run(arena, { isShort }) {
    await arena.server('server');
    await arena.workers(['one', 'two', 'three']);
    const load = startLoad(arena, 150);
    const resumed: number[] = [];
    for (const how of isShort ? (['kill'] as const) : (['stop', 'kill'] as const)) {
      await pause(arena.chance.between(2000, 4000));
      await arena.redis[how]();
      const seconds = isShort ? 4 : 20;
      arena.say(
        `Redis is away (${how === 'kill' ? 'SIGKILL' : 'SIGTERM'}) for ${seconds} s, ${load.launched} launched so far`,
      );
      await pause(seconds * 1000);
      await arena.redis.restart();
      resumed.push(await conductorsGoOn(arena));
      arena.say(`  a conductor writes again ${resumed.at(-1)?.toFixed(1)} s after its return`);
    }
    const executions = await load.ended();
    const taken = executions.filter(({ takeovers }) => takeovers > 0);
    const prompt = promptness({ what: 'gone on after the return of Redis', seconds: resumed, most: resumeSeconds });
    return {
      figures: [{ what: 'executions', value: String(executions.length) }, ...prompt.figures],
      rows: load.rows,
      broken: [
        ...load.wrong(executions),
        ...repeatedRuns(arena.notes.read(), () => 0),
        ...taken.map(({ id }) => `execution ${id} was taken over, although its owner lived`),
        ...prompt.broken,
      ],
    };
  },
};

/** @returns seconds until a conductor has written something, counted from now */
export async function conductorsGoOn(arena: Arena): Promise<number> {
  const began = performance.now();
  const { last } = await until('Redis answers', 60, () => arena.witness.journal.bounds());
  await until('a conductor writes', 60, async () => {
    const page = { workflow: null, direction: 'ascending', beyond: last, limit: 1000 } as const;
    return (await arena.witness.journal.read(page)).some(({ entry: { by } }) => by.startsWith('conductor '));
  });
  return (performance.now() - began) / 1000;
}
