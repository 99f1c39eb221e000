import { isJsonObject, type Json, parseJson } from '../domain/json.ts';
import { addClientOptions, type ClientFlags, clientOf, workflowPath } from './client-options.ts';
import type { RegisterCommand } from './context.ts';
import { exits } from './exit-codes.ts';
import { cellText, column, printTable } from './table.ts';

interface PreviewFlags extends ClientFlags {
  readonly asOf?: string;
  readonly job?: string;
  readonly force?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  const { terminal } = context;
  const command = program
    .command('preview')
    .description('Show the window that an open would give, changing nothing. Exits with 3 when it would be refused.')
    .argument('<workflow>')
    .option('--as-of <time>', 'as if it were opened then (UTC)')
    .option('--job <names>', 'only these jobs, separated by commas')
    .option('--force', 'as if opened with --force');
  addClientOptions(command);

  command.action(async (workflow: string, flags: PreviewFlags) => {
    const { text } = await clientOf(context, flags).send({
      path: workflowPath('/workflows', workflow, '/preview'),
      query: { as_of: flags.asOf, job: flags.job, force: flags.force },
    });
    const answer = parseJson(text);
    const jobs = isJsonObject(answer) && Array.isArray(answer['jobs']) ? (answer['jobs'] as readonly Json[]) : [];
    if (flags.json === true) terminal.out(text);
    else
      await printTable(
        terminal,
        [
          ...['job', 'from_date', 'until', 'rule'].map(column),
          { title: 'refused', cell: (row) => refusal(row['refused']) },
        ],
        jobs,
      );
    if (jobs.some((job) => isJsonObject(job) && job['refused'] != null)) context.end(exits.conflict);
  });
};

function refusal(refused: Json | undefined): string {
  return isJsonObject(refused) ? `${cellText(refused['code'])}: ${cellText(refused['detail'])}` : '';
}
