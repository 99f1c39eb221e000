import { isJsonObject, type Json, type JsonObject, numberSource, stringifyJson } from '../domain/json.ts';
import { printable, type Style, type Terminal } from './terminal.ts';

export interface Column {
  readonly title: string;
  readonly cell: (row: JsonObject) => Json | undefined;
}

/** Columns without borders: to be read by people, and cut by `awk` where they are piped. */
export async function printTable(terminal: Terminal, columns: readonly Column[], rows: readonly Json[]): Promise<void> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: columns.map(({ title }) => terminal.paint('bold', title)),
    chars: borderless,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  for (const row of rows) {
    if (isJsonObject(row)) table.push(columns.map(({ cell }) => paintStatus(terminal, cellText(cell(row)))));
  }
  terminal.out(withoutTrailingSpace(table.toString()));
}

/** A field of an answer as it is shown: nothing for null, numbers as they were written, maps as JSON. */
export function cellText(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return printable(value);
  return numberSource(value) ?? printable(stringifyJson(value));
}

/** A column that shows the field of its own name. */
export function column(name: string): Column {
  return { title: name, cell: (row) => row[name] };
}

const statusStyles: Readonly<Record<string, Style>> = {
  success: 'green',
  failed: 'red',
  failure: 'red',
  open: 'yellow',
  gap: 'red',
  overlap: 'yellow',
  new: 'dim',
  COMPLETED: 'green',
  FAILED: 'red',
  UNKNOWN: 'red',
  STARTING: 'yellow',
  STARTED: 'yellow',
  STOPPING: 'yellow',
  STOPPED: 'yellow',
  ABANDONED: 'dim',
  REVERTED: 'yellow',
  // Of the tasks of a flow.
  PENDING: 'dim',
  RUNNING: 'yellow',
  SUCCESS: 'green',
  FAILURE: 'red',
  REVERTING: 'yellow',
  REVERT_FAILURE: 'red',
};

/** A status in its colour; any other text as it is. */
export function paintStatus(terminal: Terminal, text: string): string {
  const style = Object.hasOwn(statusStyles, text) ? statusStyles[text] : undefined;
  return style === undefined ? text : terminal.paint(style, text);
}

function withoutTrailingSpace(text: string): string {
  return text.replaceAll(/ +$/gm, '');
}

const borderless = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
);
