import { describe, expect, it } from 'vitest';

import type { JobExecution } from '../../src/domain/execution.ts';
import { executionMembers, instanceMembers, stepMembers } from '../../src/domain/execution-documents.ts';
import { decodeInstance } from '../../src/domain/execution-text.ts';
import type { ExecutionEvent } from '../../src/domain/execution-transitions.ts';
import type { Instant } from '../../src/domain/time.ts';
import { endExecution } from '../../src/service/end-execution.ts';
import { executionOf, instanceOf, type RanStep, ranSteps } from '../domain/instance-of.ts';
import { at } from '../domain/scenario.ts';

const now = at('2026-11-21T13:00:00');

/** What the instance knows of its steps after an execution of these was ended by somebody else than its conductor. */
function knownAfter(ran: Readonly<Record<string, RanStep>>, event: 'recover' | 'stop'): Record<string, string> {
  const execution = executionOf(event === 'stop' ? 'STARTED' : 'UNKNOWN');
  const instance = instanceOf(new Map());
  const { beside } = endExecution(
    { value: execution, revision: 4, members: executionMembers(execution) },
    { events: event === 'stop' ? ['stop', 'halt'] : ['recover'], exitMessage: 'its owner is gone', by: 'test' },
    {
      instance: { value: instance, revision: 1, members: instanceMembers(instance) },
      steps: [...ranSteps(ran).stepExecutions.values()].map((value) => ({
        value,
        revision: 2,
        members: stepMembers(value),
      })),
    },
    now,
  );
  const text = beside.documents.find(({ collection }) => collection === 'instance')?.text ?? '';
  return Object.fromEntries([...decodeInstance(text).steps].map(([name, { status }]) => [name, status]));
}

describe('an execution that somebody ends in the place of its conductor', () => {
  it('leaves to its instance what its steps had completed, so that no restart does it again', () =>
    expect(knownAfter({ a: { status: 'COMPLETED' }, b: { status: 'STARTED' } }, 'stop')).toEqual({
      a: 'COMPLETED',
      b: 'STOPPED',
    }));

  it('has ended only once nobody goes on with it, and then keeps when', () => {
    const end = (before: JobExecution, events: readonly ExecutionEvent[], later: Instant) =>
      endExecution(
        { value: before, revision: 4, members: executionMembers(before) },
        { events, exitMessage: 'asked to', by: 'test' },
        null,
        later,
      ).execution;
    const stopping = end(executionOf('STARTED'), ['stop'], now);
    expect([stopping.status, stopping.endedAt]).toEqual(['STOPPING', null]);
    // As they were stored before.
    const ended = end({ ...stopping, endedAt: now }, ['halt'], now + 5_000_000_000n);
    expect([ended.status, ended.endedAt]).toEqual(['STOPPED', now + 5_000_000_000n]);
    expect(end(ended, ['abandon'], now + 9_000_000_000n).endedAt).toBe(ended.endedAt);
  });

  it('also where none of them was interrupted', () =>
    expect(knownAfter({ a: { status: 'COMPLETED' }, b: { status: 'COMPLETED' } }, 'recover')).toEqual({
      a: 'COMPLETED',
      b: 'COMPLETED',
    }));
});
