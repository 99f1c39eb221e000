import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { linearFlow, type RevertContext, task } from '../../src/authoring/index.ts';
import { flowJob } from './flow-world.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

describe('a revert', () => {
  it('can tell what has succeeded and returned nothing from what has failed, also when it is tried again', async () => {
    const told: (Pick<RevertContext, 'succeeded' | 'result'> & { name: string })[] = [];
    let isBroken = true;
    const revertOf =
      (name: string) =>
      ({ succeeded, result }: RevertContext): void => {
        told.push({ name, succeeded, result });
        if (isBroken) throw new Error('it cannot be undone');
      };
    const job = flowJob(() =>
      linearFlow('f', [
        task('done', { requires: [], execute: () => {}, revert: revertOf('done') }),
        task('failing', {
          requires: [],
          execute: () => {
            throw new Error('no');
          },
          revert: revertOf('failing'),
        }),
      ]),
    );
    const failing = { name: 'failing', succeeded: false, result: null };
    const done = { name: 'done', succeeded: true, result: null };
    expect((await world.runNew(job)).status).toBe('FAILED');
    expect(told).toEqual([failing]);
    isBroken = false;
    expect((await world.runNew(job)).status).toBe('REVERTED');
    expect(told).toEqual([failing, failing, done]);
  });

  it('is told that what was interrupted has not succeeded', async () => {
    const told: unknown[] = [];
    let hasStarted = (): void => {};
    const started = new Promise<void>((resolve) => (hasStarted = resolve));
    const handBack = new AbortController();
    const undone = task('undone', {
      requires: [],
      execute: async (_values, { signal }) => {
        hasStarted();
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      },
      revert: ({ succeeded, result }) => void told.push([succeeded, result]),
    });
    const id = await world.launch(flowJob(() => linearFlow('f', [undone])));
    const first = world.run(
      id,
      flowJob(() => linearFlow('f', [undone])),
      handBack.signal,
    );
    await started;
    handBack.abort();
    await first;
    // What goes on is another version: before it was run once more something else has failed.
    const fail = task('fail', {
      requires: [],
      execute: () => {
        throw new Error('no');
      },
    });
    await world.run(
      id,
      flowJob(() => linearFlow('f', [fail, undone])),
    );
    expect((await world.outcome(id)).status).toBe('REVERTED');
    expect(told).toEqual([[false, null]]);
  });
});
