import type { Json, JsonObject } from '../domain/json.ts';
import { isJsonObject } from '../domain/json.ts';
import type { Client } from './client.ts';
import { cellText, type Column, column, printTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** As long as a message may be in a table on a screen, in characters. */
const longestMessage = 60;

const executionColumns = ['id', 'job_name', 'status', 'start_time', 'end_time', 'exit_code'].map(column);

const stepColumns = [
  ...['step_name', 'status', 'start_time', 'end_time'].map(column),
  { title: 'read', cell: (row: JsonObject) => row['read_count'] },
  { title: 'written', cell: (row: JsonObject) => row['write_count'] },
  { title: 'filtered', cell: (row: JsonObject) => row['filter_count'] },
  { title: 'skipped', cell: (row: JsonObject) => row['skip_count'] },
  { title: 'retries', cell: (row: JsonObject) => row['retry_count'] },
];

/** Of a flow: each run of a task, forwards or backwards, one after the other. */
const flowColumns = ['step_name', 'phase', 'status', 'start_time', 'end_time', 'task_state'].map(column);

export async function printExecutions(terminal: Terminal, executions: readonly Json[]): Promise<void> {
  // Only where there is one, and at the end: scripts count columns.
  const replays = executions.some((row) => replayedBy(row) !== '') ? [replayColumn] : [];
  await printTable(terminal, [...executionColumns, ...replays, messageOn(terminal)], executions);
}

const replayColumn: Column = { title: 'replays', cell: replayedBy };

/** `12 Load` of an execution that replays what step Load of execution 12 has left out. */
function replayedBy(execution: Json): string {
  const { replay } = objectOf(execution);
  if (!isJsonObject(replay ?? null)) return '';
  const { job_execution_id: id, step_name: step } = objectOf(replay ?? null);
  return `${cellText(id)} ${cellText(step)}`;
}

/** An execution, and the steps that ran in it. */
export async function printExecution(terminal: Terminal, client: Client, execution: JsonObject): Promise<void> {
  await printExecutions(terminal, [execution]);
  const { awaits } = execution;
  if (typeof awaits === 'string') terminal.err(`execution ${cellText(execution['id'])} awaits ${awaits}`);
  const steps = await client.json({ path: `${executionPath(execution['id'])}/steps` });
  if (!Array.isArray(steps) || steps.length === 0) return;
  terminal.out('');
  const rows = steps as readonly Json[];
  const columns = rows.some((row) => objectOf(row)['phase'] !== undefined) ? flowColumns : stepColumns;
  await printTable(terminal, [...columns, messageOn(terminal)], rows);
}

export function executionPath(id: Json | undefined): string {
  return `/executions/${encodeURIComponent(cellText(id))}`;
}

export function objectOf(answer: Json): JsonObject {
  return isJsonObject(answer) ? answer : {};
}

export function messageOn(terminal: Terminal): Column {
  return { title: 'exit_message', cell: (row) => messageLine(terminal, row['exit_message']) };
}

/** Of a message; `''` where there is none. */
export function firstLine(message: Json | undefined): string {
  const [line = ''] = (typeof message === 'string' ? message : '').split('\n');
  return line;
}

/** The first line of a message; cut where the others would no longer fit on the screen. */
export function messageLine({ cutsLongTexts }: Terminal, message: Json | undefined): string {
  const line = firstLine(message);
  return cutsLongTexts && line.length > longestMessage ? `${line.slice(0, longestMessage)}…` : line;
}
