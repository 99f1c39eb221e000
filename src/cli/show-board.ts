import { isLive } from '../domain/execution-transitions.ts';
import { batchStatuses } from '../domain/execution.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Client } from './client.ts';
import { executionPath, objectOf } from './execution-table.ts';
import { isScope, listOf } from './graph-fields.ts';
import { cellText, column, printTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** What runs and what waits, whoever runs it. */
export interface Board {
  readonly executions: readonly JsonObject[];
  /** There are more. */
  readonly isCut: boolean;
}

const mostExecutions = 50;
/** Tasks of one execution that are shown, those that are under way before others. */
const mostTasks = 20;
const liveStatuses = batchStatuses.filter(isLive);

/** Oldest first, each with its owner, what it waits for, and its tasks. */
export async function lookAtBoard(client: Client): Promise<Board> {
  const [conductors, ...lists] = await Promise.all([
    client.json({ path: '/conductors' }),
    ...liveStatuses.map((status) => client.list({ path: '/executions', query: { status } }, mostExecutions + 1)),
  ]);
  const owners = new Map(
    listOf(conductors).flatMap((conductor) =>
      idsOf(conductor['execution_ids']).map((id): [string, string] => [id, cellText(conductor['id'])]),
    ),
  );
  const listed = lists.flatMap((list) => listOf(list as Json));
  const all = listed.toSorted((one, other) => Number(one['id']) - Number(other['id']));
  const executions = await Promise.all(
    all.slice(-mostExecutions).map(async (execution): Promise<JsonObject> => {
      const path = executionPath(execution['id']);
      const [whole, graph] = await Promise.all([client.json({ path }), client.json({ path: `${path}/graph` })]);
      const nodes = listOf(objectOf(graph)['nodes']).filter((node) => !isScope(node));
      const { awaits = null } = objectOf(whole);
      return { ...execution, owner: owners.get(cellText(execution['id'])) ?? null, awaits, tasks: nodes };
    }),
  );
  return { executions, isCut: all.length > mostExecutions };
}

export async function printBoard(terminal: Terminal, { executions, isCut }: Board): Promise<void> {
  if (executions.length === 0) return terminal.out('nothing runs, and nothing waits');
  const rows = executions.flatMap((execution): JsonObject[] => {
    const { awaits } = execution;
    return [
      {
        name: execution['job_name'] ?? null,
        id: execution['id'] ?? null,
        state: execution['status'] ?? null,
        owner: execution['owner'] ?? null,
      },
      ...(typeof awaits === 'string' ? [{ name: `  awaits ${awaits}` }] : []),
      ...tasksOf(listOf(execution['tasks'])),
    ];
  });
  await printTable(terminal, ['name', 'id', 'state', 'owner'].map(column), rows);
  if (isCut)
    terminal.err(
      `only the newest ${mostExecutions} are shown; batchy executions --status STARTING lists those that wait`,
    );
}

function tasksOf(nodes: readonly JsonObject[]): JsonObject[] {
  const shown = nodes.map((node) => ({
    name: `  ${cellText(node['name'])}`,
    state: stateOf(node),
    // Only of what another than the owner of the execution may run.
    owner: node['conductor'] ?? null,
  }));
  const active = shown.filter(({ state }) => busy.has(state));
  const first = [...active, ...shown.filter(({ state }) => !busy.has(state))].slice(0, mostTasks);
  const kept = new Set(first);
  const rows: JsonObject[] = shown.filter((row) => kept.has(row));
  const left = shown.length - rows.length;
  return left === 0 ? rows : [...rows, { name: `  and ${left} more` }];
}

const busy: ReadonlySet<string> = new Set(['STARTED', 'RUNNING', 'REVERTING', 'FAILED', 'FAILURE', 'REVERT_FAILURE']);

/** Of a flow’s task its own, else that of its step; what has not begun is pending. */
function stateOf(node: JsonObject): string {
  return cellText(node['task_state'] ?? node['status'] ?? 'PENDING');
}

function idsOf(list: Json | undefined): readonly string[] {
  return Array.isArray(list) ? (list as readonly Json[]).map(cellText) : [];
}
