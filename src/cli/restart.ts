import type { RegisterCommand } from './context.ts';
import { addExecutionCommand } from './execution-command.ts';

export const register: RegisterCommand = (program, context) => {
  addExecutionCommand(program, context, {
    name: 'restart',
    description:
      'Launch the instance of an execution again: what was completed is skipped, a chunk step goes on at its checkpoint.',
    waits: true,
  });
};
