import { Writable } from 'node:stream';

import { expect, it } from 'vitest';

import { createTerminal, type TerminalStreams } from '../../src/cli/terminal.ts';

/** A stream that takes so many writes and fails from then on, as those of a process do: each time anew. */
function failing(after: number, code: string): { readonly stream: Writable; readonly text: () => string } {
  let written = '';
  let count = 0;
  const stream = new Writable({
    autoDestroy: false,
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      count += 1;
      if (count > after) return done(Object.assign(new Error(`${code}: no way`), { code }));
      written += chunk;
      done();
    },
  });
  return { stream, text: () => written };
}

it.each([
  ['a full disk', 'ENOSPC', 1, false, 'batchy: the output cannot be written (ENOSPC: no way).\n'],
  ['a reader that went away', 'EPIPE', 1, true, ''],
  ['nothing', 'none', 9, true, ''],
])('a result meets %s: it is told once, and nothing is thrown', async (_what, code, after, isWritten, told) => {
  const out = failing(after, code);
  const err = failing(9, 'none');
  const terminal = createTerminal({ stdout: out.stream, stderr: err.stream } as unknown as TerminalStreams);
  for (const text of ['one', 'two', 'three']) terminal.out(text);
  expect(await terminal.settled()).toBe(isWritten);
  terminal.out('four');
  await terminal.settled();
  expect(err.text()).toBe(told);
  expect(out.text()).toMatch(/^one\n/);
});

it('a remark that cannot be written is told nowhere', async () => {
  const out = failing(9, 'none');
  const err = failing(0, 'ENOSPC');
  const terminal = createTerminal({ stdout: out.stream, stderr: err.stream } as unknown as TerminalStreams);
  terminal.err('a remark');
  terminal.out('the result');
  expect(await terminal.settled()).toBe(true);
  expect(out.text()).toBe('the result\n');
});
