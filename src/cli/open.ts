import { Option } from 'commander';

import { type Json, parseJson } from '../domain/json.ts';
import { addChangeOptions, type ChangeFlags, clientOf, idempotencyKeyOf, workflowPath } from './client-options.ts';
import type { RegisterCommand } from './context.ts';
import { batchIds, jobRows, printJobs } from './job-table.ts';
import { type OutputFile, prepareOutput } from './output-file.ts';

interface OpenFlags extends ChangeFlags {
  readonly format: 'json' | 'infa';
  readonly profile?: string;
  readonly job?: string;
  readonly ifOpen: 'reopen' | 'reject';
  readonly output?: string;
}

export const register: RegisterCommand = (program, context) => {
  const { terminal } = context;
  const command = program
    .command('open')
    .description('Open a batch: which window do I load now? The batch id goes to stderr; close and fail need it.')
    .argument('<workflow>')
    .addOption(
      new Option('--format <format>', 'what to print: the jobs, or an Informatica parameter file')
        .choices(['json', 'infa'])
        .default('json'),
    )
    .option('--profile <profile>', 'kind of parameter file: batchy, powercenter or iics (default: the workflow’s)')
    .option('--job <names>', 'only these jobs, separated by commas')
    .addOption(
      new Option('--if-open <what>', 'when a batch is open: run its window again under a new id, or refuse')
        .choices(['reopen', 'reject'])
        .default('reopen'),
    )
    .option('--output <file>', 'write the answer to this file, as a whole or not at all');
  addChangeOptions(command, { force: 'open although the clock was wrong, or an execution owns the batch' });

  command.action(async (workflow: string, flags: OpenFlags) => {
    const client = clientOf(context, flags);
    const path = workflowPath('/open_batch', workflow, `/${flags.format}`);
    const output = flags.output === undefined ? null : prepareOutput(context.workingFolder, flags.output);
    let text: string;
    try {
      const answer = await client.send({
        method: 'POST',
        path,
        query: {
          job: flags.job,
          if_open: flags.ifOpen,
          force: flags.force,
          reason: flags.reason,
          profile: flags.profile,
        },
        idempotencyKey: idempotencyKeyOf(flags),
      });
      ({ text } = answer);
    } catch (error) {
      output?.discard();
      throw error;
    }
    const jobs = flags.format === 'json' ? parseJson(text) : null;
    const opened = jobs === null ? batchIdsOfFile(text) : batchIds(jobRows(jobs));
    terminal.err(`${workflow}: opened batch ${opened.join(', ')}`);
    await show(text, jobs, flags, output);
  });

  async function show(text: string, jobs: Json, flags: OpenFlags, output: OutputFile | null): Promise<void> {
    if (output !== null) {
      output.write(text);
      terminal.err(`wrote ${flags.output ?? ''}`);
    } else if (jobs === null) terminal.raw(text);
    else if (flags.json === true) terminal.out(text);
    else await printJobs(terminal, jobs);
  }
};

/** A parameter file names the batch among its parameters, whatever its profile. */
function batchIdsOfFile(text: string): string[] {
  return [...new Set([...text.matchAll(/^\$*batch_id=(\d+)\r?$/gm)].map((match) => match[1] ?? ''))];
}
