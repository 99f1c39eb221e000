import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { defineFlow, linearFlow, parameterizedForEach, task } from '../../src/authoring/index.ts';
import { flowJob, type Outside, outside, tracedFlow } from './flow-world.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let around: Outside;
beforeEach(async () => {
  world = await createWorld();
  around = outside();
});
afterEach(() => world.close());

describe('what a flow has no more', () => {
  it('and had done something, is named in the log', async () => {
    around.fails.set('c', 1);
    around.revertFails.add('b');
    expect((await world.runNew(flowJob(() => tracedFlow(around, 'f', ['a', 'b', 'c'])))).status).toBe('FAILED');
    const { execution } = await world.runNew(flowJob(() => tracedFlow(around, 'f', ['new'])));
    // What was undone is nobody's concern.
    expect(await world.log(execution.id, null)).toMatch(
      /WARN .*not reverted, since the flow has them no more: a \(SUCCESS\); b \(REVERTING\)$/m,
    );
  });

  it('is not told of where all is as it was', async () => {
    around.fails.set('b', 1);
    const job = flowJob(() => tracedFlow(around, 'f', ['a', 'b']));
    await world.runNew(job);
    const { execution } = await world.runNew(job);
    expect(await world.log(execution.id, null)).not.toContain('WARN');
  });
});

describe('what was posted and nothing takes', () => {
  const job = defineFlow('flow', ({ attempts = 1 }: { attempts?: number }) =>
    linearFlow('f', { retry: parameterizedForEach('zones') }, [
      task('a', { requires: ['size'], optional: ['port'], rebind: { disk: 'volume' }, execute: () => attempts }),
    ]),
  );
  const taken = { attempts: 2, zones: ['x'], size: 1, port: 2, volume: 3 };

  it('is named in the log', async () => {
    const { execution } = await world.runNew(job, { parameters: { ...taken, sizee: 10, disk: 1 } });
    expect(execution.status).toBe('COMPLETED');
    expect(await world.log(execution.id, null)).toMatch(
      /WARN .*posted, but neither a parameter of the flow nor what a task of it requires: (sizee; disk|disk; sizee)$/m,
    );
  });

  it('is nothing where all is taken', async () => {
    const { execution } = await world.runNew(job, { parameters: taken });
    expect(await world.log(execution.id, null)).not.toContain('WARN');
  });
});
