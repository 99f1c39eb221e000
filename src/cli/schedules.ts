import { type Command, Option } from 'commander';

import { isJsonObject, type Json, type JsonObject, parseJson, stringifyJson } from '../domain/json.ts';
import type { Priority } from '../domain/priority.ts';
import { type Catchup, catchups } from '../domain/schedule.ts';
import {
  addClientOptions,
  addKeyOption,
  type ChangeFlags,
  clientOf,
  idempotencyKeyOf,
  pathSegment,
} from './client-options.ts';
import type { ClientRequest } from './client.ts';
import type { CliContext, RegisterCommand } from './context.ts';
import { registerListCommand } from './list-command.ts';
import { cellText, column, printTable } from './table.ts';
import { priorityOption } from './urgency-options.ts';
import { collectLaunchParameter, type ParameterFlags } from './user-parameters.ts';

interface SetFlags extends ChangeFlags, ParameterFlags {
  readonly job: string;
  readonly cron: string;
  readonly zone?: string;
  readonly catchup?: Catchup;
  readonly priority?: Priority;
}

export const register: RegisterCommand = (program, context) => {
  const schedules = program
    .command('schedules')
    .description(
      'Schedules, which launch jobs at times: list them (which is what it does by itself), set, pause, remove.',
    );
  registerListCommand(schedules, context, {
    description:
      'List the schedules by which jobs are launched, with the next firing, the last one, and what became of it.',
    path: '/schedules',
    print: printSchedules,
  });
  registerSet(schedules, context);
  registerRemove(schedules, context);
  registerSwitch(schedules, context, 'pause', 'Launch nothing until it is resumed.');
  registerSwitch(schedules, context, 'resume', 'Launch again what comes from now on.');
};

function registerSet(schedules: Command, context: CliContext): void {
  const command = schedules
    .command('set')
    .description('Make a schedule, or set one anew: all of it is replaced.')
    .argument('<name>')
    .requiredOption('--job <job>', 'the job that it launches')
    .requiredOption(
      '--cron <expression>',
      "when: minute, hour, day of month, month, day of week, with the second before them if need be; '0 2 * * *' is at 02:00 every day",
    )
    .option('--zone <zone>', 'the time zone whose clocks it goes by, such as Europe/Berlin (default: UTC)')
    .addOption(
      new Option('--catchup <which>', 'what is launched of firings that no server was up for (default: none)').choices(
        catchups,
      ),
    )
    .addOption(priorityOption('of what it launches'))
    .option(
      '-p, --param <key=value>',
      'a parameter of the launches: a value that is JSON is taken as such, any other as text; may be repeated',
      collectLaunchParameter,
    );
  addKeyOption(command);
  addClientOptions(command);
  command.action(async (name: string, flags: SetFlags) => {
    const { job, cron, zone, catchup, priority, param } = flags;
    const body: JsonObject = {
      job,
      cron,
      ...(zone === undefined ? {} : { zone }),
      ...(catchup === undefined ? {} : { catchup }),
      ...(priority === undefined ? {} : { priority }),
      ...(param === undefined ? {} : { parameters: Object.fromEntries(param) }),
    };
    await change(context, flags, { method: 'PUT', path: schedulePath(name), body: stringifyJson(body) });
  });
}

function registerRemove(schedules: Command, context: CliContext): void {
  const command = schedules
    .command('remove')
    .description('Remove a schedule; what it has launched stays.')
    .argument('<name>');
  addKeyOption(command);
  addClientOptions(command, { json: false });
  command.action(async (name: string, flags: ChangeFlags) => {
    const idempotencyKey = idempotencyKeyOf(flags);
    await clientOf(context, flags).send({ method: 'DELETE', path: schedulePath(name), idempotencyKey });
    context.terminal.err(`Removed ${name}.`);
  });
}

function registerSwitch(schedules: Command, context: CliContext, verb: 'pause' | 'resume', description: string): void {
  const command = schedules.command(verb).description(description).argument('<name>');
  addKeyOption(command);
  addClientOptions(command);
  command.action(async (name: string, flags: ChangeFlags) => {
    await change(context, flags, { method: 'POST', path: `${schedulePath(name)}/${verb}` });
  });
}

/** Sends it and prints the schedule as it is then. */
async function change(context: CliContext, flags: ChangeFlags, request: ClientRequest): Promise<void> {
  const { text } = await clientOf(context, flags).send({ ...request, idempotencyKey: idempotencyKeyOf(flags) });
  if (flags.json === true) context.terminal.out(text);
  else await printSchedules(context, [parseJson(text)]);
}

function schedulePath(name: string): string {
  return `/schedules/${pathSegment(name)}`;
}

async function printSchedules({ terminal }: CliContext, rows: readonly Json[]): Promise<void> {
  await printTable(
    terminal,
    [
      column('name'),
      column('job'),
      column('cron'),
      column('zone'),
      column('catchup'),
      { title: 'next', cell: ({ next, paused }) => (paused === true ? 'paused' : (next ?? null)) },
      { title: 'last', cell: (row) => lastOf(row)['scheduled_for'] ?? null },
      { title: 'became', cell: (row) => whatBecame(lastOf(row)) },
    ],
    rows,
  );
}

function lastOf({ last = null }: JsonObject): JsonObject {
  return isJsonObject(last) ? last : {};
}

function whatBecame({ outcome = null, execution_id: id = null, code = null }: JsonObject): string {
  if (outcome === 'launched') return `execution ${cellText(id)}`;
  return outcome === 'refused' ? `refused: ${cellText(code)}` : cellText(outcome);
}
