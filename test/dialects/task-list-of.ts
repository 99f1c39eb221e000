import { readTaskList, type TaskListOptions } from '../../src/dialects/task-list.ts';
import type { ListedTask, TaskList } from '../../src/domain/task-list.ts';
import { refusedPlaces } from '../domain/refused-places.ts';

export const environment = { APP_LOG_DIR: '/logs', DAY: '2026-11-22', EMPTY: '', ODD: 'a|b,"c', TWICE: '$ENV{DAY}' };

export function readLines(text: string): TaskList {
  return readTaskList(text, { format: 'lst', environment });
}

/** Of a `#SHELL` list with these lines behind the first. */
export function readShell(...lines: string[]): readonly ListedTask[] {
  return readLines(['#SHELL', ...lines].join('\n')).tasks;
}

export function readJson(tasks: unknown): TaskList {
  return readTaskList(JSON.stringify(tasks), { format: 'json', environment });
}

/** Pointer and detail of each place that is wrong. */
export function problemsIn(text: string, format: TaskListOptions['format'] = 'lst'): [string, string][] {
  return refusedPlaces('invalid-job', () => readTaskList(text, { format, environment }));
}
