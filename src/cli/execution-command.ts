import type { Command } from 'commander';

import { parseJson } from '../domain/json.ts';
import { addClientOptions, addKeyOption, type ClientFlags, clientOf, idempotencyKeyOf } from './client-options.ts';
import type { CliContext } from './context.ts';
import { executionPath, objectOf } from './execution-table.ts';
import { addWaitOption, awaitExecution, executionId, type WaitFlag } from './execution-wait.ts';
import { cellText, column, printTable } from './table.ts';
import { addUrgencyOptions, type UrgencyFlags, urgencyQuery } from './urgency-options.ts';

export interface ExecutionFlags extends ClientFlags, WaitFlag {
  readonly idempotencyKey?: string;
}

export interface ExecutionCommand {
  readonly name: 'stop' | 'revive' | 'restart' | 'abandon' | 'recover';
  readonly description: string;
  /** It begins something that can be waited for. */
  readonly waits: boolean;
}

/** Adds a command that does something to one execution. */
export function addExecutionCommand(program: Command, context: CliContext, given: ExecutionCommand): void {
  const command = program.command(given.name).description(given.description).argument('<id>', undefined, executionId);
  if (given.waits) addWaitOption(addUrgencyOptions(command));
  addKeyOption(command);
  addClientOptions(command);
  command.action(async (id: number, flags: ExecutionFlags & UrgencyFlags) => {
    const { text } = await clientOf(context, flags).send({
      method: 'POST',
      path: `${executionPath(id)}/${given.name}`,
      ...(given.waits ? { query: urgencyQuery(flags) } : {}),
      idempotencyKey: idempotencyKeyOf(flags),
    });
    await tellAccepted(context, flags, text);
  });
}

/** Shows the answer of a launch or of what was done to an execution, and waits for the end where that was asked for. */
export async function tellAccepted(context: CliContext, flags: ExecutionFlags, text: string): Promise<void> {
  const { terminal } = context;
  const accepted = objectOf(parseJson(text));
  terminal.err(cellText(accepted['message']));
  if (flags.wait !== undefined) return awaitExecution(context, flags, accepted);
  if (flags.json === true) return terminal.out(text);
  await printTable(terminal, ['execution_id', 'job_name', 'job_instance_id', 'status'].map(column), [accepted]);
}
