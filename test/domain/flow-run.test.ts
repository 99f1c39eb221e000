import { describe, expect, it, test } from 'vitest';

import type { Flow, RetryController } from '../../src/domain/flow.ts';
import type { FlowEvent } from '../../src/domain/flow-event.ts';
import { applyEvent, createFlowRun, nextOfFlow } from '../../src/domain/flow-run.ts';
import { type FlowState, newFlowState, reconcile } from '../../src/domain/flow-state.ts';
import { failing, flowOf, linear, scopeOf, type Script, simulate, taskOf, times } from './flow-simulator.ts';
import { refusal } from './scenario.ts';

const always = 1000;
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

  it('reverts all where nobody knows any more what was decided', () => {
    const state = begun(plain, ...ran('a', 'b'), ...failed('c'), { kind: 'decided' });
    const reverting = applyEvent(plain, state, { kind: 'revert-started', task: 'c' });
    expect(goOn(plain, { ...reverting, unwinding: null })).toBe('cr br ar');
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
    expect(goOn(plain, interrupted, later, failing({ new: 1 }))).toBe('newx newr br ar');
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

  it('reverts all where what was reverted has moved to another scope', () => {
    const flow = flowOf(linear('f', ['p', linear('sub', ['a', 'b'], times(2))]));
    const undone = [
      { kind: 'decided' },
      { kind: 'revert-started', task: 'b' },
      { kind: 'reverted', task: 'b' },
    ] as const;
    const state = begun(flow, ...ran('p', 'a'), ...failed('b'), ...undone);
    expect(goOn(flow, state, flowOf(linear('f', ['p', 'b', linear('sub', ['a'], times(2))])))).toBe('ar pr');
  });

  it('reverts all where a flow within gives up before what was interrupted could run once more', () => {
    const state = begun(plain, ...ran('a'), { kind: 'started', task: 'b' });
    const later = flowOf(linear('f', ['a', linear('sub', ['new'], times(1)), 'b', 'c']));
    expect(goOn(plain, state, later, failing({ new: 1 }))).toBe('newx newr br ar');
  });

  it('lets nothing follow what is being reverted, though only what has succeeded is left of it', () => {
    const flow = flowOf(linear('f', [linear('sub', ['a', taskOf('b', { hasRevert: false })], times(2)), 'z']));
    const state = begun(flow, ...ran('a'), ...failed('b'), { kind: 'decided' });
    expect(goOn(flow, state, flowOf(linear('f', [linear('sub', ['a'], times(2)), 'z'])))).toBe('ar ax zx');
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
