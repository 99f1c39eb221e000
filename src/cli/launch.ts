import { InvalidArgumentError } from 'commander';

import { isJsonObject, type JsonObject, stringifyJson } from '../domain/json.ts';
import { addClientOptions, addKeyOption, clientOf, idempotencyKeyOf, pathSegment } from './client-options.ts';
import type { RegisterCommand } from './context.ts';
import { type ExecutionFlags, tellAccepted } from './execution-command.ts';
import { addWaitOption } from './execution-wait.ts';
import { addUrgencyOptions, type UrgencyFlags, urgencyQuery } from './urgency-options.ts';
import { collectLaunchParameter, jsonOrText, type ParameterFlags } from './user-parameters.ts';

interface LaunchFlags extends ExecutionFlags, ParameterFlags, UrgencyFlags {
  readonly params?: JsonObject;
  readonly force?: boolean;
  readonly supersede?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  const command = program
    .command('launch')
    .description('Launch a job; the same identifying parameters again restart what has failed or stopped.')
    .argument('<job>')
    .option(
      '-p, --param <key=value>',
      'a parameter: a value that is JSON is taken as such, any other as text; may be repeated',
      collectLaunchParameter,
    )
    .option('--params <json>', 'parameters as a JSON object; --param goes before it', readParameters)
    .option('--force', 'run every step afresh, whatever was completed before')
    .option('--supersede', 'of a bound job: take the place of a batch that somebody else has open');
  addUrgencyOptions(command);
  addWaitOption(command);
  addKeyOption(command);
  addClientOptions(command);

  command.action(async (job: string, flags: LaunchFlags) => {
    const { text } = await clientOf(context, flags).send({
      method: 'POST',
      path: `${jobPath(job)}/launch`,
      query: { force: flags.force, supersede: flags.supersede, ...urgencyQuery(flags) },
      body: bodyOf(flags),
      idempotencyKey: idempotencyKeyOf(flags),
    });
    await tellAccepted(context, flags, text);
  });
};

/** The path of a job's routes. @throws CommandFailure for a name that cannot be one */
export function jobPath(name: string): string {
  return `/jobs/${pathSegment(name)}`;
}

function readParameters(text: string): JsonObject {
  const value = jsonOrText(text);
  if (isJsonObject(value)) return value;
  throw new InvalidArgumentError('Expected a JSON object, for example \'{"day": "2026-11-21"}\'.');
}

function bodyOf({ param, params }: LaunchFlags): string | undefined {
  if (param === undefined && params === undefined) return undefined;
  return stringifyJson(Object.fromEntries([...Object.entries(params ?? {}), ...(param ?? [])]));
}
