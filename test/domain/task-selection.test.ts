import { describe, expect, it } from 'vitest';

import { BatchyError } from '../../src/domain/errors.ts';
import type { TaskList } from '../../src/domain/task-list.ts';
import { deselectedTasks, type TaskSelection } from '../../src/domain/task-selection.ts';

/** Names by id: `T1`. */
function listOf(parents: Readonly<Record<number, readonly number[]>>): TaskList {
  const tasks = Object.entries(parents).map(([id, its]) => ({
    id: Number(id),
    parents: its,
    name: `T${id}`,
    run: { kind: 'shell', command: 'true' } as const,
    maxAttempts: 1,
    retryWaitSeconds: 0,
    timeoutSeconds: null,
    logFile: null,
  }));
  return { dialect: 'shell', tasks };
}

/** The list of the acceptance cases: 2 and 3 under 1; 4 under 2 and 3; 5 a root. */
const list = listOf({ 1: [], 2: [1], 3: [1], 4: [2, 3], 5: [] });

/** Ids of what runs. */
function selected(selection: TaskSelection): number[] {
  const deselected = deselectedTasks(list, selection);
  return list.tasks.filter(({ name }) => !deselected.has(name)).map(({ id }) => id);
}

describe('a selection', () => {
  it.each<[TaskSelection, number[]]>([
    [{}, [1, 2, 3, 4, 5]],
    [{ execOnly: [3] }, [3]],
    [{ execOnly: [4, 3, 4] }, [3, 4]],
    [{ norun: [3] }, [1, 2, 4, 5]],
    [{ norun: [] }, [1, 2, 3, 4, 5]],
    [{ from: 2 }, [2, 4]],
    [{ from: 1 }, [1, 2, 3, 4]],
    [{ from: 5 }, [5]],
    [{ to: 4 }, [1, 2, 3, 4]],
    [{ to: 2 }, [1, 2]],
    [{ names: ['T2', 'T5'] }, [2, 5]],
    [{ from: 1, to: 4, norun: [2] }, [1, 3, 4]],
    [{ from: 2, to: 2 }, [2]],
    [{ execOnly: [2, 4, 5], from: 1, names: ['T4', 'T1'] }, [4]],
  ])('%j runs %j', (selection, expected) => {
    expect(selected(selection)).toEqual(expected);
  });

  it.each<[TaskSelection, string]>([
    [{ execOnly: [9] }, 'The list has no task 9, which'],
    [
      { execOnly: [1, 9], norun: [8, 9], from: 7, to: 6, names: ['T1', 'T0', 't1'] },
      'The list has no task 9, no task 8, no task 7, no task 6, no task "T0", no task "t1", which',
    ],
    [{ execOnly: [] }, 'no task to run'],
    [{ names: [] }, 'no task to run'],
    [{ norun: [1, 2, 3, 4, 5] }, 'no task to run'],
    [{ from: 5, to: 4 }, 'no task to run'],
  ])('%j is refused', (selection, message) => {
    const work = (): unknown => deselectedTasks(list, selection);
    expect(work).toThrow(BatchyError);
    expect(work).toThrow(
      expect.objectContaining({ code: 'invalid-request', detail: expect.stringContaining(message) }),
    );
  });

  it('follows chains of ten thousand tasks', () => {
    const chain = listOf(
      Object.fromEntries(Array.from({ length: 10_000 }, (_each, index) => [index + 1, index === 0 ? [] : [index]])),
    );
    expect(deselectedTasks(chain, { from: 1, to: 10_000 }).size).toBe(0);
    expect(deselectedTasks(chain, { from: 5000, to: 5001 }).size).toBe(9998);
  });
});
