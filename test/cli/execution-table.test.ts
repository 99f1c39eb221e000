import { expect, it } from 'vitest';

import { printExecutions } from '../../src/cli/execution-table.ts';
import { createTerminal, type TerminalStreams } from '../../src/cli/terminal.ts';

const why = `owner lost: its process was ended by step Import of execution 6, ${'and so on, '.repeat(20)}and that is all`;

/** What a table of one execution with that message looks like, on a screen or in a pipe. */
async function printed(message: string, isTTY: boolean): Promise<string> {
  let text = '';
  const stream = { isTTY, on: () => {}, write: (chunk: string) => (text += chunk) };
  const terminal = createTerminal({ stdout: stream, stderr: stream } as unknown as TerminalStreams);
  await printExecutions(terminal, [{ id: 7, job_name: 'LoadOrders', exit_message: message }]);
  return text;
}

it('cuts a long message on a screen, where the other columns would no longer fit', async () => {
  const text = await printed(why, true);
  expect(text).toContain(`${why.slice(0, 60)}…`);
  expect(text).not.toContain(why.slice(0, 61));
});

it('keeps it whole where it is piped: its end may be what a script, or a mail, is about', async () => {
  expect(await printed(why, false)).toContain(why);
});

it.each([true, false])('shows the first of several lines (screen: %s)', async (isTTY) => {
  const text = await printed('it failed\nfor many reasons', isTTY);
  expect(text).toContain('it failed');
  expect(text).not.toContain('many reasons');
});
