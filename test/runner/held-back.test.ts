import { expect, it, onTestFinished } from 'vitest';

import type { JobDefinition } from '../../src/domain/job.ts';
import { createGatedWorld, type GatedWorld } from './gated-world.ts';

/** What a gate holds back keeps nobody else waiting, and costs little. */

async function gated(...definitions: Pick<JobDefinition, 'name' | 'maxRunning'>[]): Promise<GatedWorld> {
  const made = await createGatedWorld(definitions);
  onTestFinished(() => made.close());
  return made;
}

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
  const { get } = documents;
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
