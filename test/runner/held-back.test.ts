import { expect, it, onTestFinished } from 'vitest';

import type { JobDefinition } from '../../src/domain/job.ts';
import type { ConsumeOptions, Dispatcher } from '../../src/ports/dispatcher.ts';
import { createGatedWorld, type GatedWorld } from './gated-world.ts';

/** What a gate holds back keeps nobody else waiting, and costs little. */

async function gated(...definitions: Pick<JobDefinition, 'name' | 'maxRunning'>[]): Promise<GatedWorld> {
  const made = await createGatedWorld(definitions);
  onTestFinished(() => made.close());
  return made;
}

const idsOf = (begun: GatedWorld['begun']): number[] => begun.map(({ id }) => id);
const lines = ['default', 'etl'].map((queue) => ({ queue, capabilities: [] }));

it('what was handed back and is paused, however much of it there is', async () => {
  const { world, conduct, launch, begun, until, pass, decide } = await gated({ name: 'Etl' }, { name: 'Other' });
  const paused: number[] = [];
  for (let count = 0; count < 4; count += 1) paused.push(await launch('Etl', { queue: 'etl' }));
  const first = await conduct('a', { lines });
  await until(() => expect(begun).toHaveLength(4));
  const stopped = first.stop();
  await pass(3);
  await stopped;
  await decide('etl', { pause: { by: 'somebody', since: 0n, reason: null } });
  const other = await launch('Other');
  const { documents } = world.stores;
  const get = documents.get.bind(documents);
  let reads = 0;
  const problems: unknown[] = [];
  documents.get = (keys) => ((reads += 1) > 2000 ? Promise.reject(new Error('read too often')) : get(keys));
  await conduct('b', { lines, concurrency: 2, onProblem: (error) => problems.push(error) });
  await until(() => expect(begun.at(-1)).toEqual({ id: other, by: 'b' }), 5);
  expect(problems).toEqual([]);
  await decide('etl', { pause: null });
  await until(() => expect(begun).toHaveLength(6), 5);
  expect(paused).toContain(begun.at(-1)?.id);
});

/** Gives each message once, one after the other, as there is room. */
function oneByOne(): { readonly dispatcher: Dispatcher; readonly left: ReadonlySet<number> } {
  const left = new Set<number>();
  const answer = async (take: ConsumeOptions['take'], message: number): Promise<void> => {
    if ((await take(message)).kind === 'later') left.add(message);
  };
  let give = (): void => {};
  const dispatcher: Dispatcher = {
    async dispatch({ executionId }) {
      left.add(executionId);
      give();
    },
    consume({ take }: ConsumeOptions) {
      let room = 0;
      give = (): void => {
        const [message] = left;
        if (message === undefined || room <= 0) return;
        room -= 1;
        left.delete(message);
        void answer(take, message);
      };
      const setRoom = (free: number): void => {
        room = free;
        setImmediate(give);
      };
      return { setRoom, stop: async () => {} };
    },
    close: async () => {},
  };
  return { dispatcher, left };
}

it('what waits for a place of its job, with hundreds of another job in front that wait for one of theirs', async () => {
  const { conduct, launch, begun, until, pass, end } = await gated(
    { name: 'Long', maxRunning: 1 },
    { name: 'Short', maxRunning: 1 },
  );
  const { dispatcher, left } = oneByOne();
  const ids: number[] = [];
  for (let count = 0; count < 600; count += 1) ids.push(await launch('Long'));
  const [first, second] = [await launch('Short'), await launch('Short')];
  for (const executionId of [...ids, first, second])
    await dispatcher.dispatch({
      executionId,
      queue: 'default',
      capabilities: [],
      priority: 'normal',
      delayMilliseconds: 0,
    });
  await conduct('a', { dispatcher });
  for (let seconds = 0; seconds < 300 && left.size > 0; seconds += 1) {
    for (let turns = 0; turns < 300; turns += 1) await new Promise(setImmediate);
    await pass(1);
  }
  expect(idsOf(begun)).toEqual([ids[0], first]);
  end(first);
  await until(() => expect(idsOf(begun)).toEqual([ids[0], first, second]), 10);
});

it('goes before what comes to another conductor in the moment in which a place is free', async () => {
  const { world, conduct, launch, begun, until, pass, end } = await gated({ name: 'Etl', maxRunning: 1 });
  const hands = new Map<string, ConsumeOptions['take']>();
  const byHand = (id: string): Dispatcher => ({
    dispatch: async () => {},
    consume: ({ take }) => (hands.set(id, take), { setRoom: () => {}, stop: async () => {} }),
    close: async () => {},
  });
  for (const id of ['a', 'b']) await conduct(id, { dispatcher: byHand(id) });
  const take = async (by: string, id: number): Promise<unknown> => hands.get(by)?.(id);
  const first = await launch('Etl');
  const ended = take('a', first);
  await until(() => expect(idsOf(begun)).toEqual([first]));
  const [second, third, late] = [await launch('Etl'), await launch('Etl'), await launch('Etl')];
  const urgent = await launch('Etl', { priority: 'high' });
  for (const id of [second, third]) expect(await take('a', id)).toEqual({ kind: 'over' });
  // Nobody but who has it knows that it has ended: its place is free, and what comes next comes by a message.
  const { store } = world.stores;
  const commit = store.commit.bind(store);
  let isHanded = false;
  store.commit = async (asked) => {
    const outcome = await commit(asked);
    const hasEnded = (await world.outcome(first)).status === 'COMPLETED';
    if (hasEnded && !isHanded) {
      isHanded = true;
      await Promise.race([take('b', late), pass(0)]);
    }
    return outcome;
  };
  end(first);
  await ended;
  await until(() => expect(idsOf(begun)).toEqual([first, urgent]));
  end(urgent);
  for (const [place, next] of [second, third, late].entries()) {
    await until(() => expect(idsOf(begun)).toEqual([first, urgent, second, third, late].slice(0, place + 3)));
    end(next);
  }
});
