import { CommanderError } from 'commander';

import type { CliContext } from '../../src/cli/context.ts';
import { commandFailure, exits } from '../../src/cli/exit-codes.ts';
import { createProgram } from '../../src/cli/index.ts';
import type { Machine } from '../../src/cli/machine.ts';
import type { Ended } from './run.ts';

export interface InProcess {
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  readonly machine?: Partial<Machine>;
  /** Whether results go to a screen. */
  readonly isScreen?: boolean;
}

/** Runs one command line in this process: cheap where what is looked at is what it says, and not how it is started. */
export async function runHere(args: readonly string[], given: InProcess = {}): Promise<Ended> {
  const out: string[] = [];
  const err: string[] = [];
  let exit: number = exits.ok;
  const context: CliContext = {
    machine: { now: async () => 0n, ...given.machine } as Machine,
    terminal: {
      out: (text) => out.push(`${text}\n`),
      raw: (text) => out.push(text),
      err: (text) => err.push(text),
      progress: () => {},
      showsProgress: false,
      cutsLongTexts: given.isScreen ?? false,
      paint: (_style, text) => text,
    },
    environment: given.environment ?? {},
    workingFolder: given.folder ?? process.cwd(),
    wholeProgram: () => createProgram(context),
    end: (code) => {
      exit = code;
    },
  };
  try {
    const program = await createProgram(context, args[0]);
    const output = { writeOut: (text: string) => out.push(text), writeErr: (text: string) => err.push(text) };
    for (const command of [program, ...program.commands]) command.configureOutput(output);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) exit = error.exitCode === 0 ? exits.ok : exits.usage;
    else {
      const failure = commandFailure(error);
      err.push(failure.message);
      exit = failure.exit;
    }
  }
  return { exit, out: out.join('').trimEnd(), err: err.join('\n').trimEnd() };
}
