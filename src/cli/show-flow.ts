import type { JsonObject } from '../domain/json.ts';
import type { Instant } from '../domain/time.ts';
import { messageLine } from './execution-table.ts';
import { isScope, listOf } from './graph-fields.ts';
import { runTime } from './run-time.ts';
import { cellText, paintStatus } from './table.ts';
import { printable, type Terminal } from './terminal.ts';
import { type Branch, treeLines } from './tree.ts';

/** Whether the graph of an execution is that of a flow: only there do nodes hold others. */
export function isFlowGraph(graph: JsonObject): boolean {
  return listOf(graph['nodes']).some(isScope);
}

export interface ShownFlow {
  readonly graph: JsonObject;
  readonly steps: readonly JsonObject[];
  /** `null`: how long what runs has run is not told. */
  readonly now: Instant | null;
}

/** The tree of a flow, its tasks with their states, how often and how long they ran, and what they failed with. */
export function printFlow(terminal: Terminal, { graph, steps, now }: ShownFlow): void {
  const nodes = listOf(graph['nodes']);
  const inside = Map.groupBy(nodes, (node) => cellText(node['scope']));
  const rows = Map.groupBy(steps, (step) => cellText(step['step_name']));
  const branch = (node: JsonObject): Branch => {
    const name = cellText(node['name']);
    const words = isScope(node) ? scopeWords(node) : taskWords(terminal, node, rows.get(name) ?? [], now);
    const text = [name, ...words].filter((word) => word !== '').join('  ');
    return { text, children: isScope(node) ? (inside.get(name) ?? []).map(branch) : [] };
  };
  for (const root of inside.get('') ?? []) for (const line of treeLines(branch(root))) terminal.out(line);
}

function scopeWords(node: JsonObject): string[] {
  return [cellText(node['kind']), cellText(node['retry'])];
}

/** `REVERTED  2 runs, 1 revert, 0.12 s  no such instance` */
function taskWords(terminal: Terminal, node: JsonObject, rows: readonly JsonObject[], now: Instant | null): string[] {
  const runs = rows.filter(({ phase }) => phase !== 'revert');
  const reverts = rows.length - runs.length;
  const last = runs.at(-1);
  const spent = last === undefined ? '' : runTime(last['start_time'], last['end_time'], now);
  const state = cellText(node['task_state']);
  // What went wrong before it succeeded is in the log.
  const failed = state === 'SUCCESS' ? undefined : rows.findLast(({ status }) => status === 'FAILED');
  const counts = [
    runs.length > 1 ? `${runs.length} runs` : '',
    reverts > 0 ? `${reverts} ${reverts === 1 ? 'revert' : 'reverts'}` : '',
    spent,
  ].filter((count) => count !== '');
  return [paintStatus(terminal, state), counts.join(', '), printable(messageLine(terminal, failed?.['exit_message']))];
}
