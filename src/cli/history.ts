import { Option } from 'commander';

import { isJsonObject, type Json, type JsonObject, parseJson, stringifyJson } from '../domain/json.ts';
import { addClientOptions, type ClientFlags, clientOf, positiveInteger, workflowPath } from './client-options.ts';
import type { Client } from './client.ts';
import type { RegisterCommand } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { cellText, column, printTable } from './table.ts';

interface HistoryFlags extends ClientFlags {
  readonly limit: number;
  readonly job?: string;
  readonly status?: string;
  readonly batchId?: string;
  readonly journal?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  const { terminal } = context;
  const command = program
    .command('history')
    .description('Show the batches of a workflow, newest first; or one batch; or every change with who and why.')
    .argument('<workflow>')
    .option('--limit <count>', 'at most so many batches or changes', positiveInteger, 20)
    .option('--job <name>', 'only batches of this job')
    .addOption(
      new Option('--status <status>', 'only batches of this status').choices(['failed', 'open', 'new', 'success']),
    )
    .option('--batch-id <id>', 'this one batch, with its parameters')
    .option('--journal', 'the journal: what changed, when, by whom and why');
  addClientOptions(command);

  command.action(async (workflow: string, flags: HistoryFlags) => {
    const client = clientOf(context, flags);
    if (flags.journal === true && (flags.batchId ?? flags.job ?? flags.status) !== undefined) {
      throw new CommandFailure(exits.usage, '--journal goes with --limit only.');
    }
    if (flags.batchId !== undefined) return showBatch(client, workflow, flags.batchId, flags);
    if (flags.journal === true) return showJournal(client, workflow, flags);
    const batches = await client.list(
      { path: workflowPath('/workflows', workflow, '/batches'), query: { job: flags.job, status: flags.status } },
      flags.limit,
    );
    if (flags.json === true) terminal.out(stringifyJson(batches));
    else
      await printTable(
        terminal,
        batchColumns,
        batches.flatMap((batch) => jobsOfBatch(batch, flags.job)),
      );
  });

  async function showBatch(client: Client, workflow: string, batchId: string, flags: HistoryFlags): Promise<void> {
    if (!/^\d{1,15}(-init)?$/.test(batchId)) throw new CommandFailure(exits.usage, `${batchId} is no batch id.`);
    const { text } = await client.send({ path: workflowPath('/workflows', workflow, `/batches/${batchId}`) });
    if (flags.json === true) return terminal.out(text);
    const batch = parseJson(text);
    await printTable(terminal, batchColumns, jobsOfBatch(batch, flags.job));
    const parameters = isJsonObject(batch) && isJsonObject(batch['parameters']) ? batch['parameters'] : {};
    const rows = Object.entries(parameters).flatMap(([job, values]) =>
      isJsonObject(values) ? Object.entries(values).map(([parameter, value]) => ({ job, parameter, value })) : [],
    );
    if (rows.length === 0) return;
    terminal.out('');
    await printTable(terminal, ['job', 'parameter', 'value'].map(column), rows);
  }

  async function showJournal(client: Client, workflow: string, flags: HistoryFlags): Promise<void> {
    const entries = await client.list({ path: workflowPath('/workflows', workflow, '/journal') }, flags.limit);
    if (flags.json === true) return terminal.out(stringifyJson(entries));
    const jobs = {
      title: 'jobs',
      cell: (row: JsonObject): string =>
        Array.isArray(row['jobs'])
          ? (row['jobs'] as readonly Json[]).map((job) => cellText(isJsonObject(job) ? job['job'] : job)).join(',')
          : '',
    };
    await printTable(
      terminal,
      [...['sequence', 'at', 'type', 'by', 'batch_id'].map(column), jobs, column('reason')],
      entries,
    );
  }
};

const batchColumns = [
  'batch_id',
  'kind',
  'job',
  'status',
  'from_date',
  'until',
  'batch_start',
  'batch_end',
  'opened_by',
  'reason',
].map(column);

/** A line for each job of a batch; the batch's own columns are repeated, so that each line can be cut out alone. */
function jobsOfBatch(batch: Json, only: string | undefined): JsonObject[] {
  if (!isJsonObject(batch) || !isJsonObject(batch['jobs'])) return [];
  const id = batch['id'] ?? batch['batch_id'] ?? null;
  return Object.entries(batch['jobs'])
    .filter(([job]) => only === undefined || job === only)
    .map(([job, outcome]) => ({
      kind: batch['kind'] ?? null,
      opened_by: batch['opened_by'] ?? null,
      ...(isJsonObject(outcome) ? outcome : {}),
      batch_id: id,
      job,
    }));
}
