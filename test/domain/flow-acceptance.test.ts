import { describe, expect, it } from 'vitest';

import type { RetryController, ScopeDeclaration } from '../../src/domain/flow.ts';
import { failing, flowOf, linear, type Script, simulate, statusesOf, taskOf, times } from './flow-simulator.ts';

const always = 1000;
const forEach: RetryController = { kind: 'forEach', values: ['x', 'y', 'ok'], provides: 'value' };

interface Case {
  readonly what: string;
  readonly flow: ScopeDeclaration;
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
