import { Option } from 'commander';

import { parseJson, stringifyJson } from '../domain/json.ts';
import { addClientOptions, type ClientFlags, clientOf, positiveInteger, workflowPath } from './client-options.ts';
import type { RegisterCommand } from './context.ts';
import { printJobs } from './job-table.ts';
import { column, printTable } from './table.ts';

interface StatusFlags extends ClientFlags {
  readonly status?: string;
  readonly limit: number;
}

export const register: RegisterCommand = (program, context) => {
  const { terminal } = context;
  const command = program
    .command('status')
    .description('Show the jobs of a workflow, or, without a name, all workflows.')
    .argument('[workflow]')
    .addOption(
      new Option('--status <status>', 'only workflows of this status').choices(['failed', 'open', 'new', 'success']),
    )
    .option('--limit <count>', 'at most so many workflows', positiveInteger, 500);
  addClientOptions(command);

  command.action(async (workflow: string | undefined, flags: StatusFlags) => {
    const client = clientOf(context, flags);
    if (workflow === undefined) {
      const workflows = await client.list({ path: '/workflows', query: { status: flags.status } }, flags.limit);
      if (flags.json === true) terminal.out(stringifyJson(workflows));
      else await printTable(terminal, ['name', 'status', 'updated_at'].map(column), workflows);
      return;
    }
    const { text } = await client.send({ path: workflowPath('/get_status', workflow) });
    if (flags.json === true) terminal.out(text);
    else await printJobs(terminal, parseJson(text));
  });
};
