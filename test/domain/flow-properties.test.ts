import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { RetryController, ScopeDeclaration, ScopeKind } from '../../src/domain/flow.ts';
import { createChecker } from './flow-checker.ts';
import { type Declaration, flowOf, scopeOf, type Script, simulate, statusesOf, taskOf } from './flow-simulator.ts';
import { walk } from './flow-walk.ts';

const controller = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 3 }).map((attempts): RetryController => ({ kind: 'times', attempts })),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 3 })
      .map((length): RetryController => ({ kind: 'forEach', values: Array(length).fill(7), provides: 'value' })),
  },
  { weight: 1, arbitrary: fc.constantFrom<RetryController>({ kind: 'alwaysRevert' }, { kind: 'alwaysRevertAll' }) },
);

/** A flow without names: in a graph each child may wait for some of those before it. */
interface Drawn {
  readonly kind: ScopeKind;
  readonly retry: RetryController | null;
  readonly children: readonly {
    readonly inner: Drawn | null;
    readonly hasRevert: boolean;
    readonly needs: readonly number[];
  }[];
}

function drawn(kinds: readonly ScopeKind[], depth: number): fc.Arbitrary<Drawn> {
  const inner =
    depth === 0 ? fc.constant(null) : fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, drawn(kinds, depth - 1));
  return fc.record({
    kind: fc.constantFrom(...kinds),
    retry: controller,
    children: fc.array(
      fc.record({
        inner,
        hasRevert: fc.integer({ max: 7, min: 0 }).map((drawn) => drawn > 0),
        needs: fc.array(fc.nat(), { maxLength: 2 }),
      }),
      { maxLength: 4 },
    ),
  });
}

/** Gives names; tasks of a graph provide their own. */
function named(root: Drawn): ScopeDeclaration {
  let count = 0;
  const scope = ({ kind, retry, children }: Drawn): ScopeDeclaration => {
    const name = `s${(count += 1)}`;
    const provided: string[] = [];
    const made = children.map(({ inner, hasRevert, needs }): Declaration => {
      if (inner !== null) return scope(inner);
      const task = `t${(count += 1)}`;
      const requires =
        kind === 'graph' && provided.length > 0 ? needs.map((each) => provided[each % provided.length] as string) : [];
      provided.push(`${task}-done`);
      return taskOf(task, { hasRevert, requires: [...new Set(requires)], provides: `${task}-done` });
    });
    return scopeOf(kind, name, made, retry);
  };
  return scope(root);
}

/** By task, whether its first, second, … execution fails; and which reverts throw. */
const failures = fc.array(fc.array(fc.boolean(), { maxLength: 4 }), { minLength: 1, maxLength: 12 });
const revertFailures = fc.oneof(
  { weight: 4, arbitrary: fc.constant([false]) },
  fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }),
);

function scriptOf(fails: readonly (readonly boolean[])[], reverts: readonly boolean[]): Script {
  const number = (task: string): number => Number(task.slice(1));
  return {
    fails: (task, count) => fails[number(task) % fails.length]?.[count] ?? false,
    revertFails: (task) => reverts[number(task) % reverts.length] ?? false,
  };
}

describe('flows of linear flows', () => {
  it('run and revert as a walk through the tree with exceptions does', () => {
    fc.assert(
      fc.property(drawn(['linear'], 3), failures, revertFailures, (root, fails, reverts) => {
        const declaration = named(root);
        const script = scriptOf(fails, reverts);
        const { log, finish } = simulate(flowOf(declaration), script);
        expect({ log, status: finish.status }).toEqual(walk(declaration, script));
      }),
      { numRuns: 500 },
    );
  });

  it('do so wherever the runner dies, but for what was interrupted', () => {
    const crashes = fc.array(fc.nat({ max: 40 }), { maxLength: 5 });
    fc.assert(
      fc.property(drawn(['linear'], 2), failures, revertFailures, crashes, (root, fails, reverts, dying) => {
        const declaration = named(root);
        const script = scriptOf(fails, reverts);
        const { log, finish } = simulate(flowOf(declaration), script, { crashes: new Set(dying) });
        const expected = walk(declaration, script);
        expect(finish.status).toBe(expected.status);
        // What was interrupted is begun again, and then nothing else happens in between.
        const twice = log.filter((each, place) => each !== log[place - 1]);
        expect(twice).toEqual(expected.log.filter((each, place) => each !== expected.log[place - 1]));
      }),
      { numRuns: 500 },
    );
  });
});

describe('whatever the flow, whoever goes on, in whatever order', () => {
  it('reverts are for what ran, once each, in reverse', () => {
    fc.assert(
      fc.property(
        drawn(['linear', 'unordered', 'graph'], 2),
        failures,
        revertFailures,
        fc.record({
          crashes: fc.array(fc.nat({ max: 60 }), { maxLength: 6 }).map((dying) => new Set(dying)),
          choices: fc.array(fc.nat(), { minLength: 1 }),
          capacity: fc.constantFrom(1, 2, 100),
        }),
        (root, fails, reverts, options) => {
          const flow = flowOf(named(root));
          const { watch, expectAtEnd } = createChecker(flow);
          expectAtEnd(simulate(flow, scriptOf(fails, reverts), { ...options, watch }));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('come to an end, though who goes on has another flow under the same names', () => {
    const kinds = ['linear', 'unordered', 'graph'] as const;
    const crashes = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 3 }).map((dying) => new Set(dying));
    const choices = fc.array(fc.nat(), { minLength: 1 });
    fc.assert(
      fc.property(
        drawn(kinds, 2),
        drawn(kinds, 2),
        failures,
        revertFailures,
        crashes,
        choices,
        (root, laterRoot, fails, reverts, dying, chosen) => {
          const options = { crashes: dying, choices: chosen, laterFlow: flowOf(named(laterRoot)) };
          const { finish, state, flow } = simulate(flowOf(named(root)), scriptOf(fails, reverts), options);
          const statuses = new Set(Object.values(statusesOf(flow, state)));
          statuses.delete('SUCCESS');
          if (finish.status === 'SUCCESS') expect([...statuses]).toEqual([]);
          for (const status of ['RUNNING', 'REVERTING', 'FAILURE'])
            if (finish.status === 'REVERTED') expect(statuses).not.toContain(status);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
