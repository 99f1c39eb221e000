import { describe, expect, it, test } from 'vitest';

import type { Flow, RetryController } from '../../src/domain/flow.ts';
import type { FlowEvent } from '../../src/domain/flow-event.ts';
import { applyEvent, createFlowRun, nextOfFlow } from '../../src/domain/flow-run.ts';
import { type FlowState, newFlowState, reconcile } from '../../src/domain/flow-state.ts';
import { failing, flowOf, scopeOf, type Script, simulate, statusesOf, taskOf } from './flow-simulator.ts';
import { refusal } from './scenario.ts';

const times = (attempts: number): RetryController => ({ kind: 'times', attempts });
const always = 1000;
const linear = (name: string, children: Parameters<typeof scopeOf>[2], retry: RetryController | null = null) =>
  scopeOf('linear', name, children, retry);
const forEach: RetryController = { kind: 'forEach', values: ['x', 'y', 'ok'], provides: 'value' };
const error = { name: 'Error', message: 'no' };
const begun = (flow: Flow, ...events: FlowEvent[]): FlowState =>
  events.reduce((state, event) => applyEvent(flow, state, event), newFlowState(new Map()));
const ran = (...tasks: string[]): FlowEvent[] =>
  tasks.flatMap((task): FlowEvent[] => [
    { kind: 'started', task },
    { kind: 'succeeded', task, result: task },
  ]);
const failed = (task: string): FlowEvent[] => [
  { kind: 'started', task },
  { kind: 'failed', task, error },
];

interface Case {
  readonly what: string;
  readonly flow: ReturnType<typeof scopeOf>;
  readonly script: Script;
  readonly log: string;
  readonly status: 'SUCCESS' | 'REVERTED' | 'FAILED';
  readonly ends?: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  {
    what: 'three tasks, the last of which fails',
    flow: linear('f', ['a', 'b', 'c']),
    script: failing({ c: 1 }),
    log: 'ax bx cx cr br ar',
    status: 'REVERTED',
  },
  {
    what: 'three attempts, two of which fail',
    flow: linear('f', ['a', 'b'], times(3)),
    script: failing({ b: 2 }),
    log: 'ax bx br ar ax bx br ar ax bx',
    status: 'SUCCESS',
  },
  {
    what: 'one attempt',
    flow: linear('f', ['a'], times(1)),
    script: failing({ a: always }),
    log: 'ax ar',
    status: 'REVERTED',
  },
  {
    what: 'a flow within a flow that gives up alone',
    flow: linear('f', ['p', linear('sub', ['a', 'b'], times(2)), 'z']),
    script: failing({ b: always }),
    log: 'px ax bx br ar ax bx br ar',
    status: 'REVERTED',
    ends: { p: 'SUCCESS', a: 'REVERTED', b: 'REVERTED', z: 'PENDING' },
  },
  {
    what: 'a flow within a flow without a controller',
    flow: linear('f', ['p', linear('sub', ['a', 'b']), 'z']),
    script: failing({ b: always }),
    log: 'px ax bx br ar pr',
    status: 'REVERTED',
  },
  {
    what: 'an outer controller that tries again where the inner one reverts',
    flow: linear('f', ['p', linear('sub', ['a', 'b'], { kind: 'alwaysRevert' }), 'z'], times(2)),
    script: failing({ b: 1 }),
    log: 'px ax bx br ar pr px ax bx zx',
    status: 'SUCCESS',
  },
  {
    what: 'an inner controller that reverts all',
    flow: linear('f', ['p', linear('sub', ['a', 'b'], { kind: 'alwaysRevertAll' }), 'z'], times(2)),
    script: failing({ b: 1 }),
    log: 'px ax bx br ar pr',
    status: 'REVERTED',
  },
  {
    what: 'two attempts in two attempts',
    flow: linear('f', [linear('sub', ['b'], times(2))], times(2)),
    script: failing({ b: always }),
    log: 'bx br bx br bx br bx br',
    status: 'REVERTED',
  },
  {
    what: 'an attempt for each value',
    flow: linear('f', [taskOf('a', { requires: ['value'] })], forEach),
    script: { fails: (_task, _count, { value }) => value !== 'ok' },
    log: 'ax ar ax ar ax',
    status: 'SUCCESS',
  },
  {
    what: 'a revert that throws',
    flow: linear('f', ['a', 'b', 'c']),
    script: { ...failing({ c: 1 }), revertFails: (task) => task === 'b' },
    log: 'ax bx cx cr br',
    status: 'FAILED',
    ends: { a: 'SUCCESS', b: 'REVERT_FAILURE', c: 'REVERTED' },
  },
  {
    what: 'an outermost controller that only reverts',
    flow: linear('f', ['a', 'b'], { kind: 'alwaysRevert' }),
    script: failing({ b: 1 }),
    log: 'ax bx br ar',
    status: 'REVERTED',
  },
  {
    what: 'tasks that need no revert',
    flow: linear('f', [taskOf('a', { hasRevert: false }), 'b', taskOf('c', { hasRevert: false })], times(2)),
    script: failing({ c: 1 }),
    log: 'ax bx cx br ax bx cx',
    status: 'SUCCESS',
  },
  {
    what: 'three controllers around each other, of which the outermost tries again',
    flow: linear('f', ['p', linear('one', ['q', linear('two', ['a'], { kind: 'alwaysRevert' })], times(1))], times(2)),
    script: failing({ a: 1 }),
    log: 'px qx ax ar qr pr px qx ax',
    status: 'SUCCESS',
  },
  { what: 'nothing at all', flow: linear('f', [linear('sub', [])]), script: {}, log: '', status: 'SUCCESS' },
];

describe.each(cases)('$what', ({ flow: declaration, script, log, status, ends }) => {
  const flow = flowOf(declaration);
  const whole = simulate(flow, script);

  it('runs and reverts in the order that is written down', () => {
    expect(whole.log.join(' ')).toBe(log);
    expect(whole.finish.status).toBe(status);
    expect(statusesOf(flow, whole.state)).toMatchObject(ends ?? {});
    expect(whole.finish.failures.length > 0).toBe(status !== 'SUCCESS');
  });

  it('goes on alike behind each event at which it was interrupted', () => {
    for (let crash = 0; crash <= whole.events.length; crash += 1) {
      const resumed = simulate(flow, script, { crashes: new Set([crash]) });
      const interrupted = whole.events[crash - 1];
      const isRepeated = interrupted?.kind === 'started' || interrupted?.kind === 'revert-started';
      const before = whole.events.slice(0, crash).filter(({ kind }) => kind === 'started' || kind === 'revert-started');
      const repeated = isRepeated ? [whole.log[before.length - 1]] : [];
      const expected = [...whole.log.slice(0, before.length), ...repeated, ...whole.log.slice(before.length)];
      expect(resumed.log, `crash behind event ${crash}`).toEqual(expected);
      expect(resumed.finish).toEqual(whole.finish);
      expect(statusesOf(flow, resumed.state)).toEqual(statusesOf(flow, whole.state));
    }
  });
});

describe('who goes on', () => {
  const plain = flowOf(linear('f', ['a', 'b', 'c']));
  const retried = flowOf(linear('f', ['a', 'b', 'c'], times(2)));
  const goOn = (flow: Flow, state: FlowState, laterFlow = flow, script: Script = {}) =>
    simulate(flow, script, { state, laterFlow }).log.join(' ');

  it('runs what was running once more', () => {
    expect(goOn(plain, begun(plain, ...ran('a'), { kind: 'started', task: 'b' }))).toBe('bx cx');
  });

  it('asks the controller about a failure', () => {
    expect(goOn(retried, begun(retried, ...ran('a'), ...failed('b')))).toBe('br ar ax bx cx');
  });

  it('goes on with reverting', () => {
    const state = begun(plain, ...ran('a'), ...failed('b'), { kind: 'decided' });
    const reverted = [
      { kind: 'revert-started', task: 'b' },
      { kind: 'reverted', task: 'b' },
    ] as const;
    expect(
      goOn(
        plain,
        reverted.reduce<FlowState>((before, event) => applyEvent(plain, before, event), state),
      ),
    ).toBe('ar');
  });

  it('asks the controller as it is now', () => {
    const state = begun(retried, ...ran('a'), ...failed('b'));
    expect(goOn(retried, state, flowOf(linear('f', ['a', 'b', 'c'], times(1))))).toBe('br ar');
  });

  it('runs tasks that are new, and what comes after them not before', () => {
    const state = begun(plain, ...ran('a', 'b'));
    const later = flowOf(linear('f', ['a', 'new', 'b', 'c']));
    expect(goOn(plain, state, later)).toBe('newx cx');
    expect(goOn(plain, begun(plain, ...ran('a'), { kind: 'started', task: 'b' }), later)).toBe('newx bx cx');
    const interrupted = begun(plain, ...ran('a'), { kind: 'started', task: 'b' });
    expect(simulate(plain, {}, { state: interrupted, laterFlow: later, choices: [1] }).log.join(' ')).toBe(
      'bx newx cx',
    );
  });

  it('leaves out what is gone, be it done or to be reverted', () => {
    const later = flowOf(linear('f', ['a', 'c']));
    expect(goOn(plain, begun(plain, ...ran('a', 'b')), later)).toBe('cx');
    expect(goOn(plain, begun(plain, ...ran('a', 'b'), ...failed('c')), later)).toBe('cr ar');
    expect(goOn(plain, begun(plain, ...ran('a'), ...failed('b')), later)).toBe('cx');
  });

  it('reverts all where the scope that was to be tried again is gone', () => {
    const flow = flowOf(linear('f', ['p', linear('sub', ['a', 'b'], times(2))]));
    const state = begun(flow, ...ran('p', 'a'), ...failed('b'), { kind: 'decided' });
    expect(goOn(flow, state)).toBe('br ar ax bx');
    expect(goOn(flow, state, flowOf(linear('f', ['p', linear('other', ['a', 'b'], times(2))])))).toBe('br ar pr');
  });

  it('keeps the order of starts, anew for what was interrupted', () => {
    const flow = flowOf(scopeOf('unordered', 'f', ['a', 'b', 'c']));
    const state = begun(flow, { kind: 'started', task: 'a' }, ...ran('b'), ...failed('c'));
    expect(goOn(flow, state)).toBe('ax cr ar br');
  });

  it('has nothing to do where a revert has thrown', () => {
    const ended = simulate(retried, { ...failing({ c: 1 }), revertFails: (task) => task === 'a' }).state;
    expect(nextOfFlow(retried, reconcile(retried, ended))).toMatchObject({ kind: 'finish', status: 'FAILED' });
  });

  it('has nothing to do where all is done', () => {
    const ended = simulate(retried, failing({ c: always })).state;
    expect(nextOfFlow(retried, reconcile(retried, ended))).toMatchObject({ kind: 'finish', status: 'REVERTED' });
  });
});

describe('tasks beside each other', () => {
  it('all run although one fails, where they are unordered, and then are reverted, the failed one first', () => {
    const flow = flowOf(scopeOf('unordered', 'f', ['a', 'b', 'c']));
    expect(simulate(flow, failing({ a: 1 })).log.join(' ')).toBe('ax bx cx ar cr br');
    expect(simulate(flow, failing({ a: 1 }), { capacity: 1, choices: [0, 0] }).log.join(' ')).toBe('ax bx cx ar cr br');
  });

  it('start no more in a graph', () => {
    const flow = flowOf(scopeOf('graph', 'f', ['a', 'b', 'c']));
    const log = simulate(flow, failing({ a: 1 }), { choices: [0, 2, 0] }).log.join(' ');
    expect(log).toBe('ax ar');
  });

  it('are waited for', () => {
    const flow = flowOf(scopeOf('graph', 'f', ['a', 'b']));
    const state = begun(flow, { kind: 'started', task: 'a' }, ...failed('b'));
    expect(nextOfFlow(flow, state)).toEqual({ kind: 'wait' });
    const both = applyEvent(flow, state, { kind: 'failed', task: 'a', error: { name: 'Error', message: 'neither' } });
    expect(nextOfFlow(flow, both)).toEqual({ kind: 'decide' });
    const decided = applyEvent(flow, both, { kind: 'decided' });
    expect(decided.unwinding).toMatchObject({ scopes: ['f'], next: 'end' });
    // Aggregated, in the order of starting.
    expect(decided.unwinding?.failures.map(({ error: { message } }) => message)).toEqual(['neither', 'no']);
  });

  it('let nothing start that became ready after the failure, whoever goes on', () => {
    const flow = flowOf(scopeOf('unordered', 'f', [linear('l', ['a', 'b']), 'c', 'd']));
    const state = begun(flow, { kind: 'started', task: 'a' }, ...failed('c'), {
      kind: 'succeeded',
      task: 'a',
      result: 1,
    });
    expect(nextOfFlow(flow, state)).toEqual({ kind: 'run', names: ['d'] });
    const before = begun(flow, ...ran('a'), ...failed('c'));
    expect(nextOfFlow(flow, before)).toEqual({ kind: 'run', names: ['b', 'd'] });
  });

  it('go on once what failed has begun again', () => {
    const flow = flowOf(
      scopeOf('graph', 'f', [
        linear('one', ['a'], times(2)),
        taskOf('p', { provides: 'v' }),
        taskOf('q', { requires: ['v'] }),
      ]),
    );
    const state = begun(flow, { kind: 'started', task: 'p' }, ...failed('a'), {
      kind: 'succeeded',
      task: 'p',
      result: 1,
    });
    expect(simulate(flow, {}, { state }).log.join(' ')).toBe('ar ax qx');
  });

  it('are reverted with what failed beside them in another scope, and not run again once one gives up', () => {
    const flow = (attempts: number) =>
      flowOf(
        scopeOf('unordered', 'f', [
          linear('one', ['a', 'b'], times(2)),
          linear('two', ['c', 'd'], times(attempts)),
          'e',
        ]),
      );
    const upTo: FlowEvent[] = [...ran('a', 'c', 'e'), ...failed('b'), ...failed('d')];
    expect(simulate(flow(2), {}, { state: begun(flow(2), ...upTo) }).log.join(' ')).toBe('dr br cr ar ax cx bx dx');
    const { log, finish } = simulate(flow(1), {}, { state: begun(flow(1), ...upTo) });
    expect(log.join(' ')).toBe('dr br cr ar');
    expect(finish.status).toBe('REVERTED');
  });

  it('are decided on by the widest scope', () => {
    const flow = flowOf(
      scopeOf('unordered', 'f', [linear('one', ['a'], times(3)), 'b', scopeOf('linear', 'late', ['c'])], times(2)),
    );
    const state = begun(flow, ...ran('c'), ...failed('a'), ...failed('b'), { kind: 'decided' });
    expect(state.unwinding).toMatchObject({ scopes: ['f'], next: 'retry' });
    expect(simulate(flow, {}, { state }).log.join(' ')).toBe('br ar cr ax bx cx');
  });

  it('are all reverted as soon as one of them asks for it', () => {
    const one = linear('one', ['a'], { kind: 'alwaysRevertAll' });
    const flow = flowOf(scopeOf('unordered', 'f', [one, 'b', 'c'], times(2)));
    const state = begun(flow, ...ran('c'), ...failed('b'), ...failed('a'), { kind: 'decided' });
    expect(state.unwinding).toMatchObject({ scopes: ['f'], next: 'end' });
  });
});

describe('what is remembered', () => {
  it('are values and failures of the attempts, of the inner ones only since the outer one began', () => {
    const inner: RetryController = { kind: 'forEach', values: [1, 2], provides: 'value' };
    const flow = flowOf(linear('f', [linear('sub', [taskOf('a', { requires: ['value'] })], inner)], times(2)));
    const { state } = simulate(flow, failing({ a: 3 }));
    const failure = { task: 'a', during: 'execute', error: { name: 'Error', message: 'a failed' } };
    expect(state.attempts).toEqual(
      new Map([
        ['f', [{ failures: [failure] }, { failures: [] }]],
        [
          'sub',
          [
            { value: 1, failures: [failure] },
            { value: 2, failures: [] },
          ],
        ],
      ]),
    );
  });

  it('is told by name as it changes', () => {
    const flow = flowOf(
      linear('f', ['p', linear('sub', ['a', taskOf('b', { hasRevert: false })], times(2))], times(2)),
    );
    const run = createFlowRun(flow, newFlowState(new Map()));
    expect(run.apply({ kind: 'started', task: 'p' })).toEqual({ tasks: new Set(['p']), attempts: new Set(['f']) });
    expect(run.apply({ kind: 'succeeded', task: 'p', result: 1 }).attempts).toEqual(new Set(['sub']));
    for (const event of [...ran('a'), ...failed('b')]) run.apply(event);
    expect(run.apply({ kind: 'decided' })).toEqual({ tasks: new Set(['b']), attempts: new Set(['sub']) });
    run.apply({ kind: 'revert-started', task: 'a' });
    expect(run.apply({ kind: 'reverted', task: 'a' })).toEqual({
      tasks: new Set(['a', 'b']),
      attempts: new Set(['sub']),
    });
    expect([...run.state.tasks.keys()]).toEqual(['p']);
  });

  it('is left as it is by the pure function', () => {
    const flow = flowOf(linear('f', ['a']));
    const state = newFlowState(new Map());
    applyEvent(flow, state, { kind: 'started', task: 'a' });
    expect(state).toEqual(newFlowState(new Map()));
  });
});

describe('what cannot happen', () => {
  const flow = flowOf(linear('f', ['a', 'b']));
  const running = begun(flow, { kind: 'started', task: 'a' });
  const reverting = begun(flow, ...ran('a'), ...failed('b'), { kind: 'decided' });

  test.each<[string, FlowState, FlowEvent]>([
    ['a start before its turn', running, { kind: 'started', task: 'b' }],
    ['a second start', running, { kind: 'started', task: 'a' }],
    ['an end without a start', running, { kind: 'succeeded', task: 'b', result: 1 }],
    ['a decision without a failure', running, { kind: 'decided' }],
    ['a revert without a decision', begun(flow, ...ran('a')), { kind: 'revert-started', task: 'a' }],
    ['a revert out of order', reverting, { kind: 'revert-started', task: 'a' }],
    ['the end of a revert that has not begun', reverting, { kind: 'reverted', task: 'b' }],
    ['a start while it reverts', reverting, { kind: 'started', task: 'a' }],
    ['an end told by who is gone', reconcile(flow, running), { kind: 'succeeded', task: 'a', result: 1 }],
    ['anything about a task that is not there', running, { kind: 'started', task: 'nobody' }],
    ['anything about a scope', running, { kind: 'started', task: 'f' }],
  ])('%s', (_what, state, event) => {
    expect(refusal(() => applyEvent(flow, state, event))).toBe('illegal-transition');
    const run = createFlowRun(flow, state);
    const before = structuredClone(run.state);
    expect(refusal(() => run.apply(event))).toBe('illegal-transition');
    expect(run.state).toEqual(before);
    expect(run.next()).toEqual(nextOfFlow(flow, state));
  });
});

describe('10,000 tasks', () => {
  /** How often nodes are looked at from the first event to the end. */
  function looks(size: number, script: Script, kind: 'linear' | 'unordered' | 'graph', perScope = size): number {
    const names = Array.from({ length: size }, (_each, index) => `n${index}`);
    const scopes = Array.from({ length: size / perScope }, (_each, index) =>
      scopeOf(
        kind,
        `s${index}`,
        names.slice(index * perScope, (index + 1) * perScope),
        perScope < size ? times(2) : null,
      ),
    );
    const flow = flowOf(linear('f', scopes));
    let looked = 0;
    const nodes = new Proxy(flow.nodes, {
      get(target, key) {
        looked += 1;
        return Reflect.get(target, key) as unknown;
      },
    });
    const { finish } = simulate({ ...flow, nodes }, script, { capacity: 4 });
    expect(finish.status).toBeDefined();
    return looked;
  }

  const last = (size: number): Script => ({ fails: (task) => task === `n${size - 1}` });
  const everyTenth: Script = { fails: (task, count) => count === 0 && task.endsWith('7') };

  it.each([
    ['in a line', 'linear', () => ({})],
    ['side by side', 'unordered', () => ({})],
    ['in a line, all of which are reverted', 'linear', last],
    ['side by side, all of which are reverted', 'unordered', last],
  ] as const)('%s cost each what one of 1,000 costs', (_what, kind, script) => {
    const few = looks(1000, script(1000), kind);
    const many = looks(10_000, script(10_000), kind);
    expect(many).toBeLessThan(few * 10.5);
    expect(many).toBeLessThan(10_000 * 60);
  });

  it('in 1,000 scopes, each of which is tried twice, cost each what one in 100 scopes costs', () => {
    expect(looks(10_000, everyTenth, 'linear', 10)).toBeLessThan(looks(1000, everyTenth, 'linear', 10) * 10.5);
  });
});
