import { parseJson } from '../domain/json.ts';
import {
  addChangeOptions,
  batchIdOption,
  type ChangeFlags,
  clientOf,
  idempotencyKeyOf,
  workflowPath,
} from './client-options.ts';
import type { Client } from './client.ts';
import type { CliContext, RegisterCommand } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { batchIds, jobRows, printJobs } from './job-table.ts';
import { cellText } from './table.ts';
import { collectParameter, parametersBody, type UserParameters } from './user-parameters.ts';

interface EndFlags extends ChangeFlags {
  readonly batchId?: number;
  readonly current?: boolean;
  readonly job?: string;
  readonly set?: UserParameters;
}

export interface Ending {
  readonly name: 'close' | 'fail';
  readonly description: string;
  readonly force: string;
  readonly done: string;
}

/** `close` and `fail`: alike in all but the outcome. Both always send the batch's id, so that a late one changes nothing. */
export function endingCommand({ name, description, force, done }: Ending): RegisterCommand {
  return (program, context) => {
    const { terminal } = context;
    const command = program
      .command(name)
      .description(description)
      .argument('<workflow>')
      .option('--batch-id <id>', 'the batch that open answered', batchIdOption)
      .option('--current', 'whichever batch is open now: for people, not for scripts')
      .option('--job <names>', 'only these jobs, separated by commas')
      .option('--set <job.parameter=value>', 'store a parameter of yours with it; may be repeated', collectParameter);
    addChangeOptions(command, { force });

    command.action(async (workflow: string, flags: EndFlags) => {
      const client = clientOf(context, flags);
      const path = workflowPath(`/${name}_batch`, workflow);
      const batchId = await batchToEnd(client, context, workflow, flags, name);
      const { text } = await client.send({
        method: 'POST',
        path,
        query: { batch_id: batchId, job: flags.job, force: flags.force, reason: flags.reason },
        body: parametersBody(flags.set),
        idempotencyKey: idempotencyKeyOf(flags),
      });
      terminal.err(`${workflow}: ${done} batch ${batchId}`);
      if (flags.json === true) terminal.out(text);
      else await printJobs(terminal, parseJson(text));
    });
  };
}

async function batchToEnd(
  client: Client,
  { terminal }: CliContext,
  workflow: string,
  flags: EndFlags,
  name: string,
): Promise<number> {
  if (flags.batchId !== undefined && flags.current === true) {
    throw new CommandFailure(exits.usage, 'Give --batch-id or --current, not both.');
  }
  if (flags.batchId !== undefined) return flags.batchId;
  if (flags.current !== true) {
    throw new CommandFailure(
      exits.usage,
      `Which batch? batchy ${name} ${workflow} --batch-id ID, with the id that open answered: a late ${name} of a batch that was superseded then changes nothing. --current takes the one that is open now.`,
    );
  }
  const names = flags.job?.split(',');
  const jobs = jobRows(await client.json({ path: workflowPath('/get_status', workflow) }));
  const open = jobs.filter(
    (job) => job['status'] === 'open' && (names === undefined || names.includes(cellText(job['job']))),
  );
  const ids = batchIds(open);
  const [only] = ids;
  if (only === undefined)
    throw new CommandFailure(
      exits.conflict,
      `No batch of ${workflow} is open${names === undefined ? '' : ` in ${names.join(', ')}`}.`,
      { code: 'not-open' },
    );
  if (ids.length > 1) {
    throw new CommandFailure(
      exits.conflict,
      `Several batches of ${workflow} are open (${ids.join(', ')}): say which by --batch-id, or by --job.`,
      { code: 'ambiguous' },
    );
  }
  terminal.err(
    `${workflow}: the current batch is ${only}, open since ${cellText(open[0]?.['batch_start'] ?? 'an unknown time')}`,
  );
  return only;
}
