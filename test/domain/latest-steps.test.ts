import { describe, expect, it } from 'vitest';

import type { StepExecution } from '../../src/domain/execution.ts';
import { latestStep, withLatest } from '../../src/domain/latest-steps.ts';
import { instanceOf, type RanStep, ranSteps } from './instance-of.ts';

const stepsOf = (ran: Readonly<Record<string, RanStep>>): ReadonlyMap<string, StepExecution> =>
  ranSteps(ran).stepExecutions;
const knowing = (ran: Readonly<Record<string, RanStep>>) => instanceOf(ranSteps(ran).steps);

describe('what an instance knows of its steps', () => {
  const before = knowing({ a: { status: 'COMPLETED', starts: 2 }, b: { status: 'FAILED', starts: 3 } });
  const own = stepsOf({ b: { status: 'STARTED', executionId: 9 }, c: { status: 'COMPLETED', executionId: 9 } });

  it('is what it knew, and over it the steps of the execution, each started once more', () => {
    expect(withLatest(before, own.values()).steps).toEqual(
      new Map([
        ['a', { stepExecutionId: 1, executionId: 1, status: 'COMPLETED', starts: 2 }],
        ['b', { stepExecutionId: 1, executionId: 9, status: 'STARTED', starts: 4 }],
        ['c', { stepExecutionId: 2, executionId: 9, status: 'COMPLETED', starts: 1 }],
      ]),
    );
  });

  it('is the same when it is told twice, as what an earlier version wrote with each step is told again', () => {
    const once = withLatest(before, own.values());
    expect(withLatest(once, own.values())).toEqual(once);
    const ended = stepsOf({ b: { status: 'COMPLETED', executionId: 9 } });
    expect(withLatest(once, ended.values()).steps.get('b')).toMatchObject({ status: 'COMPLETED', starts: 4 });
  });

  it('is told of one step without making all', () => {
    for (const name of ['a', 'b', 'c', 'd'])
      expect(latestStep(before, own, name)).toEqual(withLatest(before, own.values()).steps.get(name));
  });

  it('is left alone where nothing ran', () => expect(withLatest(before, [])).toBe(before));
});
