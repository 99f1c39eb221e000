import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { defineFlow, linearFlow, parameterizedForEach, task } from '../../src/authoring/index.ts';
import type { Json } from '../../src/domain/json.ts';
import { type Outside, outside, traced } from './flow-world.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let around: Outside;
beforeEach(async () => {
  world = await createWorld();
  around = outside();
});
afterEach(() => world.close());

const wrong: readonly [Json, string][] = [
  ['abc', 'is no list, but "abc"'],
  [7, 'is no list, but 7'],
  [null, 'is no list, but null'],
  [{ a: 1 }, 'is no list, but an object'],
  [[], 'is an empty list'],
];

describe('the list of values that a flow tries', () => {
  it.each(wrong)('is refused before anything runs where it was posted: %j', async (hosts, fault) => {
    const job = defineFlow('flow', () =>
      linearFlow('f', [
        traced(around, 'a'),
        linearFlow('sub', { retry: parameterizedForEach('hosts') }, [traced(around, 'b')]),
      ]),
    );
    const { execution, steps } = await world.runNew(job, { parameters: { hosts } });
    expect(execution).toMatchObject({ status: 'FAILED' });
    expect(execution.exitMessage).toBe(
      `The flow "f" cannot run: "sub" tries the values of "hosts", which was posted and ${fault}. Post a list of at least one value where one is tried after the other; nothing of it was run.`,
    );
    expect([around.trace, steps]).toEqual([[], []]);
  });

  it.each(wrong)('makes those fail that need a value of it, where a task has provided it: %j', async (given, fault) => {
    const job = defineFlow('flow', () =>
      linearFlow('f', [
        traced(around, 'look', { provides: 'hosts', execute: () => given }),
        linearFlow('sub', { retry: parameterizedForEach('hosts', 'host') }, [
          traced(around, 'b', { requires: ['host'], execute: () => null }),
        ]),
      ]),
    );
    const { execution } = await world.runNew(job);
    expect(execution).toMatchObject({ status: 'REVERTED' });
    expect(execution.exitMessage).toContain(
      `"b" requires "host", but "sub" has no value to try: the list "hosts", provided by "look", ${fault}.`,
    );
    expect(around.trace).not.toContain('bx');
  });

  it('that is posted goes before the one that a task provides', async () => {
    const job = defineFlow('flow', () =>
      linearFlow('f', [
        task('look', { provides: 'hosts', execute: () => [] }),
        linearFlow('sub', { retry: parameterizedForEach('hosts', 'host') }, [
          traced(around, 'b', { requires: ['host'] }),
        ]),
      ]),
    );
    expect((await world.runNew(job, { parameters: { hosts: ['x'] } })).execution.status).toBe('COMPLETED');
  });
});
