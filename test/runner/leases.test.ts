import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { claimables, takeLease } from '../../src/runner/lease-taking.ts';
import type { Operation } from '../../src/ports/store.ts';
import { createWorld, jobOf, type World } from './world.ts';

describe('a lease', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.close());

  const job = jobOf([{ name: 'Step', body: { kind: 'task', run: () => undefined } }]);

  function operation(id: string): Operation {
    return { id, fingerprint: '', answer: null, keepSeconds: 60 };
  }

  async function claimable(executionId: number) {
    const [found] = await claimables(world.stores, [executionId]);
    if (found === undefined) throw new Error(`execution ${executionId} is over`);
    return found;
  }

  it.each([true, false])('is had by one of those who try, which counts as a takeover: %s', async (countsAsTakeover) => {
    const found = await claimable(await world.launch(job));
    const names = Array.from({ length: 20 }, (_none, index) => `conductor-${index}`);
    const taken = await Promise.all(
      names.map((conductor) =>
        takeLease(world.stores, found, { conductor, operation: operation(conductor), countsAsTakeover }),
      ),
    );
    expect(taken.filter((fence) => fence !== null)).toEqual([1]);
    const after = await claimable(found.execution.id);
    expect(after.lease?.conductor).toBe(names[taken.indexOf(1)]);
    expect(after.execution.takeovers).toBe(countsAsTakeover ? 1 : 0);
  });

  it.each([true, false])('of what has ended meanwhile is not to be had (a takeover: %s)', async (countsAsTakeover) => {
    const id = await world.launch(job);
    const found = await claimable(id);
    await world.run(id, job);
    const again = { ...found, leaseRevision: 1, lease: { executionId: id, conductor: 'test', takenAt: 0n } };
    const late = { conductor: 'late', operation: operation('late'), countsAsTakeover };
    expect(await takeLease(world.stores, again, late)).toBeNull();
  });
});
