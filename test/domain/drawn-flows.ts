import fc from 'fast-check';

import type { RetryController, ScopeDeclaration, ScopeKind } from '../../src/domain/flow.ts';
import { type Declaration, scopeOf, type Script, taskOf } from './flow-simulator.ts';

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

/** At most so deep. */
export function drawn(kinds: readonly ScopeKind[], depth: number): fc.Arbitrary<Drawn> {
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
export function named(root: Drawn): ScopeDeclaration {
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
export const failures = fc.array(fc.array(fc.boolean(), { maxLength: 4 }), { minLength: 1, maxLength: 12 });
export const revertFailures = fc.oneof(
  { weight: 4, arbitrary: fc.constant([false]) },
  fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }),
);

export function scriptOf(fails: readonly (readonly boolean[])[], reverts: readonly boolean[]): Script {
  const number = (task: string): number => Number(task.slice(1));
  return {
    fails: (task, count) => fails[number(task) % fails.length]?.[count] ?? false,
    revertFails: (task) => reverts[number(task) % reverts.length] ?? false,
  };
}
