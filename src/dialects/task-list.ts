import type { TaskList } from '../domain/task-list.ts';
import type { Environment } from './environment-references.ts';
import { readTaskJson } from './task-list-json.ts';
import { readTaskLines } from './task-list-lines.ts';
import { listRefusal, type Reading, problemsOf } from './task-list-reading.ts';

export interface TaskListOptions {
  readonly format: 'lst' | 'json';
  /** What `$ENV{NAME}` is resolved from. */
  readonly environment: Environment;
  /** How messages call the file. */
  readonly fileName?: string;
}

/** A longer list (UTF-8 bytes) is refused. */
export const maxTaskListBytes = 1024 * 1024;

/**
 * Reads a task list in either form.
 * @throws BatchyError `invalid-job` for all that is wrong at once: in its sentence (the first twenty) and its places, as `line:column`
 * of a `.lst`, as JSON pointers (`line:column` for what is no JSON) of the other; facts: `file`, of the first place `line`, `column`
 */
export function readTaskList(
  text: string,
  { format, environment, fileName = 'the task list' }: TaskListOptions,
): TaskList {
  if (isTooLong(text)) {
    const detail = `the list is larger than ${maxTaskListBytes / 1024} KiB; divide it, or keep data elsewhere`;
    throw listRefusal(fileName, [{ place: { line: 1, column: 1 }, detail }]);
  }
  const read = format === 'lst' ? readTaskLines : readTaskJson;
  const reading: Reading = read(text.replace(/^\uFEFF/, ''), environment);
  const problems = problemsOf(reading);
  if (problems.length > 0 || reading.dialect === null) throw listRefusal(fileName, problems);
  return { dialect: reading.dialect, tasks: reading.tasks.map(({ task }) => task) };
}

function isTooLong(text: string): boolean {
  return text.length > maxTaskListBytes || new TextEncoder().encode(text).length > maxTaskListBytes;
}
