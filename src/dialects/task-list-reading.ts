import { BatchyError } from '../domain/errors.ts';
import type { TaskListDialect } from '../domain/task-list.ts';
import { checkTasks } from '../domain/task-list-check.ts';
import type { ReadTask } from './task-fields.ts';

/** Most tasks of a list. */
export const maxTasks = 10_000;

/** Where something is wrong: in a text, by line and column from 1; or in the values that it holds. */
export type ListPlace =
  | { readonly line: number; readonly column: number }
  | { readonly task: number; readonly pointer: string };

export interface ListProblem {
  readonly place: ListPlace;
  readonly detail: string;
}

/** What a form has read, before the tasks are held against each other. */
export interface Reading {
  /** `null` where the list does not say it, which is among the problems. */
  readonly dialect: TaskListDialect | null;
  readonly tasks: readonly ReadTask[];
  readonly problems: readonly ListProblem[];
  /** How messages name a task by its place. */
  nameOf(task: number): string;
  placeOf(task: number, field: 'id' | 'name' | 'parents', item: number | null): ListPlace;
}

/** How many of the problems the one sentence tells; all are in `places`. */
const mostProblemsTold = 20;

/** All that is wrong, in the order of the list. */
export function problemsOf(reading: Reading): ListProblem[] {
  const together = checkTasks(reading.tasks, (task) => reading.nameOf(task)).map(({ task, field, item, detail }) => ({
    place: reading.placeOf(task, field, item),
    detail,
  }));
  return [...reading.problems, ...together].sort((one, other) => comparePlaces(one.place, other.place));
}

/** @returns BatchyError `invalid-job` that tells the problems, all of them in its places */
export function listRefusal(fileName: string, problems: readonly ListProblem[]): BatchyError {
  const told = problems.slice(0, mostProblemsTold).map(({ place, detail }) => `${wordsOf(place)}: ${detail}`);
  const more = problems.length > mostProblemsTold ? [`and ${problems.length - mostProblemsTold} more`] : [];
  const first = problems[0]?.place;
  return new BatchyError('invalid-job', `${fileName}, ${[...told, ...more].join('; ')}.`, {
    places: problems.map(({ place, detail }) => ({ pointer: pointerOf(place), detail })),
    facts: {
      file: fileName,
      ...(first !== undefined && 'line' in first ? { line: first.line, column: first.column } : {}),
    },
  });
}

function comparePlaces(one: ListPlace, other: ListPlace): number {
  if ('line' in one && 'line' in other) return one.line - other.line || one.column - other.column;
  return ('task' in one ? one.task : -1) - ('task' in other ? other.task : -1);
}

function wordsOf(place: ListPlace): string {
  return 'line' in place ? `line ${place.line}, column ${place.column}` : place.pointer;
}

function pointerOf(place: ListPlace): string {
  return 'line' in place ? `${place.line}:${place.column}` : place.pointer;
}
