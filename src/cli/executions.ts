import { Option } from 'commander';

import { batchStatuses } from '../domain/execution.ts';
import { type Json, type JsonObject, parseJson, stringifyJson } from '../domain/json.ts';
import { addClientOptions, type ClientFlags, clientOf, positiveInteger } from './client-options.ts';
import type { Client } from './client.ts';
import type { RegisterCommand } from './context.ts';
import { executionPath, objectOf, printExecution, printExecutions } from './execution-table.ts';
import { executionId } from './execution-wait.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { column, printTable } from './table.ts';

interface ExecutionsFlags extends ClientFlags {
  readonly job?: string;
  readonly status?: string;
  readonly instance?: number;
  readonly queue?: string;
  readonly startedAfter?: string;
  readonly startedBefore?: string;
  readonly limit: number;
  readonly show?: 'plan' | 'skipped' | 'missing' | 'context';
}

export const register: RegisterCommand = (program, context) => {
  const { terminal } = context;
  const command = program
    .command('executions')
    .description('Show the executions, newest first; or one with its steps.')
    .argument('[id]', undefined, executionId)
    .option('--job <name>', 'only executions of this job')
    .addOption(new Option('--status <status>', 'only executions of this status').choices(batchStatuses))
    .option('--instance <id>', 'only executions of this job instance', positiveInteger)
    .option('--queue <name>', 'only executions that wait or run in this queue')
    .option('--started-after <time>', 'only executions that started later (UTC)')
    .option('--started-before <time>', 'only executions that started earlier (UTC)')
    .option('--limit <count>', 'at most so many executions, or skipped items', positiveInteger, 20)
    .addOption(
      new Option(
        '--show <what>',
        'of one execution: what a restart would do, the items that were left out, those of them that no replay has carried through, or what its steps share',
      ).choices(['plan', 'skipped', 'missing', 'context']),
    );
  addClientOptions(command);

  command.action(async (id: number | undefined, flags: ExecutionsFlags) => {
    const client = clientOf(context, flags);
    if (id !== undefined) return showOne(client, id, flags);
    if (flags.show !== undefined) throw new CommandFailure(exits.usage, '--show goes with the id of an execution.');
    const executions = await client.list(
      {
        path: '/executions',
        query: {
          job_name: flags.job,
          status: flags.status,
          job_instance_id: flags.instance,
          queue: flags.queue,
          started_after: flags.startedAfter,
          started_before: flags.startedBefore,
        },
      },
      flags.limit,
    );
    if (flags.json === true) terminal.out(stringifyJson(executions));
    else await printExecutions(terminal, executions);
  });

  async function showOne(client: Client, id: number, { show, limit, json }: ExecutionsFlags): Promise<void> {
    const path = executionPath(id);
    if (show === 'skipped' || show === 'missing') {
      const query = { missing: show === 'missing' ? true : undefined };
      const items = await client.list({ path: `${path}/skipped`, query }, limit);
      if (json === true) return terminal.out(stringifyJson(items));
      return printTable(terminal, skippedColumns.map(column), items);
    }
    const { text } = await client.send({ path: show === undefined ? path : `${path}/${routes[show]}` });
    if (json === true) return terminal.out(text);
    const answer = parseJson(text);
    if (show === 'plan')
      return printTable(terminal, ['step_name', 'action', 'why', 'checkpoint'].map(column), answer as readonly Json[]);
    if (show === 'context') return printTable(terminal, ['key', 'value'].map(column), rowsOf(objectOf(answer)));
    await printExecution(terminal, client, objectOf(answer));
  }
};

const skippedColumns = ['step_name', 'number', 'phase', 'position', 'error', 'obstacle', 'replayed_by', 'item'];
const routes = { plan: 'restart-plan', context: 'context' } as const;

function rowsOf(context: JsonObject): JsonObject[] {
  return Object.entries(context).map(([key, value]) => ({ key, value }));
}
