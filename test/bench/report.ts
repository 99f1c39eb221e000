import type { Reach, Row } from './measure.ts';

const headings = ['row', 'ours', 'peer', 'ratio (rounds)', 'to reach', 'reached'] as const;

/** The table in Markdown, so that it can be pasted into docs/benchmarks.md as it is, and the notes below it. */
export function tableOf(rows: readonly Row[]): string {
  const cells = [headings, ...rows.map(cellsOf)];
  const widths = headings.map((_heading, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const notes = rows
    .filter(({ note, ratio }) => note !== '' && ratio !== null)
    .map(({ name, note }) => `- ${name}: ${note}`);
  return [line(headings), rule, ...cells.slice(1).map(line), '', ...notes].join('\n').trimEnd();
}

function cellsOf({ name, ours, peer, ratio, spread, reach, note }: Row): readonly string[] {
  if (ratio === null) return [name, ours, peer, '', reach === null ? '' : bound(reach), note];
  const rounds = spread === null ? '' : ` (${spread.map((each) => each.toFixed(2)).join(' to ')})`;
  const figure = reach?.unit === undefined ? `${ratio.toFixed(2)}${rounds}` : '';
  if (reach === null) return [name, ours, peer, figure, '', note];
  return [name, ours, peer, figure, bound(reach), isReached(ratio, reach) ? 'yes' : 'no'];
}

function bound({ atLeast, atMost, unit = '×' }: Reach): string {
  return atLeast === undefined ? `≤ ${atMost} ${unit}` : `≥ ${atLeast} ${unit}`;
}

export function isReached(figure: number, reach: Reach | null): boolean {
  return figure >= (reach?.atLeast ?? -Infinity) && figure <= (reach?.atMost ?? Infinity);
}
