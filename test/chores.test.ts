import { expect, it } from 'vitest';

import { createChores } from '../src/chores.ts';

/** Chores that are called first and second; what they do is decided before each round. */
function household() {
  const lines: string[] = [];
  const stopping = new AbortController();
  const seenTo: string[] = [];
  let failure: unknown = null;
  let level: 'warn' | 'debug' = 'warn';
  const write = (how: string) => (first: object | string, second?: string) => {
    lines.push(`${how}: ${typeof first === 'string' ? first : second}`);
  };
  const chores = createChores({
    chores: new Map<string, () => Promise<unknown>>([
      [
        'the first',
        async () => {
          if (failure !== null) throw failure;
        },
      ],
      ['the second', async () => seenTo.push('second')],
    ]),
    log: { warn: write('warn'), info: write('info'), debug: write('debug') },
    outages: { levelOf: () => level },
    stopping: stopping.signal,
  });
  return {
    seenTo,
    stopping,
    round: async (why: unknown, loudness: typeof level = 'warn'): Promise<string[]> => {
      failure = why;
      level = loudness;
      await chores.run();
      return lines.splice(0);
    },
  };
}

it('sees to the others where one fails', async () => {
  const { round, seenTo } = household();
  await round(new Error('workflow wf1 cannot be marked'));
  expect(seenTo).toEqual(['second']);
});

it('tells a failure once, until it is another one or is over', async () => {
  const { round } = household();
  const failed = 'warn: the first has failed; it is tried again and again, and the log says when that changes';
  expect(await round(new Error('of one kind'))).toEqual([failed]);
  expect(await round(new Error('of one kind'))).toEqual([]);
  expect(await round('of another kind')).toEqual([failed]);
  expect(await round(null)).toEqual(['info: the first has come right']);
  expect(await round(null)).toEqual([]);
  expect(await round('of another kind')).toEqual([failed]);
});

it('is quiet about what an outage explains, which is told as a whole', async () => {
  const { round } = household();
  const quiet = ['debug: the first has failed, as the store is away'];
  expect(await round(new Error('away'), 'debug')).toEqual(quiet);
  expect(await round(new Error('away'), 'debug')).toEqual(quiet);
  expect(await round(null)).toEqual([]);
});

it('begins nothing more once the process is to stop', async () => {
  const { round, seenTo, stopping } = household();
  stopping.abort();
  expect(await round(new Error('never met'))).toEqual([]);
  expect(seenTo).toEqual([]);
});
