import { BatchyError } from './errors.ts';
import { quoteBriefly } from './names.ts';
import type { ListedTask, TaskList } from './task-list.ts';

/** Which tasks a launch runs: those that every part of it picks. What is left out picks all. */
export interface TaskSelection {
  /** Only these. */
  readonly execOnly?: readonly number[];
  /** All but these. */
  readonly norun?: readonly number[];
  /** It and its descendants. */
  readonly from?: number;
  /** It and its ancestors. */
  readonly to?: number;
  /** Only those of these names. */
  readonly names?: readonly string[];
}

/**
 * The names of the tasks that a launch leaves out.
 * @throws BatchyError `invalid-request` for ids and names that are no task's, all at once, and where nothing is left to run
 */
export function deselectedTasks(list: TaskList, selection: TaskSelection): ReadonlySet<string> {
  const { execOnly, norun = [], from, to, names } = selection;
  const { tasks } = list;
  refuseUnknown(tasks, selection);
  const picked = [
    ...(execOnly === undefined ? [] : [new Set(execOnly)]),
    ...(from === undefined ? [] : [withAllThat(childrenOf(tasks), from)]),
    ...(to === undefined ? [] : [withAllThat(parentsOf(tasks), to)]),
  ];
  const omitted = new Set(norun);
  const named = names === undefined ? null : new Set(names);
  const deselected = tasks.filter(
    ({ id, name }) => omitted.has(id) || !picked.every((ids) => ids.has(id)) || (named !== null && !named.has(name)),
  );
  if (deselected.length === tasks.length)
    throw new BatchyError(
      'invalid-request',
      'The selection leaves no task to run: no task is picked by all parts of it.',
    );
  return new Set(deselected.map(({ name }) => name));
}

function refuseUnknown(tasks: readonly ListedTask[], { execOnly, norun, from, to, names }: TaskSelection): void {
  const ids = new Set(tasks.map(({ id }) => id));
  const known = new Set(tasks.map(({ name }) => name));
  const chosen = [...(execOnly ?? []), ...(norun ?? []), from ?? [], to ?? []].flat();
  const unknown = [
    ...[...new Set(chosen)].filter((id) => !ids.has(id)).map((id) => `task ${id}`),
    ...[...new Set(names)].filter((name) => !known.has(name)).map((name) => `task ${quoteBriefly(name)}`),
  ];
  if (unknown.length === 0) return;
  throw new BatchyError('invalid-request', `The list has no ${unknown.join(', no ')}, which the selection names.`);
}

function parentsOf(tasks: readonly ListedTask[]): ReadonlyMap<number, readonly number[]> {
  return new Map(tasks.map(({ id, parents }) => [id, parents]));
}

function childrenOf(tasks: readonly ListedTask[]): ReadonlyMap<number, readonly number[]> {
  const children = new Map(tasks.map(({ id }): [number, number[]] => [id, []]));
  for (const { id, parents } of tasks) for (const parent of parents) children.get(parent)?.push(id);
  return children;
}

/** An id and all that it leads to. */
function withAllThat(next: ReadonlyMap<number, readonly number[]>, id: number): ReadonlySet<number> {
  const reached = new Set([id]);
  // A set that grows while it is walked is walked to its end.
  for (const each of reached) for (const other of next.get(each) ?? []) reached.add(other);
  return reached;
}
