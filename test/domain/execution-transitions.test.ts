import { describe, expect, it, test } from 'vitest';

import { BatchyError } from '../../src/domain/errors.ts';
import { type BatchStatus, batchStatuses } from '../../src/domain/execution.ts';
import {
  type ExecutionEvent,
  executionTransitions,
  isDisownable,
  isLive,
  liveStatuses,
  moveExecution,
  moveStep,
  stepEvents,
  stepTransitions,
} from '../../src/domain/execution-transitions.ts';
import { refusal } from './scenario.ts';

const ended: readonly BatchStatus[] = ['STOPPED', 'FAILED', 'COMPLETED', 'ABANDONED', 'UNKNOWN'];

describe('an execution', () => {
  test.each([
    ['runs and completes', ['start', 'complete'], 'COMPLETED'],
    ['is complete at once', ['complete'], 'COMPLETED'],
    ['fails', ['start', 'fail'], 'FAILED'],
    ['stops', ['start', 'stop', 'halt'], 'STOPPED'],
    ['is stopped before it starts', ['stop', 'halt'], 'STOPPED'],
    ['is stopped twice', ['start', 'stop', 'stop', 'halt'], 'STOPPED'],
    ['completes before the stop is heard', ['start', 'stop', 'complete'], 'COMPLETED'],
    ['is taken over, then completes', ['start', 'take-over', 'complete'], 'COMPLETED'],
    ['is taken over while it stops', ['start', 'stop', 'take-over', 'halt'], 'STOPPED'],
    ['is abandoned after a failure', ['start', 'fail', 'abandon', 'abandon'], 'ABANDONED'],
    ['is disowned after it completed', ['start', 'complete', 'disown', 'abandon'], 'ABANDONED'],
    ['is disowned after it failed', ['start', 'fail', 'disown'], 'ABANDONED'],
    ['is disowned after it stopped', ['start', 'stop', 'halt', 'disown'], 'ABANDONED'],
    ['is recovered', ['start', 'recover', 'abandon'], 'ABANDONED'],
    ['loses its owner', ['start', 'lose-owner'], 'FAILED'],
    ['is recovered from an unknown outcome', ['start', 'lose-outcome', 'recover'], 'FAILED'],
  ] as const)('%s', (_name, events, status) => {
    expect(events.reduce<BatchStatus>(moveExecution, 'STARTING')).toBe(status);
  });

  test.each(['STARTING', 'STARTED', 'STOPPING', 'COMPLETED', 'UNKNOWN'] as const)(
    'that is %s is not abandoned',
    (status) => {
      expect(refusal(() => moveExecution(status, 'abandon'))).toBe('illegal-transition');
    },
  );

  test.each(batchStatuses)('that is %s is disowned only where it has ended, in a way that is known', (status) => {
    const may = ['STOPPED', 'FAILED', 'REVERTED', 'COMPLETED'].includes(status);
    expect(isDisownable(status)).toBe(may);
    if (!may) expect(refusal(() => moveExecution(status, 'disown'))).toBe('illegal-transition');
  });

  test.each(ended)('that is %s neither runs again nor stops', (status) => {
    for (const event of ['start', 'complete', 'fail', 'stop', 'halt', 'take-over', 'lose-owner'] as const) {
      expect(refusal(() => moveExecution(status, event))).toBe('illegal-transition');
    }
  });

  it('is live as long as somebody owns it', () => {
    expect(liveStatuses).toEqual(['STARTING', 'STARTED', 'STOPPING']);
    expect(ended.some(isLive)).toBe(false);
  });
});

describe('a refusal', () => {
  const refused = (status: BatchStatus, event: ExecutionEvent): BatchyError => {
    try {
      moveExecution(status, event);
    } catch (error) {
      if (error instanceof BatchyError) return error;
    }
    return expect.fail('it was not refused');
  };

  it('says in which state it is', () => {
    const { detail, facts } = refused('COMPLETED', 'stop');
    expect(detail).toMatch(/^The execution is COMPLETED, so it cannot be stopped\. /);
    expect(facts).toEqual({ status: 'COMPLETED', event: 'stop' });
  });

  it.each(batchStatuses)('in %s advises only what is possible there', (status) => {
    const { detail } = refused(status, status === 'STARTING' ? 'abandon' : 'start');
    const advice = detail.slice(detail.indexOf('. '));
    for (const [word, event] of [
      ['stop it', 'stop'],
      ['abandon', 'abandon'],
      ['recover', 'recover'],
    ] as const) {
      const possible = executionTransitions[status][event] !== undefined;
      if (advice.includes(word)) expect(possible, `${status}: ${word}`).toBe(true);
    }
    expect(advice.length).toBeGreaterThan(10);
  });
});

describe('a step execution', () => {
  test.each([
    ['completes', ['complete'], 'COMPLETED'],
    ['fails', ['fail'], 'FAILED'],
    ['stops', ['halt'], 'STOPPED'],
    ['is taken over', ['take-over', 'complete'], 'COMPLETED'],
    ['is recovered from an unknown outcome', ['lose-outcome', 'recover'], 'FAILED'],
  ] as const)('%s', (_name, events, status) => {
    expect(events.reduce<BatchStatus>(moveStep, 'STARTED')).toBe(status);
  });

  it('moves only as its execution could', () => {
    for (const status of batchStatuses)
      for (const event of stepEvents) {
        const move = stepTransitions[status][event];
        if (move !== undefined) expect(executionTransitions[status][event], `${status} ${event}`).toEqual(move);
      }
  });

  it('that has ended stays so', () => {
    for (const status of ['STOPPED', 'FAILED', 'COMPLETED', 'ABANDONED'] as const)
      for (const event of stepEvents) expect(refusal(() => moveStep(status, event))).toBe('illegal-transition');
  });
});
