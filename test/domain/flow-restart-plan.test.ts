import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import type { StepExecution } from '../../src/domain/execution.ts';
import { type FlowPlanInput, planFlowRestart } from '../../src/domain/flow-restart-plan.ts';
import {
  type FlowState,
  neverStarted,
  type TaskState,
  type TaskStatus,
  type Unwinding,
} from '../../src/domain/flow-state.ts';
import { emptyFlowRecord, type FlowOutline, outlineOf, type OutlineNode } from '../../src/domain/flow-text.ts';
import { drawn, failures, named, revertFailures, scriptOf } from './drawn-flows.ts';
import { flowOf, simulate } from './flow-simulator.ts';
import { ranSteps } from './instance-of.ts';

const node = (name: string, more: Partial<OutlineNode> = {}): OutlineNode => ({
  name,
  kind: 'task',
  scope: 0,
  parents: [],
  retry: null,
  hasRevert: true,
  ...more,
});

/** p, then the flow `sub` with a and b, then z, and n that cannot be undone. */
const outline: FlowOutline = {
  name: 'f',
  nodes: [
    node('f', { kind: 'linear', scope: null }),
    node('p'),
    node('sub', { kind: 'linear', parents: [1], retry: 'times' }),
    node('a', { scope: 2 }),
    node('b', { scope: 2, parents: [3] }),
    node('z', { parents: [2] }),
    node('n', { parents: [5], hasRevert: false }),
  ],
};

/** @param executionId that left it so */
function row(stepName: string, status: TaskStatus, executionId = 1): StepExecution {
  const [step] = ranSteps({ [stepName]: { status: 'COMPLETED', executionId } }).stepExecutions.values();
  return {
    ...(step as StepExecution),
    flow: { phase: 'execute', task: status === 'PENDING' ? null : { ...neverStarted, status } },
  };
}

const reverting = (next: Unwinding['next'], ...scopes: string[]) => ({
  ...emptyFlowRecord,
  unwinding: { scopes, next, failures: [] },
});

function plan(tasks: Readonly<Record<string, TaskStatus>>, more: Partial<FlowPlanInput> = {}, executionId = 1) {
  const rows = Object.entries(tasks).map(([name, status]) => [name, row(name, status, executionId)] as const);
  const planned = planFlowRestart({
    outline,
    record: emptyFlowRecord,
    tasks: new Map(rows),
    executionId: null,
    lastStatus: 'STOPPED',
    ...more,
  });
  return {
    actions: planned.map(({ stepName, action }) => `${stepName} ${action}`).join(', '),
    whys: Object.fromEntries(planned.map(({ stepName, why }) => [stepName, why])),
    conditional: planned.filter((each) => each.conditional).map(({ stepName }) => stepName),
  };
}

describe('a restart of a flow', () => {
  it('of nothing runs everything', () => {
    expect(plan({}).actions).toBe('p run, a run, b run, z run, n run');
  });

  it('keeps what has succeeded and does once more what was interrupted', () => {
    const { actions, whys } = plan({ p: 'SUCCESS', a: 'RUNNING', b: 'PENDING' });
    expect(actions).toBe('p skip, a run, b run, z run, n run');
    expect(whys).toMatchObject({
      p: 'it succeeded in execution 1',
      a: 'it was interrupted in execution 1',
      b: 'it was put back to pending in execution 1',
      z: 'it has not run yet',
    });
  });

  it('does not know how far a failure goes', () => {
    const { actions, conditional } = plan({ p: 'SUCCESS', a: 'SUCCESS', b: 'FAILURE' });
    expect(actions).toBe('p skip, a skip, b revert, z run, n run');
    expect(conditional).toEqual(['z', 'n']);
  });

  test.each<[string, Unwinding['next'], string]>([
    ['of which the end was decided', 'end', 'p skip, a revert, b skip, z skip, n skip'],
    ['that is to be tried again', 'retry', 'p skip, a revert, b run, z run, n run'],
  ])('goes on with a revert %s', (_name, next, actions) => {
    expect(plan({ p: 'SUCCESS', a: 'SUCCESS', b: 'REVERTED' }, { record: reverting(next, 'sub') }).actions).toBe(
      actions,
    );
  });

  it('reverts all that lies in what is being reverted, however deep', () => {
    const { actions, whys } = plan(
      { p: 'SUCCESS', a: 'REVERTING', b: 'REVERT_FAILURE', n: 'SUCCESS' },
      { record: reverting('end', 'f') },
    );
    expect(actions).toBe('p revert, a revert, b revert, z skip, n skip');
    expect(whys).toEqual({
      p: 'it succeeded in execution 1, and lies in what is being reverted',
      a: 'its revert was interrupted in execution 1',
      b: 'its revert failed in execution 1, and is tried again',
      z: 'the flow is being reverted, so that nothing more is run',
      n: 'it succeeded in execution 1, and lies in what is being reverted; there is nothing to undo',
    });
  });

  it('begins anew with what was undone, whatever had been decided', () => {
    const { actions, whys } = plan(
      { p: 'SUCCESS', a: 'REVERTED', b: 'REVERTED' },
      { record: reverting('end', 'sub'), lastStatus: 'REVERTED' },
    );
    expect(actions).toBe('p skip, a run, b run, z run, n run');
    expect(whys['b']).toBe('it was undone in execution 1 and begins anew');
  });

  it('of one that has succeeded runs nothing', () => {
    const { actions, whys } = plan({ p: 'SUCCESS' }, { lastStatus: 'COMPLETED' });
    expect(actions).toBe('p skip, a skip, b skip, z skip, n skip');
    expect(whys['z']).toBe('the flow has succeeded without it');
  });

  it('goes by what ran where nobody has picked it up since', () => {
    expect(plan({ p: 'SUCCESS', x: 'RUNNING' }, { outline: null }).actions).toBe('p skip, x run');
  });
});

describe('what is left of a flow that runs', () => {
  const running = { executionId: 1, lastStatus: null } as const;

  it('is what it has not done', () => {
    const { actions, whys } = plan({ p: 'SUCCESS', a: 'RUNNING' }, running);
    expect(actions).toBe('p skip, a run, b run, z run, n run');
    expect(whys['a']).toBe('it runs, and is run once more if whoever runs it is gone');
  });

  it('is what it has to undo', () => {
    const { actions, whys } = plan(
      { p: 'SUCCESS', a: 'REVERTING', b: 'REVERTED' },
      { ...running, record: reverting('end', 'f') },
    );
    expect(actions).toBe('p revert, a revert, b skip, z skip, n skip');
    expect(whys).toMatchObject({ a: 'its revert is under way', b: 'it was undone in execution 1' });
  });

  it('begins with what an earlier execution has left', () => {
    expect(plan({ p: 'SUCCESS', a: 'REVERTED' }, { executionId: 2, lastStatus: null }).actions).toBe(
      'p skip, a run, b run, z run, n run',
    );
  });
});

describe('whatever the flow, wherever it was stopped', () => {
  it('a restart in which nothing fails does what was planned', () => {
    fc.assert(
      fc.property(
        drawn(['linear', 'unordered', 'graph'], 2),
        failures,
        revertFailures,
        fc.nat({ max: 40 }),
        (root, fails, reverts, events) => {
          const flow = flowOf(named(root));
          const states: FlowState[] = [];
          const { finish } = simulate(flow, scriptOf(fails, reverts), {
            watch: (_event, state) =>
              states.push({ ...state, tasks: new Map(state.tasks), attempts: new Map(state.attempts) }),
          });
          const place = Math.min(events, states.length - 1);
          const stopped = states[place];
          if (stopped === undefined) return;
          const isUndone = place === states.length - 1 && finish.status === 'REVERTED';
          const record = { attempts: stopped.attempts, unwinding: stopped.unwinding };
          const planned = planFlowRestart({
            outline: outlineOf(flow),
            record,
            tasks: new Map([...stopped.tasks].map(([name, task]) => [name, withTask(row(name, 'SUCCESS'), task)])),
            executionId: null,
            lastStatus: isUndone ? 'REVERTED' : 'STOPPED',
          });
          // As the engine loads it.
          const tasks = [...stopped.tasks].flatMap(([name, task]): [string, TaskState][] => {
            if (task.status === 'REVERTED') return [];
            return [[name, task.status === 'REVERT_FAILURE' ? { ...task, status: 'REVERTING' } : task]];
          });
          const state = { ...stopped, ...(isUndone ? emptyFlowRecord : record), tasks: new Map(tasks) };
          const { log } = simulate(flow, {}, { state });
          const isOpen = stopped.unwinding === null && tasks.some(([, { status }]) => status === 'FAILURE');
          for (const { stepName, action, conditional } of planned) {
            const [runs, undoes] = [log.includes(`${stepName}x`), log.includes(`${stepName}r`)];
            if (action === 'revert') expect({ stepName, undoes }).toEqual({ stepName, undoes: true });
            else if (!isOpen)
              expect({ stepName, runs, undoes }).toEqual({ stepName, runs: action === 'run', undoes: false });
            expect(conditional).toBe(isOpen && action === 'run');
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

function withTask(step: StepExecution, task: TaskState): StepExecution {
  return { ...step, flow: { phase: 'execute', task } };
}
