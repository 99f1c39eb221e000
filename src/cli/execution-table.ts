import type { Json, JsonObject } from '../domain/json.ts';
import { isJsonObject } from '../domain/json.ts';
import type { Client } from './client.ts';
import { cellText, type Column, column, printTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** As long as a message may be in a table, in characters. */
const longestMessage = 60;

const message: Column = { title: 'exit_message', cell: (row) => firstLine(row['exit_message']) };

const executionColumns = [...['id', 'job_name', 'status', 'start_time', 'end_time', 'exit_code'].map(column), message];

const stepColumns = [
  ...['step_name', 'status', 'start_time', 'end_time'].map(column),
  { title: 'read', cell: (row: JsonObject) => row['read_count'] },
  { title: 'written', cell: (row: JsonObject) => row['write_count'] },
  { title: 'filtered', cell: (row: JsonObject) => row['filter_count'] },
  { title: 'skipped', cell: (row: JsonObject) => row['skip_count'] },
  { title: 'retries', cell: (row: JsonObject) => row['retry_count'] },
  message,
];

export async function printExecutions(terminal: Terminal, executions: readonly Json[]): Promise<void> {
  await printTable(terminal, executionColumns, executions);
}

/** An execution, and the steps that ran in it. */
export async function printExecution(terminal: Terminal, client: Client, execution: JsonObject): Promise<void> {
  await printExecutions(terminal, [execution]);
  const { awaits } = execution;
  if (typeof awaits === 'string') terminal.err(`execution ${cellText(execution['id'])} awaits ${awaits}`);
  const steps = await client.json({ path: `${executionPath(execution['id'])}/steps` });
  if (!Array.isArray(steps) || steps.length === 0) return;
  terminal.out('');
  await printTable(terminal, stepColumns, steps as readonly Json[]);
}

export function executionPath(id: Json | undefined): string {
  return `/executions/${encodeURIComponent(cellText(id))}`;
}

export function objectOf(answer: Json): JsonObject {
  return isJsonObject(answer) ? answer : {};
}

function firstLine(text: Json | undefined): string {
  const [line = ''] = (typeof text === 'string' ? text : '').split('\n');
  return line.length > longestMessage ? `${line.slice(0, longestMessage)}…` : line;
}
