import { setTimeout as pause } from 'node:timers/promises';

import { addClientOptions, type ClientFlags, clientOf, pathSegment } from './client-options.ts';
import type { Client, ClientAnswer } from './client.ts';
import type { RegisterCommand } from './context.ts';
import { executionPath } from './execution-table.ts';
import { executionId } from './execution-wait.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { printable } from './terminal.ts';

interface LogsFlags extends ClientFlags {
  readonly follow?: boolean;
}

const pauseMilliseconds = 500;
/** An empty log is no error: a step may not have begun. */
const elsewhere =
  'This server has no log of it. It has written none yet, or it runs on another machine: its log is in BATCHY_DATA of the conductor that runs it (batchy conductors).';

export const register: RegisterCommand = (program, context) => {
  const { terminal } = context;
  const command = program
    .command('logs')
    .description('Print the log of an execution, or of one step of it.')
    .argument('<id>', undefined, executionId)
    .argument('[step]')
    .option('--follow', 'go on until the execution has ended; a server that is briefly away is waited for');
  addClientOptions(command, { json: false });

  command.action(async (id: number, step: string | undefined, flags: LogsFlags) => {
    const client = clientOf(context, flags);
    const of = step === undefined ? '' : `/steps/${pathSegment(step)}`;
    let path: string | null = `${executionPath(id)}${of}/log`;
    let isEmpty = true;
    for (let hasBegun = false; path !== null; hasBegun = true) {
      const answer = await read(client, path, flags.follow === true && hasBegun);
      if (answer !== null) {
        isEmpty &&= answer.text === '';
        terminal.raw(harmless(answer.text));
        path = answer.next;
      }
      if (answer !== null && answer.text !== '') continue;
      if (flags.follow !== true) break;
      if (path !== null) await pause(pauseMilliseconds);
    }
    if (isEmpty) terminal.err(elsewhere);
  });

  /** @returns `null` when the server is away, for whoever can wait */
  async function read(client: Client, path: string, patient: boolean): Promise<ClientAnswer | null> {
    try {
      return await client.send({ path });
    } catch (error) {
      if (patient && error instanceof CommandFailure && error.exit === exits.unreachable) return null;
      throw error;
    }
  }
};

/** Lines and tabs as they are, all else that would control a terminal spelled out. */
function harmless(text: string): string {
  return text
    .split(/(\r?\n|\t)/)
    .map((part, index) => (index % 2 === 1 ? part : printable(part)))
    .join('');
}
