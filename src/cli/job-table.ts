import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { column, printTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** The jobs of an answered map job → parameters, each with its name. @throws CommandFailure when it is no such map */
export function jobRows(jobs: Json): JsonObject[] {
  if (!isJsonObject(jobs))
    throw new CommandFailure(exits.failed, 'The answer is no map of jobs. Is --url (BATCHY_URL) a Batchy server?');
  return Object.entries(jobs).map(([job, parameters]) => ({ ...(isJsonObject(parameters) ? parameters : {}), job }));
}

/** The state of jobs, as open, close, fail, load and status show it. */
export async function printJobs(terminal: Terminal, jobs: Json): Promise<void> {
  const rows = jobRows(jobs);
  const shown = ['job', 'status', 'from_date', 'to_date', 'batch_id', 'batch_start', 'batch_end'].filter(
    (name) => name !== 'to_date' || rows.some((row) => row['to_date'] != null),
  );
  await printTable(terminal, shown.map(column), rows);
}

/** The distinct batch ids in a map of jobs, optionally of the open ones only. */
export function batchIds(rows: readonly JsonObject[]): number[] {
  return [...new Set(rows.flatMap((row) => (typeof row['batch_id'] === 'number' ? [row['batch_id']] : [])))];
}
