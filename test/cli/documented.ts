import type { Command } from 'commander';

import { createProgram } from '../../src/cli/index.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { exitCodes, exits } from '../../src/cli/exit-codes.ts';

/** Every command that does something, with its path from the program's name: `batchy keys create <name>`. */
export async function documentedCommands(): Promise<ReadonlyMap<string, Command>> {
  // Describing commands needs nothing of what carrying them out does.
  return new Map(leaves(await createProgram({} as CliContext), 'batchy'));
}

function leaves(command: Command, path: string): [string, Command][] {
  const below = command.commands.flatMap((each) => leaves(each, `${path} ${each.name()}`));
  // What takes an operand does something itself, whatever commands stand below it.
  if (below.length > 0 && command.registeredArguments.length === 0) return below;
  const operands = command.registeredArguments.map((argument) =>
    argument.required ? ` <${argument.name()}>` : ` [${argument.name()}]`,
  );
  return [[`${path}${operands.join('')}`, command], ...below];
}

/** The table of a command's options as the documentation shall have it; empty when it has none. */
export function optionsTable(command: Command): string {
  const { options } = command;
  if (options.length === 0) return '';
  const rows = options.map(({ flags, description, defaultValue }) => {
    const value = defaultValue === undefined ? '' : ` (default: ${String(defaultValue)})`;
    // What a setting means is told in the documentation of the settings.
    const what = ['serve', 'worker'].includes(command.name())
      ? `\`${description.split(':')[0]}\``
      : description.replaceAll('|', '\\|');
    return `| \`${flags}\` | ${what}${value} |`;
  });
  return ['| option | |', '|---|---|', ...rows].join('\n');
}

const meanings: Readonly<Record<keyof typeof exits, string>> = {
  ok: 'It worked.',
  failed:
    'It was understood and failed; `doctor`, `infa lint` and `reindex` found something; with `--fail-fast`, a job has failed; with `--wait`, an execution has ended otherwise than COMPLETED.',
  usage:
    'Asked wrongly, or for something that there is not: an unknown command, option, workflow, job, batch, execution or setting; parameters that do not fit.',
  conflict: 'The state forbids it, and nothing was changed.',
  unreachable: 'The server, or its store, cannot be reached or has no room now. Trying again later may help.',
  timeout: 'What was waited for did not come within `--timeout`, or `--wait`.',
};

/** The table of exit codes with the problems (see problems.md) that lead to them. */
export function exitTable(): string {
  const rows = (Object.keys(exits) as (keyof typeof exits)[]).map((name) => {
    const codes = Object.entries(exitCodes).flatMap(([code, exit]) => (exit === exits[name] ? [`\`${code}\``] : []));
    return `| ${exits[name]} | ${meanings[name]} | ${codes.join(', ')} |`;
  });
  return ['| exit code | meaning | problems |', '|---|---|---|', ...rows].join('\n');
}
