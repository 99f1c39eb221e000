import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { cellText } from './table.ts';

/** What is read of the graph of a job or an execution, as it is answered. */

/** The objects of a list; none of what is no list. */
export function listOf(list: Json | undefined): JsonObject[] {
  return Array.isArray(list) ? (list as readonly Json[]).filter(isJsonObject) : [];
}

/** `Download`, or, by an exit code, `Load on EMPTY`. */
export function edgesTo(edges: readonly JsonObject[], name: Json | undefined): string {
  return edges
    .filter((edge) => edge['to'] === name)
    .map((edge) => `${cellText(edge['from'])}${edge['on'] == null ? '' : ` on ${cellText(edge['on'])}`}`)
    .join(', ');
}

/** Whether a node is a flow, which holds others and does nothing itself. */
export function isScope(node: JsonObject): boolean {
  return scopeKinds.has(cellText(node['kind']));
}

const scopeKinds: ReadonlySet<string> = new Set(['linear', 'unordered', 'graph']);
