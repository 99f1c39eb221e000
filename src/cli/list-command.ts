import type { Command } from 'commander';

import { type Json, parseJson } from '../domain/json.ts';
import { addClientOptions, type ClientFlags, clientOf } from './client-options.ts';
import type { CliContext } from './context.ts';
import { listOf } from './graph-fields.ts';

export interface ListCommand {
  readonly description: string;
  /** Where the service answers with the list. */
  readonly path: string;
  readonly print: (context: CliContext, rows: readonly Json[]) => Promise<void>;
}

/** `list`, which a group of commands does by itself. */
export function registerListCommand(
  group: Command,
  context: CliContext,
  { description, path, print }: ListCommand,
): void {
  const command = group.command('list', { isDefault: true }).description(description);
  addClientOptions(command);
  command.action(async (flags: ClientFlags) => {
    const { text } = await clientOf(context, flags).send({ path });
    if (flags.json === true) context.terminal.out(text);
    else await print(context, listOf(parseJson(text)));
  });
}
