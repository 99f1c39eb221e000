import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Command } from 'commander';

import type { ParameterType } from '../domain/job.ts';
import { type Json, type JsonObject, stringifyJson } from '../domain/json.ts';
import { addClientOptions, addKeyOption, clientOf, idempotencyKeyOf } from './client-options.ts';
import type { CliContext, RegisterCommand } from './context.ts';
import { type ExecutionFlags, tellAccepted } from './execution-command.ts';
import { objectOf } from './execution-table.ts';
import { addWaitOption } from './execution-wait.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { tellHierarchy } from './flow-hierarchy.ts';
import { jobPath } from './launch.ts';
import { tellJobsToPost, tellPostHelp } from './post-help.ts';
import { type DeclaredTypes, readStore, readValues } from './posted-values.ts';
import { readSettings } from './settings.ts';
import { cellText } from './table.ts';
import { printable } from './terminal.ts';
import { addUrgencyOptions, type UrgencyFlags, urgencyQuery } from './urgency-options.ts';
import { collectLaunchParameter, type ParameterFlags } from './user-parameters.ts';

interface PostFlags extends ExecutionFlags, ParameterFlags, UrgencyFlags {
  readonly store?: string;
  readonly hierarchy?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  const command = program
    .command('post')
    .description('Post a reversible flow; --name value gives it an argument, or a value for its store.')
    .argument('<flow>')
    .argument('[parameters...]', '--name value, by the names that the flow has')
    .option('--store <json>', 'values for its store: a JSON object, or @file with one')
    .option(
      '-p, --param <key=value>',
      'the same as --key value, for a name that is an option of this command; may be repeated',
      collectLaunchParameter,
    )
    .option('--hierarchy', 'print its tree as the job files of this machine make it, and post nothing')
    // Which options a flow has only it can tell: they are asked for when it is known.
    .allowUnknownOption()
    .helpOption(false)
    .addHelpText('after', '\nbatchy post <flow> --help lists what the flow takes. Other jobs are posted alike.');
  addUrgencyOptions(command);
  addWaitOption(command);
  addKeyOption(command);
  addClientOptions(command);

  command.action(async (flow: string, words: readonly string[], flags: PostFlags) => {
    if (asksForHelp(flow)) {
      command.outputHelp();
      return tellJobsToPost(context.terminal, () => clientOf(context, flags).json({ path: '/jobs' }));
    }
    if (flow.startsWith('-'))
      throw new CommandFailure(exits.usage, `The name of the flow comes first: batchy post <flow> ${flow} …`);
    if (flags.hierarchy === true) return tellHierarchyOf(context, flow, words, flags);
    await post(context, command, { flow, words, flags });
  });
};

async function post(
  context: CliContext,
  command: Command,
  { flow, words, flags }: { flow: string; words: readonly string[]; flags: PostFlags },
): Promise<void> {
  const client = clientOf(context, flags);
  const job = objectOf(await client.json({ path: jobPath(flow), isRepeated: true }));
  if (words.some(asksForHelp)) return tellPostHelp(context.terminal, command, job);
  const declared = Object.entries(objectOf(job['parameters'] ?? null)).map(
    ([name, schema]): [string, ParameterType | null] => [name, objectOf(schema)['type'] as ParameterType | null],
  );
  tellUndeclared(context, job, [...(flags.param ?? []), ...readValues(words, new Map(declared))]);
  const { text } = await client.send({
    method: 'POST',
    path: `${jobPath(flow)}/launch`,
    query: urgencyQuery(flags),
    body: stringifyJson(valuesOf(context, words, flags, new Map(declared))),
    idempotencyKey: idempotencyKeyOf(flags),
  });
  await tellAccepted(context, flags, text);
}

/** What a flow does not declare may be what its tasks require, or a slip of the pen: only its execution knows. */
function tellUndeclared({ terminal }: CliContext, job: JsonObject, given: readonly (readonly [string, Json])[]): void {
  const declared = objectOf(job['parameters'] ?? null);
  if (job['kind'] !== 'flow' || Object.keys(declared).length === 0) return;
  const names = new Set(given.map(([name]) => name).filter((name) => !Object.hasOwn(declared, name)));
  if (names.size === 0) return;
  const told = [...names].map((name) => `--${name}`).join(', ');
  terminal.err(printable(`not declared by ${cellText(job['name'])}, so for its store: ${told}`));
}

async function tellHierarchyOf(
  context: CliContext,
  flow: string,
  words: readonly string[],
  flags: PostFlags,
): Promise<void> {
  const { settings } = await readSettings(context);
  const built = await context.machine.buildFlow(settings, flow, (schema) =>
    valuesOf(context, words, flags, new Map([...schema].map(([name, { type }]) => [name, type]))),
  );
  tellHierarchy(context.terminal, built, flags.json === true);
}

/** What is said by its name goes before `-p`, and that before the store. */
function valuesOf(
  { workingFolder }: CliContext,
  words: readonly string[],
  { store, param }: PostFlags,
  declared: DeclaredTypes,
): JsonObject {
  const read = (name: string): string => readFileSync(path.resolve(workingFolder, name), 'utf8');
  const stored = store === undefined ? {} : readStore(store, read);
  return Object.fromEntries<Json>([...Object.entries(stored), ...(param ?? []), ...readValues(words, declared)]);
}

function asksForHelp(word: string): boolean {
  return word === '--help' || word === '-h';
}
