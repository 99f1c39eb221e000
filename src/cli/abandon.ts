import type { RegisterCommand } from './context.ts';
import { addExecutionCommand } from './execution-command.ts';

export const register: RegisterCommand = (program, context) => {
  addExecutionCommand(program, context, {
    name: 'abandon',
    description: 'Decide that a stopped or failed execution is never to be restarted.',
    waits: false,
  });
};
