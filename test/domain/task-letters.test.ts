import { expect, it } from 'vitest';

import { batchStatuses, type BatchStatus } from '../../src/domain/execution.ts';
import { taskLetter, type TaskStanding } from '../../src/domain/task-letters.ts';
import type { TaskLetter } from '../../src/domain/task-list.ts';

const untouched: TaskStanding = { status: null, isDeselected: false, isDefaulted: false, hasEnded: false };

it.each<[Partial<TaskStanding>, TaskLetter]>([
  [{}, 'P'],
  [{ hasEnded: true }, 'P'],
  [{ isDeselected: true }, 'N'],
  [{ isDeselected: true, hasEnded: true }, 'N'],
  [{ isDefaulted: true }, 'D'],
  [{ isDefaulted: true, hasEnded: true }, 'D'],
  [{ isDeselected: true, isDefaulted: true }, 'N'],
  [{ status: 'COMPLETED', isDeselected: true }, 'C'],
])('of a task with %j is %s', (known, letter) => {
  expect(taskLetter({ ...untouched, ...known })).toBe(letter);
});

it('of a task that has begun follows from its status, and nothing runs in an execution that has ended', () => {
  const letters = (hasEnded: boolean): string[] =>
    batchStatuses.map((status) => `${status} ${taskLetter({ ...untouched, status, hasEnded })}`);
  const same: Readonly<Partial<Record<BatchStatus, TaskLetter>>> = {
    STOPPED: 'A',
    FAILED: 'F',
    REVERTED: 'F',
    COMPLETED: 'C',
    ABANDONED: 'F',
    UNKNOWN: 'F',
  };
  expect(letters(false)).toEqual(batchStatuses.map((status) => `${status} ${same[status] ?? 'R'}`));
  expect(letters(true)).toEqual(batchStatuses.map((status) => `${status} ${same[status] ?? 'A'}`));
});
