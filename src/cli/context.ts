import type { Command } from 'commander';

import type { Machine } from './machine.ts';
import type { Terminal } from './terminal.ts';

/** What every command is given. */
export interface CliContext {
  readonly machine: Machine;
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder in which the command was started. */
  readonly workingFolder: string;
  /** The program with all of its commands, for what describes it. */
  wholeProgram(): Promise<Command>;
  /** How the process is to end; 0 unless a command says otherwise: by an `Exit`, or by a number that the command explains. */
  end(exit: number): void;
}

/** What a command's file exports: it adds the command to the program. */
export type RegisterCommand = (program: Command, context: CliContext) => void | Promise<void>;
