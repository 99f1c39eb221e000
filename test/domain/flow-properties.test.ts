import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Flow, RetryController, ScopeDeclaration, ScopeKind } from '../../src/domain/flow.ts';
import type { FlowEvent } from '../../src/domain/flow-event.ts';
import type { FlowState } from '../../src/domain/flow-state.ts';
import { type Declaration, flowOf, scopeOf, type Script, simulate, type Simulation, taskOf } from './flow-simulator.ts';

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
});

/** Holds what must be true of every execution against what happens in one. */
function createChecker(flow: Flow) {
  const before = tasksBefore(flow);
  const tasks = new Map(flow.nodes.flatMap((node) => (node.kind === 'task' ? [[node.name, node] as const] : [])));
  /** Of what ran and is neither reverted nor forgotten: when it was started, and how it ended. */
  const ran = new Map<string, { readonly started: number; readonly end: 'running' | 'succeeded' | 'failed' }>();
  let count = 0;
  let doneAtFailure: ReadonlySet<string> | null = null;
  /** The first of them at the end. */
  let mayRevert: string[] = [];
  let isOver = false;
  const thatHave = (end: string): string[] =>
    [...ran]
      .filter((each) => each[1].end === end)
      .sort(([, one], [, other]) => one.started - other.started)
      .map(([name]) => name);

  const watch = (event: FlowEvent, state: FlowState): void => {
    expect(isOver).toBe(false);
    count += 1;
    if (event.kind === 'decided') {
      expect(thatHave('running')).toEqual([]);
      mayRevert = [...thatHave('succeeded'), ...thatHave('failed')].filter((name) => tasks.get(name)?.hasRevert);
      doneAtFailure = null;
    } else {
      see(event);
    }
    for (const name of ran.keys()) {
      const isGone = [undefined, 'REVERTED'].includes(state.tasks.get(name)?.status);
      if (isGone && event.kind !== 'started') expect(tasks.get(name)?.hasRevert, name).toBe(false);
      if (isGone) ran.delete(name);
    }
  };

  const see = (event: Exclude<FlowEvent, { kind: 'decided' }>): void => {
    const { task } = event;
    if (event.kind === 'started') {
      expect([undefined, 'running']).toContain(ran.get(task)?.end);
      const isNew = !ran.has(task);
      const needed = [...(before.get(task) ?? [])];
      expect(needed.filter((each) => ran.get(each)?.end !== 'succeeded')).toEqual([]);
      if (doneAtFailure !== null && isNew) {
        expect(tasks.get(task)?.inUnordered).toBe(true);
        expect(needed.filter((each) => doneAtFailure?.has(each) === false)).toEqual([]);
      }
      ran.set(task, { started: count, end: 'running' });
    } else if (event.kind === 'succeeded' || event.kind === 'failed') {
      ran.set(task, { started: ran.get(task)?.started ?? -1, end: event.kind });
      if (event.kind === 'failed') doneAtFailure ??= new Set(thatHave('succeeded'));
    } else if (event.kind === 'revert-started') {
      expect(ran.has(task), task).toBe(true);
      expectNoneAfter(task, before, ran);
      // What is left out lies in scopes that are not reverted.
      expect(mayRevert).toContain(task);
      mayRevert = mayRevert.slice(0, mayRevert.indexOf(task) + 1);
    } else if (event.kind === 'reverted') {
      expect(mayRevert.pop()).toBe(task);
      ran.delete(task);
    } else {
      isOver = true;
    }
  };

  const expectAtEnd = ({ finish, state }: Simulation): void => {
    expect(finish.status === 'FAILED').toBe(isOver);
    expect(finish.failures.length === 0).toBe(finish.status === 'SUCCESS');
    if (isOver) return;
    for (const name of tasks.keys()) {
      const status = state.tasks.get(name)?.status ?? 'PENDING';
      expect(ran.has(name), name).toBe(status === 'SUCCESS');
      expect(finish.status === 'SUCCESS' ? ['SUCCESS'] : ['SUCCESS', 'REVERTED', 'PENDING']).toContain(status);
    }
  };
  return { watch, expectAtEnd };
}

/** Whatever comes after a task is reverted before it. */
function expectNoneAfter(
  task: string,
  before: ReadonlyMap<string, Set<string>>,
  ran: ReadonlyMap<string, unknown>,
): void {
  expect([...ran.keys()].filter((each) => before.get(each)?.has(task) === true)).toEqual([]);
}

/** By task, those that must be done before it. */
function tasksBefore(flow: Flow): Map<string, Set<string>> {
  const inside = (index: number): string[] => {
    const node = flow.nodes[index];
    if (node === undefined || node.kind === 'task') return node === undefined ? [] : [node.name];
    return flow.nodes.slice(index + 1, node.end).flatMap(({ kind, name }) => (kind === 'task' ? [name] : []));
  };
  const all = (index: number): string[] => {
    const node = flow.nodes[index];
    if (node === undefined) return [];
    return [
      ...node.parents.flatMap((parent) => [...inside(parent), ...all(parent)]),
      ...(node.scope === null ? [] : all(node.scope)),
    ];
  };
  return new Map(flow.nodes.map(({ name }, index) => [name, new Set(all(index))]));
}

/** Thrown by a task, and by each scope that has undone itself, up to the one that was decided on. */
class Unwinding extends Error {
  readonly upTo: Frame | null;
  readonly again: boolean;
  constructor(upTo: Frame | null, again: boolean) {
    super('unwinding');
    this.upTo = upTo;
    this.again = again;
  }
}
/** Nothing more is undone. */
class Over extends Error {
  readonly status: string;
  constructor(status: string) {
    super(status);
    this.status = status;
  }
}
interface Frame {
  readonly retry: RetryController | null;
  attempts: number;
}

/** The rules once more, as a person would tell them: for linear flows only, without any state to be stored. */
function walk(root: ScopeDeclaration, script: Script): { log: string[]; status: string } {
  const log: string[] = [];
  const frames: Frame[] = [];
  const ended = new Map<string, number>();
  const revert = ({ name, hasRevert }: { name: string; hasRevert: boolean }): void => {
    if (!hasRevert) return;
    log.push(`${name}r`);
    if (script.revertFails?.(name) === true) throw new Over('FAILED');
  };
  const answer = ({ retry, attempts }: Frame): string => {
    const most = retry?.kind === 'times' ? retry.attempts : retry?.kind === 'forEach' ? retry.values.length : 0;
    return attempts < most ? 'again' : retry?.kind === 'alwaysRevertAll' ? 'all' : 'this';
  };
  const decide = (): Unwinding => {
    const asked = frames.filter(({ retry }) => retry !== null).toReversed();
    for (const frame of asked) {
      if (answer(frame) === 'again') return new Unwinding(frame, true);
      if (answer(frame) === 'all') return new Unwinding(null, false);
    }
    return new Unwinding(asked[0] ?? null, false);
  };
  const run = (declaration: Declaration): { name: string; hasRevert: boolean }[] => {
    if (declaration.kind === 'task') {
      log.push(`${declaration.name}x`);
      const count = ended.get(declaration.name) ?? 0;
      ended.set(declaration.name, count + 1);
      if (script.fails?.(declaration.name, count, {}) !== true) return [declaration];
      revert(declaration);
      throw decide();
    }
    const frame: Frame = { retry: declaration.retry, attempts: 0 };
    for (;;) {
      frame.attempts += 1;
      frames.push(frame);
      const ran: { name: string; hasRevert: boolean }[] = [];
      try {
        for (const child of declaration.children) ran.push(...run(child));
        return ran;
      } catch (thrown) {
        if (!(thrown instanceof Unwinding)) throw thrown;
        for (const task of ran.toReversed()) revert(task);
        if (thrown.upTo !== frame) throw thrown;
        if (!thrown.again) throw new Over('REVERTED');
      } finally {
        frames.splice(frames.indexOf(frame));
      }
    }
  };
  try {
    run(root);
    return { log, status: 'SUCCESS' };
  } catch (thrown) {
    if (thrown instanceof Over) return { log, status: thrown.status };
    if (thrown instanceof Unwinding) return { log, status: 'REVERTED' };
    throw thrown;
  }
}
