import { describe, expect, it, test } from 'vitest';

import { buildGraph, type Graph, type GraphState, type NodeOutcome } from '../../src/domain/graph.ts';
import { createGraphRun, next } from '../../src/domain/graph-run.ts';
import type { StepDecision, StepDefinition } from '../../src/domain/job.ts';
import { jobOf, stepOf } from './job-of.ts';
import { places, refusal } from './scenario.ts';

const ok: NodeOutcome = { status: 'completed', exitCode: 'COMPLETED' };
const bad: NodeOutcome = { status: 'failed', exitCode: 'FAILED' };
const cut: NodeOutcome = { status: 'stopped', exitCode: 'STOPPED' };
const exit = (exitCode: string): NodeOutcome => ({ status: 'completed', exitCode });
const to = (exitCode: string, step: string): StepDecision => ({ exitCode, to: { step } });
const end = (exitCode: string, status: 'COMPLETED' | 'FAILED' | 'STOPPED'): StepDecision => ({
  exitCode,
  to: { end: status },
});
const graphOf = (steps: readonly StepDefinition[], onFailure: 'stop' | 'continue' = 'stop'): Graph =>
  buildGraph(jobOf(steps, { onFailure }));
const chain = (...names: string[]): StepDefinition[] =>
  names.map((name, index) => stepOf(name, { dependsOn: names.slice(Math.max(0, index - 1), index) }));

/** Runs everything that is ready, a wave at a time. @returns the waves and how it ended */
function runAll(graph: Graph, outcomes: Readonly<Record<string, NodeOutcome>> = {}) {
  const run = createGraphRun(graph);
  const waves: string[][] = [];
  for (;;) {
    const decision = run.next();
    if (decision.kind === 'wait') return expect.fail('nothing runs that it could wait for');
    if (decision.kind === 'finish') return { waves, finish: decision, run };
    waves.push([...decision.names]);
    for (const name of decision.names) run.start(name);
    for (const name of decision.names) run.end(name, outcomes[name] ?? ok);
  }
}

describe('dependencies', () => {
  const diamond = [
    stepOf('a'),
    stepOf('b', { dependsOn: ['a'] }),
    stepOf('c', { dependsOn: ['a'] }),
    stepOf('d', { dependsOn: ['b', 'c', 'b'] }),
  ];

  it('run one after the other, branches at once', () => {
    const { waves, finish } = runAll(graphOf(diamond));
    expect(waves).toEqual([['a'], ['b', 'c'], ['d']]);
    expect(finish).toEqual({ kind: 'finish', status: 'COMPLETED', exitCode: 'COMPLETED', failed: [] });
  });

  it('may be declared in any order', () => {
    expect(runAll(graphOf(diamond.toReversed())).waves).toEqual([['a'], ['c', 'b'], ['d']]);
  });

  it('wait for all parents', () => {
    const run = createGraphRun(graphOf(diamond));
    run.start('a');
    expect(run.next()).toEqual({ kind: 'wait' });
    run.end('a', ok);
    run.start('b');
    run.start('c');
    run.end('b', ok);
    expect(run.next()).toEqual({ kind: 'wait' });
    expect(run.stateOf('d')).toBe('pending');
    run.end('c', ok);
    expect(run.next()).toEqual({ kind: 'run', names: ['d'] });
  });

  it('on what the launch leaves out count as completed, and it never runs', () => {
    const begun = (names: readonly string[]) =>
      createGraphRun(graphOf(diamond), { nodes: new Map(names.map((name) => [name, 'deselected'])), stopping: false });
    const run = begun(['a', 'c']);
    expect(run.next()).toEqual({ kind: 'run', names: ['b'] });
    run.start('b');
    run.end('b', ok);
    expect(run.next()).toEqual({ kind: 'run', names: ['d'] });
    expect(['a', 'b', 'c', 'd'].map((name) => run.stateOf(name))).toEqual([
      'deselected',
      'completed',
      'deselected',
      'pending',
    ]);
    expect(begun(['a', 'b', 'c', 'd']).next()).toMatchObject({ kind: 'finish', status: 'COMPLETED' });
  });

  it('on a failed node hold, although another parent was left out', () => {
    const graph = graphOf(diamond, 'continue');
    const nodes = new Map<string, NodeOutcome | 'deselected'>([
      ['a', ok],
      ['b', bad],
      ['c', 'deselected'],
    ]);
    const run = createGraphRun(graph, { nodes, stopping: false });
    expect(run.stateOf('d')).toBe('defaulted');
    expect(run.next()).toMatchObject({ kind: 'finish', status: 'FAILED', failed: ['b'] });
  });

  it('give no more than there is room for, in the order of the definition', () => {
    const run = createGraphRun(graphOf(['e', 'd', 'c'].map((name) => stepOf(name))));
    expect(run.next(2)).toEqual({ kind: 'run', names: ['e', 'd'] });
    run.start('d');
    expect(run.next(0)).toEqual({ kind: 'wait' });
    expect(run.ready()).toEqual(['e', 'c']);
  });

  it('refuse what is not ready or does not run', () => {
    const run = createGraphRun(graphOf(diamond));
    expect(() => run.start('b')).toThrow(RangeError);
    expect(() => run.end('a', ok)).toThrow(RangeError);
    expect(() => run.stateOf('nobody')).toThrow(RangeError);
    run.start('a');
    expect(() => run.start('a')).toThrow(RangeError);
  });

  it('know names that objects have of their own', () => {
    const names = ['__proto__', 'constructor', 'toString'];
    expect(runAll(graphOf(chain(...names))).waves.flat()).toEqual(names);
  });

  it('are refused where they cannot be run', () => {
    expect(refusal(() => graphOf([stepOf('a', { dependsOn: ['a'] })]))).toBe('invalid-job');
    expect(places(() => graphOf([stepOf('a', { dependsOn: ['nobody'] })]))).toEqual(['/steps/0/dependsOn/0']);
  });
});

describe('a failure', () => {
  const branches = [...chain('a', 'b'), ...chain('x', 'y')];

  it('lets what runs finish and starts nothing new', () => {
    const { waves, finish, run } = runAll(graphOf(branches), { a: bad });
    expect(waves).toEqual([['a', 'x']]);
    expect(finish).toMatchObject({ status: 'FAILED', exitCode: 'FAILED', failed: ['a'] });
    expect(['a', 'b', 'x', 'y'].map((name) => run.stateOf(name))).toEqual([
      'failed',
      'defaulted',
      'completed',
      'pending',
    ]);
  });

  it('lets other branches go on where the job says so', () => {
    const { waves, finish, run } = runAll(graphOf([...branches, stepOf('z', { dependsOn: ['b', 'y'] })], 'continue'), {
      a: bad,
    });
    expect(waves).toEqual([['a', 'x'], ['y']]);
    expect(finish).toMatchObject({ status: 'FAILED', failed: ['a'] });
    expect(run.stateOf('z')).toBe('defaulted');
  });

  it('of one leaves those to start that were to run with it', () => {
    const run = createGraphRun(graphOf(branches));
    expect(run.next()).toEqual({ kind: 'run', names: ['a', 'x'] });
    run.start('a');
    run.end('a', bad);
    run.start('x');
    expect(run.next()).toEqual({ kind: 'wait' });
    run.end('x', ok);
    expect(run.next()).toMatchObject({ kind: 'finish', status: 'FAILED', failed: ['a'] });
  });

  it('waits for the branches that run', () => {
    const run = createGraphRun(graphOf(branches));
    run.start('a');
    run.start('x');
    run.end('a', bad);
    expect(run.next()).toEqual({ kind: 'wait' });
    run.end('x', bad);
    expect(run.next()).toMatchObject({ kind: 'finish', failed: ['a', 'x'] });
  });
});

describe('a stop', () => {
  it('lets what runs end, then ends as STOPPED', () => {
    const run = createGraphRun(graphOf(chain('a', 'b')));
    run.start('a');
    run.stop();
    expect(run.next()).toEqual({ kind: 'wait' });
    run.end('a', ok);
    expect(run.next()).toMatchObject({ kind: 'finish', status: 'STOPPED', exitCode: 'STOPPED' });
    expect(run.stateOf('b')).toBe('pending');
  });

  it('that comes when all is done changes nothing', () => {
    const run = createGraphRun(graphOf(chain('a')));
    run.start('a');
    run.stop();
    run.end('a', ok);
    expect(run.next()).toMatchObject({ kind: 'finish', status: 'COMPLETED' });
  });

  it('before the start runs nothing', () => {
    const run = createGraphRun(graphOf(chain('a')));
    run.stop();
    expect(run.ready()).toEqual([]);
    expect(run.next()).toMatchObject({ kind: 'finish', status: 'STOPPED' });
  });

  it('of a node stops the run', () => {
    expect(runAll(graphOf([...chain('a', 'b'), stepOf('c')]), { a: cut }).finish.status).toBe('STOPPED');
  });

  it('does not hide a failure', () => {
    expect(runAll(graphOf([stepOf('a'), stepOf('b')]), { a: cut, b: bad }).finish).toMatchObject({
      status: 'FAILED',
      failed: ['b'],
    });
  });
});

describe('a decision', () => {
  const size = [
    stepOf('measure', { on: [to('BIG*', 'big'), to('*', 'small')] }),
    stepOf('big'),
    stepOf('small'),
    stepOf('publish', { dependsOn: ['big', 'small'] }),
  ];

  test.each([
    ['BIG', 'big', 'small'],
    ['BIGGER', 'big', 'small'],
    ['tiny', 'small', 'big'],
  ])('%s: the first pattern that fits leads to %s', (exitCode, taken, other) => {
    const { waves, finish, run } = runAll(graphOf(size), { measure: exit(exitCode) });
    expect(waves).toEqual([['measure'], [taken], ['publish']]);
    expect(run.stateOf(other)).toBe('unreached');
    expect(finish.status).toBe('COMPLETED');
  });

  it('leads to the same where steps depend on the one before, as they do by default', () => {
    const written = [
      stepOf('measure', { on: [to('BIG', 'big'), to('*', 'small')] }),
      stepOf('small', { dependsOn: ['measure'] }),
      stepOf('big', { dependsOn: ['small'] }),
    ];
    expect(runAll(graphOf(written), { measure: exit('BIG') }).waves).toEqual([['measure'], ['big']]);
    expect(runAll(graphOf(written), { measure: exit('no') }).waves).toEqual([['measure'], ['small']]);
  });

  it('that does not fit leaves the way to those that depend on it', () => {
    const steps = [stepOf('check', { on: [end('EMPTY', 'COMPLETED')] }), stepOf('load', { dependsOn: ['check'] })];
    expect(runAll(graphOf(steps)).waves).toEqual([['check'], ['load']]);
    expect(runAll(graphOf(steps), { check: bad }).finish).toMatchObject({ status: 'FAILED', failed: ['check'] });
  });

  test.each(['COMPLETED', 'FAILED', 'STOPPED'] as const)('ends the run as %s', (status) => {
    const steps = [stepOf('check', { on: [end('EMPTY', status)] }), stepOf('load', { dependsOn: ['check'] })];
    const { waves, finish } = runAll(graphOf(steps), { check: exit('EMPTY') });
    expect(waves).toEqual([['check']]);
    expect(finish).toEqual({ kind: 'finish', status, exitCode: status, failed: [] });
  });

  it('that ends the run lets others finish; the worst end holds', () => {
    const steps = [
      stepOf('a', { on: [end('*', 'COMPLETED')] }),
      stepOf('b', { on: [end('*', 'FAILED')] }),
      stepOf('c', { on: [end('*', 'STOPPED')] }),
    ];
    expect(runAll(graphOf(steps)).finish.status).toBe('FAILED');
    expect(runAll(graphOf([...steps.slice(0, 1), ...steps.slice(2)])).finish.status).toBe('STOPPED');
  });

  it('handles a failure: the run does not fail', () => {
    const steps = [
      stepOf('load', { on: [to('FAILED', 'mend')] }),
      stepOf('notify', { dependsOn: ['load'] }),
      stepOf('mend'),
    ];
    const failed = runAll(graphOf(steps), { load: bad });
    expect(failed.waves).toEqual([['load'], ['mend']]);
    expect(failed.finish).toEqual({ kind: 'finish', status: 'COMPLETED', exitCode: 'COMPLETED', failed: [] });
    expect(failed.run.stateOf('notify')).toBe('unreached');
    expect(runAll(graphOf(steps)).waves).toEqual([['load'], ['notify']]);
  });

  it('may lead to a node that waits for another branch, too', () => {
    const steps = [
      stepOf('check', { on: [to('YES', 'both')] }),
      stepOf('other'),
      stepOf('both', { dependsOn: ['other'] }),
    ];
    expect(runAll(graphOf(steps), { check: exit('YES') }).waves).toEqual([['check', 'other'], ['both']]);
    expect(runAll(graphOf(steps)).waves).toEqual([['check', 'other']]);
    expect(runAll(graphOf(steps, 'continue'), { check: exit('YES'), other: bad }).run.stateOf('both')).toBe(
      'defaulted',
    );
  });

  it('of two nodes to the same one has it run once', () => {
    const steps = [stepOf('a', { on: [to('*', 'c')] }), stepOf('b', { on: [to('X', 'c'), to('*', 'c')] }), stepOf('c')];
    expect(runAll(graphOf(steps)).waves).toEqual([['a', 'b'], ['c']]);
  });
});

describe('going on elsewhere', () => {
  it('skips what is completed, waits for what runs, ignores what is no more', () => {
    const state: GraphState = {
      stopping: false,
      nodes: new Map<string, NodeOutcome | 'running'>([
        ['a', ok],
        ['b', 'running'],
        ['gone', ok],
      ]),
    };
    const graph = graphOf(chain('a', 'b', 'c'));
    expect(next(graph, state)).toEqual({ kind: 'wait' });
    const run = createGraphRun(graph, state);
    run.end('b', ok);
    expect(run.next()).toEqual({ kind: 'run', names: ['c'] });
  });

  it('takes the decision that was taken', () => {
    const graph = graphOf([stepOf('a', { on: [to('X', 'c'), to('*', 'b')] }), stepOf('b'), stepOf('c')]);
    expect(next(graph, { stopping: false, nodes: new Map([['a', exit('X')]]) })).toEqual({ kind: 'run', names: ['c'] });
    expect(next(graph, { stopping: true, nodes: new Map([['a', exit('X')]]) })).toMatchObject({ status: 'STOPPED' });
  });
});

describe('10,000 nodes', () => {
  const names = Array.from({ length: 10_000 }, (_each, index) => `n${index}`);

  it('in a chain run, or fall, all of them', () => {
    const graph = graphOf(chain(...names), 'continue');
    expect(runAll(graph).waves).toHaveLength(10_000);
    const { waves, run } = runAll(graph, { n0: bad });
    expect(waves).toEqual([['n0']]);
    expect(run.stateOf('n9999')).toBe('defaulted');
  });

  it('side by side are looked at once each, not once for each other', () => {
    const graph = graphOf([...names.map((name) => stepOf(name)), stepOf('last', { dependsOn: names })]);
    const run = createGraphRun(graph);
    let looked = 0;
    for (let decision = run.next(4); decision.kind === 'run'; decision = run.next(4)) {
      looked += decision.names.length;
      for (const name of decision.names) run.start(name);
      for (const name of decision.names) run.end(name, ok);
    }
    expect(looked).toBe(10_001);
    expect(run.next().kind).toBe('finish');
  });
});
