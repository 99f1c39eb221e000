import { isJsonObject, type Json, type JsonObject, parseJson } from '../domain/json.ts';
import { addClientOptions, type ClientFlags, clientOf, positiveInteger, workflowPath } from './client-options.ts';
import type { RegisterCommand } from './context.ts';
import { cellText, column, printTable } from './table.ts';

interface CoverageFlags extends ClientFlags {
  readonly job?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

export const register: RegisterCommand = (program, context) => {
  const { terminal } = context;
  const command = program
    .command('coverage')
    .description('Show which windows were loaded, by which batch, and the gaps and overlaps between them.')
    .argument('<workflow>')
    .option('--job <name>', 'only this job')
    .option('--from <time>', 'only windows that end later (UTC)')
    .option('--to <time>', 'only windows that begin earlier (UTC)')
    .option('--limit <count>', 'at most so many windows of each job', positiveInteger, 100);
  addClientOptions(command);

  command.action(async (workflow: string, flags: CoverageFlags) => {
    const { text } = await clientOf(context, flags).send({
      path: workflowPath('/workflows', workflow, '/coverage'),
      query: { job: flags.job, from: flags.from, to: flags.to, limit: flags.limit },
    });
    if (flags.json === true) return terminal.out(text);
    const answer = parseJson(text);
    await printTable(
      terminal,
      ['job', 'what', 'from', 'until', 'batches'].map(column),
      listOf(answer, 'jobs').flatMap(stretchesOf),
    );
    if (isJsonObject(answer) && answer['truncated'] === true)
      terminal.err('There are more windows: ask with a greater --limit, or narrow it by --from and --to.');
  });
};

/** A job's windows, gaps and overlaps in one list, by their beginning. */
function stretchesOf(job: Json): JsonObject[] {
  const name = isJsonObject(job) ? (job['job'] ?? '') : '';
  const rows = [
    ...listOf(job, 'windows').map((window) =>
      row(name, 'window', window, isJsonObject(window) ? (window['batch_id'] ?? null) : null),
    ),
    ...listOf(job, 'gaps').map((gap) => row(name, 'gap', gap, null)),
    ...listOf(job, 'overlaps').map((overlap) =>
      row(name, 'overlap', overlap, listOf(overlap, 'batch_ids').map(String).join(',')),
    ),
  ];
  return rows.sort(
    (one, other) =>
      compare(cellText(one['from']), cellText(other['from'])) ||
      compare(cellText(one['until']), cellText(other['until'])),
  );
}

function row(job: Json, what: string, stretch: Json, batches: Json): JsonObject {
  return { ...(isJsonObject(stretch) ? stretch : {}), job, what, batches };
}

function listOf(value: Json, name: string): readonly Json[] {
  const list = isJsonObject(value) ? value[name] : undefined;
  return Array.isArray(list) ? (list as readonly Json[]) : [];
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
