import { differingJobs, type JobsRead } from '../domain/job-versions.ts';
import { type Json, type JsonObject, parseJson } from '../domain/json.ts';
import { addClientOptions, type ClientFlags, clientOf } from './client-options.ts';
import type { RegisterCommand } from './context.ts';
import { listOf } from './graph-fields.ts';
import { cellText, column, printTable } from './table.ts';

interface ConductorsFlags extends ClientFlags {
  readonly all?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  const command = program
    .command('conductors')
    .description('List the processes that run jobs, on all machines, with what each of them runs.');
  command.option('--all', 'also those that are gone for more than an hour');
  addClientOptions(command);

  command.action(async (flags: ConductorsFlags) => {
    const { terminal } = context;
    const { text } = await clientOf(context, flags).send({ path: '/conductors', query: { all: flags.all } });
    if (flags.json === true) return terminal.out(text);
    const rows = listOf(parseJson(text));
    await printTable(
      terminal,
      [
        column('id'),
        column('state'),
        column('host'),
        column('role'),
        { title: 'load', cell: (row) => `${loadOf(row)} of ${cellText(row['concurrency'] ?? '?')}` },
        { title: 'runs', cell: (row) => idsOf(row).join(', ') },
        { title: 'capabilities', cell: (row) => textsOf(row['capabilities']).join(', ') },
        { title: 'queues', cell: (row) => textsOf(row['queues']).join(', ') },
        {
          title: 'jobs_version',
          cell: (row) => `${cellText(row['jobs_version'] ?? '')}${row['draining'] === true ? ' (draining)' : ''}`,
        },
        { title: 'heartbeat_age', cell: (row) => `${cellText(row['heartbeat_age_seconds'])} s` },
        column('ended_because'),
      ],
      rows,
    );
    const differing = differingJobs(rows.flatMap(readOf));
    if (differing !== null) terminal.err(differing);
  });
};

/** Of one that takes what is launched. */
function readOf({ id, state, draining, jobs_version: version }: JsonObject): JobsRead[] {
  const isTaking = state === 'online' && draining !== true;
  return isTaking && typeof version === 'string' ? [{ conductor: cellText(id), version }] : [];
}

/** Parts of others' executions take up room as executions do. */
function loadOf(row: JsonObject): number {
  return idsOf(row).length + Number(row['part_count'] ?? 0);
}

function idsOf(row: JsonObject): readonly string[] {
  return textsOf(row['execution_ids']);
}

function textsOf(list: Json | undefined): readonly string[] {
  return Array.isArray(list) ? (list as readonly Json[]).map(cellText) : [];
}
