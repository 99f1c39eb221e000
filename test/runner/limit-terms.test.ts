import { expect, it, onTestFinished } from 'vitest';

import { queueBookKey, readQueueBook } from '../../src/domain/gate-text.ts';
import { limitQueue, usualSettings } from '../../src/domain/queue-settings.ts';
import { createGatedWorld } from './gated-world.ts';

it('counts who began while a limit was taken away, though it comes back at the same reading of the clock', async () => {
  const { world, conduct, launch, begun, until, pass, decide, end, close } = await createGatedWorld([{ name: 'One' }]);
  onTestFinished(close);
  const { documents } = world.stores;
  const at = await world.clock.now();
  const limit = async (places: number | null): Promise<void> => {
    const [stored = null] = await documents.get([queueBookKey]);
    const settings = stored === null ? undefined : readQueueBook(stored.text).get('default');
    const revision = (stored?.revision ?? 0) + 1;
    await decide('default', limitQueue(settings ?? usualSettings, { places, rate: null }, at, revision));
  };
  const ids = [await launch('One'), await launch('One'), await launch('One')] as const;
  await limit(1);
  await conduct('a');
  await until(() => expect(begun.map(({ id }) => id)).toEqual([ids[0]]));
  await limit(null);
  await until(() => expect(begun).toHaveLength(3));
  const waits = await launch('One');
  await limit(1);
  for (const id of ids.slice(0, 2)) end(id);
  await pass(5);
  expect(begun, 'one of three runs still').toHaveLength(3);
  end(ids[2]);
  await until(() => expect(begun.at(-1)?.id).toBe(waits));
});
