import type { JsonObject } from '../domain/json.ts';
import { quoteBriefly } from '../domain/names.ts';
import type { TaskList } from '../domain/task-list.ts';
import { listOf } from './graph-fields.ts';
import { cellText } from './table.ts';

interface Outline {
  readonly name: string;
  /** Ids, ascending. */
  readonly parents: string;
}

/** More do not help anybody. */
const mostTold = 10;

/**
 * In what a list here and that of a server differ, as far as its graph tells: ids, names, and what waits for what.
 * @param graph of the server's job
 */
export function listDifferences({ tasks }: TaskList, graph: JsonObject): string[] {
  const here = new Map(tasks.map(({ id, name, parents }) => [id, outline(name, parents)]));
  const nodes = listOf(graph['nodes']).map((node) => ({ id: node['task_id'], name: cellText(node['name']) }));
  if (nodes.some(({ id }) => id == null)) return ['there it is no task list'];
  const idOf = new Map(nodes.map(({ id, name }) => [name, Number(cellText(id))]));
  const parents = new Map<string, number[]>();
  for (const edge of listOf(graph['edges'])) {
    const to = cellText(edge['to']);
    parents.set(to, [...(parents.get(to) ?? []), idOf.get(cellText(edge['from'])) ?? 0]);
  }
  const there = new Map([...idOf].map(([name, id]) => [id, outline(name, parents.get(name) ?? [])]));
  const ids = [...new Set([...here.keys(), ...there.keys()])].sort((one, other) => one - other);
  const found = ids.flatMap((id) => difference(id, here.get(id), there.get(id)));
  const more = found.length - mostTold;
  return more > 0 ? [...found.slice(0, mostTold), `and ${more} more`] : found;
}

function outline(name: string, parents: readonly number[]): Outline {
  return { name, parents: parents.toSorted((one, other) => one - other).join(', ') };
}

function difference(id: number, here: Outline | undefined, there: Outline | undefined): string[] {
  if (here === undefined || there === undefined)
    return [`task ${id} ${quoteBriefly((here ?? there)?.name ?? '')} is only ${here === undefined ? 'there' : 'here'}`];
  if (here.name !== there.name)
    return [`task ${id} is ${quoteBriefly(here.name)} here and ${quoteBriefly(there.name)} there`];
  if (here.parents === there.parents) return [];
  const waits = ({ parents }: Outline): string => (parents === '' ? 'for none' : `for ${parents}`);
  return [`task ${id} waits ${waits(here)} here and ${waits(there)} there`];
}
