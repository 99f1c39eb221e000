import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { defineFlow, linearFlow, task } from '../../src/authoring/index.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

describe('an execution whose flow cannot be made', () => {
  it.each<[unknown, string]>([
    [new TypeError('x is not iterable'), 'TypeError: x is not iterable'],
    [undefined, 'undefined'],
    ['no', 'no'],
  ])('says that the flow’s function threw: %s', async (thrown, told) => {
    const job = defineFlow('flow', () => {
      throw thrown;
    });
    const { execution } = await world.runNew(job);
    expect(execution).toMatchObject({
      status: 'FAILED',
      exitMessage: `The flow's function threw ${told}. Mend it, then restart it (batchy restart 1), or post other values.`,
    });
    if (thrown instanceof Error) expect(await world.log(execution.id, null)).toContain('caused by TypeError');
  });

  it('says what is wrong with the flow, and that it is to be restarted', async () => {
    const one = task('a', { requires: [], execute: () => null });
    const { execution } = await world.runNew(defineFlow('flow', () => linearFlow('f', [one, one])));
    expect(execution.exitMessage).toMatch(
      /: task "a" \(\/children\/1\/name\): .*\. Mend its file; it is read again at once, then restart it \(batchy restart 1\)\.$/,
    );
  });
});
