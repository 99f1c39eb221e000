import { type Json, type JsonObject, parseJson } from '../domain/json.ts';
import { addClientOptions, type ClientFlags, clientOf } from './client-options.ts';
import type { RegisterCommand } from './context.ts';
import { listOf } from './graph-fields.ts';
import { cellText, column, printTable } from './table.ts';

export const register: RegisterCommand = (program, context) => {
  const command = program
    .command('conductors')
    .description('List the processes that run jobs, on all machines, with what each of them runs.');
  addClientOptions(command);

  command.action(async (flags: ClientFlags) => {
    const { terminal } = context;
    const { text } = await clientOf(context, flags).send({ path: '/conductors' });
    if (flags.json === true) return terminal.out(text);
    await printTable(
      terminal,
      [
        column('id'),
        column('state'),
        column('host'),
        column('role'),
        { title: 'load', cell: (row) => `${idsOf(row).length} of ${cellText(row['concurrency'] ?? '?')}` },
        { title: 'runs', cell: (row) => idsOf(row).map(cellText).join(', ') },
        { title: 'heartbeat_age', cell: (row) => `${cellText(row['heartbeat_age_seconds'])} s` },
        column('ended_because'),
      ],
      listOf(parseJson(text)),
    );
  });
};

function idsOf({ execution_ids: ids }: JsonObject): readonly Json[] {
  return Array.isArray(ids) ? (ids as readonly Json[]) : [];
}
