import { stringifyJson } from '../domain/json.ts';
import { addClientOptions, addKeyOption, clientOf, idempotencyKeyOf } from './client-options.ts';
import type { RegisterCommand } from './context.ts';
import { type ExecutionFlags, tellAccepted } from './execution-command.ts';
import { executionPath } from './execution-table.ts';
import { addWaitOption, executionId } from './execution-wait.ts';
import { collectLaunchParameter, type ParameterFlags } from './user-parameters.ts';

interface ReplayFlags extends ExecutionFlags, ParameterFlags {
  readonly step?: string;
}

export const register: RegisterCommand = (program, context) => {
  const command = program
    .command('replay')
    .description(
      'Run the processor and the writer of a chunk step once more over the items that it left out in an execution.',
    )
    .argument('<id>', undefined, executionId)
    .option('--step <name>', 'which step, where several have left items out')
    .option(
      '-p, --param <key=value>',
      'a parameter that does not identify, in the place of that of the execution; may be repeated',
      collectLaunchParameter,
    );
  addWaitOption(command);
  addKeyOption(command);
  addClientOptions(command);

  command.action(async (id: number, flags: ReplayFlags) => {
    const { text } = await clientOf(context, flags).send({
      method: 'POST',
      path: `${executionPath(id)}/skipped/replay`,
      body: bodyOf(flags),
      idempotencyKey: idempotencyKeyOf(flags),
    });
    await tellAccepted(context, flags, text);
  });
};

function bodyOf({ step, param }: ReplayFlags): string | undefined {
  if (step === undefined && param === undefined) return undefined;
  return stringifyJson({
    ...(step === undefined ? {} : { step }),
    ...(param === undefined ? {} : { parameters: Object.fromEntries(param) }),
  });
}
