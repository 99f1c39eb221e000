import { afterEach, beforeEach, describe, expect, it } from 'vitest';

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
