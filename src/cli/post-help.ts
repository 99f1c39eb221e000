import { Command, Option } from 'commander';

import { type Json, type JsonObject, stringifyJson } from '../domain/json.ts';
import { objectOf } from './execution-table.ts';
import { commandFailure } from './exit-codes.ts';
import { listOf } from './graph-fields.ts';
import { cellText, column, printTable } from './table.ts';
import { printable, type Terminal } from './terminal.ts';

/** The help of `batchy post <flow>`: what the flow takes, then the options of the command itself. */
export function tellPostHelp(terminal: Terminal, command: Command, job: JsonObject): void {
  const name = cellText(job['name']);
  const description = cellText(job['description']);
  const shown = new Command(`batchy post ${name}`)
    .usage('[--name value ...] [options]')
    .helpOption('-h, --help', 'print help')
    .description(description === '' ? `Post ${name}.` : description);
  const taken = new Set([...command.options.flatMap(({ long }) => (long == null ? [] : [long])), '--help']);
  const hidden: string[] = [];
  for (const [parameter, schema] of Object.entries(objectOf(job['parameters'] ?? null))) {
    if (taken.has(`--${parameter}`)) hidden.push(parameter);
    else shown.addOption(optionOf(parameter, objectOf(schema), name));
  }
  for (const option of command.options) shown.addOption(option);
  terminal.out(shown.helpInformation().trimEnd());
  for (const parameter of hidden)
    terminal.out(
      `\n${printable(parameter)} is given as -p ${printable(parameter)}=value: the option is the command’s.`,
    );
  const others =
    job['additional_parameters'] === true
      ? 'Any other --name value goes into the store, from which its tasks take what they require.'
      : 'It takes no others.';
  terminal.out(`\n${others}`);
}

/** Lists the jobs of the server below the help; help is given without a server, too. @param ask for `/jobs` */
export async function tellJobsToPost(terminal: Terminal, ask: () => Promise<Json>): Promise<void> {
  let jobs: JsonObject[];
  try {
    jobs = listOf(objectOf(await ask())['jobs']);
  } catch (error) {
    return terminal.err(`The jobs are not listed: ${commandFailure(error).message}`);
  }
  terminal.out('');
  const description = { title: 'description', cell: (job: JsonObject) => firstLine(job['description']) };
  await printTable(terminal, [column('name'), column('kind'), description], jobs);
}

function firstLine(text: Json | undefined): string | null {
  return typeof text === 'string' ? (text.split('\n')[0] ?? null) : null;
}

function optionOf(name: string, schema: JsonObject, flow: string): Option {
  const type = cellText(schema['type']);
  const value = type === 'boolean' ? '[true|false]' : `<${type === '' ? 'value' : type}>`;
  const notes = [cellText(schema['description']), ...(schema['required'] === true ? ['(required)'] : [])];
  const option = new Option(`--${name} ${value}`, notes.filter((note) => note !== '').join(' '));
  const byDefault = schema['default'];
  if (byDefault !== undefined) option.default(byDefault, printable(stringifyJson(byDefault)));
  return option.helpGroup(`What ${flow} takes:`);
}
