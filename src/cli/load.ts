import { Option } from 'commander';

import { parseJson } from '../domain/json.ts';
import { addChangeOptions, type ChangeFlags, clientOf, idempotencyKeyOf, workflowPath } from './client-options.ts';
import type { RegisterCommand } from './context.ts';
import { printJobs } from './job-table.ts';

interface LoadFlags extends ChangeFlags {
  readonly mode: 'replace' | 'merge';
}

export const register: RegisterCommand = (program, context) => {
  const { terminal } = context;
  const command = program
    .command('load')
    .description('Load a workflow’s configuration: the server reads the YAML file of that name in its BATCHY_CFG.')
    .argument('<workflow>')
    .addOption(
      new Option('--mode <mode>', 'replace the workflow, or keep the state of jobs that stay')
        .choices(['replace', 'merge'])
        .default('replace'),
    );
  addChangeOptions(command, {
    force: 'load while a job is open, or although a watermark moves forward (data is skipped)',
  });

  command.action(async (workflow: string, flags: LoadFlags) => {
    const { text } = await clientOf(context, flags).send({
      method: 'POST',
      path: workflowPath('/load_cfg', workflow),
      query: { mode: flags.mode, force: flags.force, reason: flags.reason },
      idempotencyKey: idempotencyKeyOf(flags),
    });
    terminal.err(`${workflow}: loaded`);
    if (flags.json === true) terminal.out(text);
    else await printJobs(terminal, parseJson(text));
  });
};
