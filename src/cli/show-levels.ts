import type { JsonObject } from '../domain/json.ts';
import type { Instant } from '../domain/time.ts';
import { messageOn, objectOf } from './execution-table.ts';
import { edgesTo, listOf } from './graph-fields.ts';
import { runTime } from './run-time.ts';
import { cellText, type Column, column, printTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** The graph of a job or a task list by levels: what stands on one level waits for something on the level before. */
export async function printLevels(
  terminal: Terminal,
  graph: JsonObject,
  steps: readonly JsonObject[],
  now: Instant | null,
): Promise<void> {
  const nodes = listOf(graph['nodes']);
  const edges = listOf(graph['edges']);
  const levels = levelsOf(nodes, edges);
  const before = Map.groupBy(edges, (edge) => cellText(edge['to']));
  const ran = new Map(steps.map((step) => [cellText(step['step_name']), step]));
  const rows = nodes
    .map((node): JsonObject => {
      const name = cellText(node['name']);
      const step = ran.get(name) ?? {};
      const task = objectOf(node['task'] ?? null);
      return {
        ...step,
        level: levels.get(name) ?? 1,
        id: task['id'] ?? null,
        letter: task['letter'] ?? null,
        step: name,
        status: node['status'] ?? null,
        time: runTime(step['start_time'], step['end_time'], now),
        retries: step['retry_count'] ?? null,
        after: edgesTo(before.get(name) ?? [], name),
      };
    })
    .toSorted((one, other) => Number(one['level']) - Number(other['level']));
  const ofList: Column[] = rows.some(({ letter }) => letter !== null) ? ['id', 'letter'].map(column) : [];
  const away: Column[] = rows.some((row) => typeof row['conductor'] === 'string') ? [column('conductor')] : [];
  const columns = [
    column('level'),
    ...ofList,
    ...['step', 'status', 'time', 'retries'].map(column),
    ...away,
    column('after'),
  ];
  await printTable(terminal, [...columns, messageOn(terminal)], rows);
}

/** The roots are level 1. */
function levelsOf(nodes: readonly JsonObject[], edges: readonly JsonObject[]): ReadonlyMap<string, number> {
  const levels = new Map(nodes.map((node) => [cellText(node['name']), 1]));
  const open = new Map<string, number>();
  const following = new Map<string, string[]>();
  for (const { from, to } of edges) {
    if (typeof from !== 'string' || typeof to !== 'string') continue;
    open.set(to, (open.get(to) ?? 0) + 1);
    const others = following.get(from);
    if (others === undefined) following.set(from, [to]);
    else others.push(to);
  }
  const ready = [...levels.keys()].filter((name) => !open.has(name));
  for (const name of ready) {
    for (const next of following.get(name) ?? []) {
      levels.set(next, Math.max(levels.get(next) ?? 1, (levels.get(name) ?? 1) + 1));
      const left = (open.get(next) ?? 0) - 1;
      open.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  return levels;
}
