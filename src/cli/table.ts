import { isJsonObject, type Json, type JsonObject, numberSource, stringifyJson } from '../domain/json.ts';
import { printable, type Style, type Terminal } from './terminal.ts';

/** Rows that are laid out together. */
const mostCompared = 100;
/** Text of which each character takes one place. */
const narrow = /^[ -~À-ʯ]*$/;
/** Spaces between two columns. */
const gap = 2;

export interface Column {
  readonly title: string;
  readonly cell: (row: JsonObject) => Json | undefined;
}

/** Columns without borders: to be read by people, and cut by `awk` where they are piped. */
export async function printTable(terminal: Terminal, columns: readonly Column[], rows: readonly Json[]): Promise<void> {
  const { default: Table } = await import('cli-table3');
  const head = columns.map(({ title }) => title);
  const cells = rows.filter(isJsonObject).map((row) => columns.map(({ cell }) => cellText(cell(row))));
  const layOut = (shown: readonly string[][], colWidths: number[], withHead: boolean): string => {
    const table = new Table({
      head: withHead ? head.map((title) => terminal.paint('bold', title)) : [],
      chars: borderless,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap },
      colWidths,
    });
    table.push(...shown.map((row) => row.map((text) => paintStatus(terminal, text))));
    return withoutTrailingSpace(table.toString());
  };
  if (cells.length <= mostCompared) return terminal.out(layOut(cells, [], true));
  // The library compares each row with all above it: 3,000 rows took it 9 seconds.
  const widths = head.map((title, index) => widest([title, ...cells.map((row) => row[index] ?? '')]));
  const lines = cells.map((row) => {
    if (!row.every((text) => narrow.test(text))) return layOut([row], widths, false);
    return row
      .map((text, index) => paintStatus(terminal, text) + ' '.repeat((widths[index] ?? 0) - text.length))
      .join('');
  });
  terminal.out(withoutTrailingSpace([layOut([], widths, true), ...lines].join('\n')));
}

/** As wide as any of the texts may be on a screen, and the gap: characters from the Hangul on may take two places. */
function widest(texts: readonly string[]): number {
  const widths = texts.map((text) => text.length + (text.match(/[\u1100-\uffff]/g)?.length ?? 0));
  return widths.reduce((most, width) => Math.max(most, width), 0) + gap;
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
