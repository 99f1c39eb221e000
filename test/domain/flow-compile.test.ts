import { describe, expect, it, test } from 'vitest';

import type { RetryController, ScopeDeclaration } from '../../src/domain/flow.ts';
import { compileFlow } from '../../src/domain/flow-compile.ts';
import { missingRequirements } from '../../src/domain/flow-requirements.ts';
import { newFlowState } from '../../src/domain/flow-state.ts';
import { argumentsOf } from '../../src/domain/flow-values.ts';
import type { Json } from '../../src/domain/json.ts';
import { flowOf, scopeOf, simulate, taskOf } from './flow-simulator.ts';
import { refusal } from './scenario.ts';

const gives = (name: string, provides = name, requires: readonly string[] = []) => taskOf(name, { provides, requires });
const takes = (name: string, ...requires: string[]) => taskOf(name, { requires });
const problemsOf = (declaration: ScopeDeclaration): string[] =>
  compileFlow(declaration).problems.map(({ pointer, detail }) => `${pointer}: ${detail}`);
/** By task, who gives it each of its values. */
const providers = (declaration: ScopeDeclaration): Record<string, Record<string, string | null>> => {
  const { nodes } = flowOf(declaration);
  return Object.fromEntries(
    nodes.flatMap((node) =>
      node.kind === 'task' && node.inputs.length > 0
        ? [
            [
              node.name,
              Object.fromEntries(
                node.inputs.map(({ value, provider }) => [
                  value,
                  provider === null ? null : (nodes[provider]?.name ?? ''),
                ]),
              ),
            ],
          ]
        : [],
    ),
  );
};

describe('a linear flow', () => {
  it('takes the latest value that was provided before', () => {
    const flow = scopeOf('linear', 'f', [
      takes('early', 'v'),
      gives('a', 'v'),
      gives('b', 'v', ['v']),
      takes('late', 'v'),
    ]);
    expect(providers(flow)).toEqual({ early: { v: null }, b: { v: 'a' }, late: { v: 'b' } });
    expect(missingRequirements(flowOf(flow), [])).toEqual([{ node: 'early', value: 'v', providedBy: ['a', 'b'] }]);
    expect(missingRequirements(flowOf(flow), ['v'])).toEqual([]);
  });

  it('has two providers of one value, of which the nearest before it wins, wherever it stands', () => {
    const flow = scopeOf('linear', 'f', [
      gives('a', 'v'),
      scopeOf('linear', 'sub', [takes('first', 'v'), gives('b', 'v'), takes('second', 'v')]),
      takes('third', 'v'),
      scopeOf('unordered', 'u', [gives('c', 'v'), takes('beside', 'v')]),
      takes('last', 'v'),
    ]);
    expect(providers(flow)).toEqual({
      first: { v: 'a' },
      second: { v: 'b' },
      third: { v: 'b' },
      beside: { v: 'b' },
      last: { v: 'c' },
    });
  });

  it('does not say which of two wins that stand beside each other', () => {
    const two = scopeOf('unordered', 'u', [gives('a', 'v'), gives('b', 'v')]);
    expect(compileFlow(scopeOf('linear', 'f', [two, takes('c', 'v')])).problems).toMatchObject([
      { pointer: '/children/1', detail: expect.stringContaining('both "a" and "b" provide') as unknown },
    ]);
  });

  it('sees into the flows before, and flows see what is around them', () => {
    const flow = scopeOf('linear', 'f', [
      gives('a', 'v'),
      scopeOf('linear', 'sub', [takes('in', 'v'), gives('b', 'w')]),
      takes('out', 'w', 'v'),
    ]);
    expect(providers(flow)).toEqual({ in: { v: 'a' }, out: { w: 'b', v: 'a' } });
  });
});

describe('an unordered flow', () => {
  it('gives nothing from one of its tasks to another, but all to what comes after', () => {
    const flow = scopeOf('linear', 'f', [
      scopeOf('unordered', 'u', [gives('a', 'v'), takes('b', 'v')]),
      takes('c', 'v'),
    ]);
    expect(providers(flow)).toEqual({ b: { v: null }, c: { v: 'a' } });
  });
});

describe('a graph flow', () => {
  it('runs its tasks as they need each other, in whatever order they are written', () => {
    const flow = scopeOf('graph', 'f', [takes('c', 'x', 'y'), gives('b', 'y', ['x']), gives('a', 'x')]);
    expect(simulate(flowOf(flow)).log.join(' ')).toBe('ax bx cx');
  });

  it('lets a whole flow wait for what something in it needs, and others for the whole flow', () => {
    const flow = scopeOf('graph', 'f', [
      takes('last', 'w'),
      scopeOf('linear', 'sub', ['first', gives('in', 'w', ['v']), 'after']),
      gives('a', 'v'),
    ]);
    expect(simulate(flowOf(flow)).log.join(' ')).toBe('ax firstx inx afterx lastx');
  });

  it('takes what a task provides from elsewhere, where the same task requires it', () => {
    const flow = scopeOf('graph', 'f', [gives('a', 'v', ['v'])]);
    expect(providers(flow)).toEqual({ a: { v: null } });
  });

  it('refuses two that provide the same, if anybody wants it', () => {
    const two = [gives('a', 'v'), gives('b', 'v')];
    expect(problemsOf(scopeOf('graph', 'f', two))).toEqual([]);
    expect(problemsOf(scopeOf('graph', 'f', [...two, takes('c', 'v')]))).toEqual([
      '/children/2: "c" requires "v", which both "a" and "b" provide; give one of them another name and choose with rebind',
    ]);
    expect(problemsOf(scopeOf('linear', 'f', [scopeOf('unordered', 'u', two), takes('c', 'v')]))).toHaveLength(1);
  });

  it('refuses circles', () => {
    expect(problemsOf(scopeOf('graph', 'f', [gives('a', 'x', ['y']), gives('b', 'y', ['x'])]))).toEqual([
      '/children/0: they wait for each other in a circle, by what they require and provide: a → b → a',
    ]);
  });
});

describe('what is wrong', () => {
  it('is told all at once', () => {
    const found = problemsOf(
      scopeOf('linear', 'f', [
        'a',
        scopeOf('linear', 'a', [' '], { kind: 'times', attempts: 0 }),
        scopeOf('graph', 'f', ['b'], { kind: 'forEach', values: [], provides: 'value' }),
      ]),
    );
    expect(found).toEqual([
      '/children/1/retry: times takes how many attempts there are in all, 1 or more, not 0',
      expect.stringMatching(/^\/children\/1\/children\/0\/name: " " is no name of a task or flow/),
      '/children/2/retry: forEach needs at least one value',
      '/children/1/name: there are two tasks or flows "a": /children/0 has the name already',
      '/children/2/name: there are two tasks or flows "f": the whole has the name already',
    ]);
  });

  it('is a flow that nests without an end', () => {
    let flow = scopeOf('linear', 'innermost', []);
    for (let depth = 0; depth < 100; depth += 1) flow = scopeOf('linear', `f${depth}`, [flow]);
    expect(problemsOf(flow)).toEqual([expect.stringContaining('flows may nest at most 100 deep')]);
  });
});

describe('a controller that gives values', () => {
  const each: RetryController = { kind: 'parameterizedForEach', parameter: 'hosts', provides: 'host' };
  const flow = scopeOf('linear', 'f', [gives('find', 'hosts'), scopeOf('linear', 'sub', [takes('use', 'host')], each)]);
  const used = (store: ReadonlyMap<string, Json>, found: Json): string[] => {
    const seen: string[] = [];
    simulate(
      flowOf(flow),
      {
        fails: (task, _count, { host }) => {
          if (task === 'use') seen.push(String(host));
          return task === 'use' && host !== 'ok';
        },
        result: (task) => (task === 'find' ? found : null),
      },
      { store },
    );
    return seen;
  };

  it('has them from what a task found, or from the store, which goes first', () => {
    expect(providers(flow)).toEqual({ use: { host: 'sub' } });
    expect(used(new Map(), ['a', 'a', 'ok', 'b'])).toEqual(['a', 'a', 'ok']);
    expect(used(new Map([['hosts', ['b', 'ok']]]), ['a'])).toEqual(['b', 'ok']);
  });

  it('needs them', () => {
    const alone = flowOf(scopeOf('linear', 'f', ['a'], each));
    expect(missingRequirements(alone, [])).toEqual([{ node: 'f', value: 'hosts', providedBy: [] }]);
    const { state } = simulate(alone, {}, { store: new Map([['hosts', ['x']]]) });
    expect(state.attempts.get('f')).toEqual([{ value: 'x', failures: [] }]);
  });

  it('that has none leaves its tasks without', () => {
    const alone = flowOf(scopeOf('linear', 'f', [takes('use', 'host')], each));
    expect(refusal(() => simulate(alone, {}, { store: new Map([['hosts', []]]) }))).toBe('invalid-parameters');
  });
});

describe('arguments', () => {
  const parts = { kind: 'positions', names: ['one', 'two'] } as const;
  const keys = { kind: 'keys', names: { id: 'key', 'the name': 'label' } } as const;

  test.each([
    ['a whole result', { kind: 'whole', name: 'v' } as const, 'v', [1, 2], [1, 2]],
    ['a part by its position', parts, 'two', [1, 2], 2],
    ['a part by its key', keys, 'label', { id: 1, 'the name': 'x' }, 'x'],
  ])('have %s', (_what, provides, value, result, expected) => {
    const flow = flowOf(scopeOf('linear', 'f', [taskOf('a', { provides }), takes('b', value)]));
    let seen: unknown;
    simulate(flow, {
      result: (task) => (task === 'a' ? result : null),
      fails: (task, _count, values) => {
        if (task === 'b') seen = values[value];
        return false;
      },
    });
    expect(seen).toEqual(expected);
  });

  test.each([
    ['a list that is too short', parts, 'two', [1]],
    ['no list', parts, 'one', 'text'],
    ['an object without the key', keys, 'label', { id: 1 }],
    ['no object', keys, 'label', null],
    ['what every object has', { kind: 'keys', names: { toString: 'label' } } as const, 'label', {}],
  ])('are missing where the result is %s', (_what, provides, value, result) => {
    const flow = flowOf(scopeOf('linear', 'f', [taskOf('a', { provides }), takes('b', value)]));
    expect(refusal(() => simulate(flow, { result: () => result }))).toBe('invalid-parameters');
  });

  it('leave out what has a default, and hold what is injected', () => {
    const flow = flowOf(
      scopeOf('linear', 'f', [taskOf('a', { requires: ['x'], optional: ['y', 'z'], inject: { client: simulate } })]),
    );
    const store = new Map([
      ['x', 1],
      ['z', 3],
    ]);
    expect(argumentsOf(flow, newFlowState(store), 'a')).toEqual({ x: 1, z: 3, client: simulate });
    expect(missingRequirements(flow, ['x'])).toEqual([]);
  });
});

describe('10,000 tasks', () => {
  const names = Array.from({ length: 10_000 }, (_each, index) => `n${index}`);

  it('are compiled with an edge for each that one needs, or that stands before', () => {
    const edges = (declaration: ScopeDeclaration): number =>
      flowOf(declaration).nodes.reduce((sum, { parents }) => sum + parents.length, 0);
    expect(edges(scopeOf('linear', 'f', names))).toBe(9999);
    expect(
      edges(
        scopeOf('linear', 'f', [
          scopeOf('unordered', 'a', names.slice(5000)),
          scopeOf('unordered', 'b', names.slice(0, 5000)),
        ]),
      ),
    ).toBe(1);
    expect(edges(scopeOf('graph', 'f', [gives('a', 'v'), ...names.map((name) => takes(name, 'v'))]))).toBe(10_000);
  });
});
