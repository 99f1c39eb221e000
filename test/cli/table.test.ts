import { expect, it } from 'vitest';

import { column, printTable } from '../../src/cli/table.ts';
import { createTerminal, type TerminalStreams } from '../../src/cli/terminal.ts';

async function printed(rows: readonly { readonly [name: string]: string | number }[]): Promise<string[]> {
  let text = '';
  const stream = { isTTY: false, on: () => {}, write: (chunk: string) => (text += chunk) };
  const terminal = createTerminal({ stdout: stream, stderr: stream } as unknown as TerminalStreams);
  await printTable(terminal, ['number', 'name', 'status'].map(column), rows);
  return text.trimEnd().split('\n');
}

const row = (number: number, name = `step ${number}`) => ({ number, name, status: 'FAILED' });
const rowsOf = (count: number) => Array.from({ length: count }, (_, number) => row(number));

it('is aligned from its head to its end, however long', async () => {
  const lines = await printed([...rowsOf(250), row(1_000_000, 'the longest of all names')]);
  expect(lines).toHaveLength(252);
  expect(lines.filter((line) => line.includes('number'))).toEqual([lines[0]]);
  expect(new Set(lines.slice(1).map((line) => line.indexOf('FAILED')))).toEqual(new Set([lines[0]?.indexOf('status')]));
  expect(lines.slice(1, -1).map((line) => Number(line.split(' ')[0]))).toEqual(rowsOf(250).map(({ number }) => number));
});

it('shows each text whole where some are wide', async () => {
  const lines = await printed([
    ...rowsOf(149),
    row(149, 'Größe'),
    row(150, '注文を読み込む'),
    row(151, '🚚🚚🚚🚚🚚🚚🚚🚚'),
  ]);
  expect(lines.at(-3)).toMatch(/^149 +Größe +FAILED$/);
  expect(lines.at(-2)).toMatch(/^150 +注文を読み込む +FAILED$/);
  expect(lines.at(-1)).toMatch(/^151 +🚚{8} +FAILED$/u);
});
