import { findCycles } from './cycles.ts';
import { quoteBriefly } from './names.ts';

/** Among a task's parents: it has none. */
export const rootParent = -1;

/** Of a task as it was written, what others may refer to. `null`: it could not be read, which was told already. */
export interface DraftTask {
  readonly id: number | null;
  readonly name: string | null;
  /** As written; `rootParent`, repetitions and ids that are no task's may be among them. */
  readonly parents: readonly number[];
}

/** What is wrong with a task in the company of the others. */
export interface TaskProblem {
  /** Place of the task in the list. */
  readonly task: number;
  readonly field: 'id' | 'name' | 'parents';
  /** Place within `parents`, where it is one of them. */
  readonly item: number | null;
  readonly detail: string;
}

/** Ids of a circle that are told before the rest is left out. */
const mostTold = 12;

/**
 * Ids and names that are taken already, parents that are not there, and circles: all of them.
 * @param placeOf how messages say where a task stands: `line 4`
 */
export function checkTasks(tasks: readonly DraftTask[], placeOf: (task: number) => string): TaskProblem[] {
  const byId = new Map<number, number>();
  const byName = new Map<string, number>();
  const taken = tasks.flatMap(({ id, name }, task): TaskProblem[] => [
    ...problemIfTaken(byId, id, task, 'id', (first) => `id ${id} is taken already, by ${placeOf(first)}`),
    ...problemIfTaken(
      byName,
      name,
      task,
      'name',
      (first) => `the name ${quoteBriefly(name ?? '')} is taken already, by ${placeOf(first)}`,
    ),
  ]);
  const unknown = tasks.flatMap(({ parents }, task) =>
    parents.flatMap((parent, item): TaskProblem[] =>
      parent === rootParent || byId.has(parent)
        ? []
        : [{ task, field: 'parents', item, detail: `parent ${parent} is no task of the list` }],
    ),
  );
  return [...taken, ...unknown, ...checkCircles(tasks, byId)];
}

function problemIfTaken<Key>(
  holders: Map<Key, number>,
  key: Key | null,
  task: number,
  field: 'id' | 'name',
  detail: (first: number) => string,
): TaskProblem[] {
  if (key === null) return [];
  const first = holders.get(key);
  if (first !== undefined) return [{ task, field, item: null, detail: detail(first) }];
  holders.set(key, task);
  return [];
}

function checkCircles(tasks: readonly DraftTask[], byId: ReadonlyMap<number, number>): TaskProblem[] {
  const children = tasks.map((): number[] => []);
  for (const [task, { parents }] of tasks.entries())
    for (const parent of new Set(parents)) children[byId.get(parent) ?? -1]?.push(task);
  return findCycles(children, mostTold).map(({ nodes, length, from, to }) => {
    const ids = nodes.map((task) => tasks[task]?.id);
    const path = [...ids, ...(length > ids.length ? ['…'] : []), ids[0]].join(' → ');
    const closing = tasks[from]?.id ?? rootParent;
    const item = tasks[to]?.parents.indexOf(closing) ?? 0;
    return { task: to, field: 'parents', item, detail: `the tasks go round in a circle: ${path}` };
  });
}
