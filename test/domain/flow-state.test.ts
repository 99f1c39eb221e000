import { describe, expect, it, test } from 'vitest';

import {
  moveTask,
  taskEvents,
  taskStatuses,
  taskTransitions,
  type TaskEvent,
  type TaskStatus,
} from '../../src/domain/flow-state.ts';
import { refusal } from './scenario.ts';

describe("a flow's task", () => {
  test.each<[string, readonly TaskEvent[], TaskStatus]>([
    ['succeeds', ['started', 'succeeded'], 'SUCCESS'],
    ['is reverted after it succeeded', ['started', 'succeeded', 'revert-started', 'reverted'], 'REVERTED'],
    ['is reverted after it failed', ['started', 'failed', 'revert-started', 'reverted'], 'REVERTED'],
    ['cannot be reverted', ['started', 'failed', 'revert-started', 'revert-failed'], 'REVERT_FAILURE'],
    ['needs no revert', ['started', 'succeeded', 'revert-skipped'], 'REVERTED'],
    ['is run again', ['started', 'failed', 'revert-started', 'reverted', 'reset', 'started'], 'RUNNING'],
  ])('%s', (_what, events, status) => {
    const end = events.reduce<TaskStatus>((before, event) => moveTask('t', before, event), 'PENDING');
    expect(end).toBe(status);
  });

  test.each(taskStatuses)('that is %s allows what the table says, and nothing else', (status) => {
    for (const event of taskEvents) {
      const move = taskTransitions[status][event];
      if (move === undefined) {
        expect(refusal(() => moveTask('t', status, event, true))).toBe('illegal-transition');
      } else {
        expect(moveTask('t', status, event, true)).toBe(move.to);
        if (move.guard === 'runner-gone')
          expect(refusal(() => moveTask('t', status, event))).toBe('illegal-transition');
      }
    }
  });

  it('is begun again only where it was being worked on, by somebody who is gone', () => {
    const repeated = taskStatuses.filter((status) =>
      Object.values(taskTransitions[status]).some(({ to, guard }) => to === status && guard === 'runner-gone'),
    );
    expect(repeated).toEqual(['RUNNING', 'REVERTING']);
  });

  it('that could not be reverted stays so', () => {
    expect(taskTransitions.REVERT_FAILURE).toEqual({});
  });
});
