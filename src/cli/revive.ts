import type { RegisterCommand } from './context.ts';
import { addExecutionCommand } from './execution-command.ts';

export const register: RegisterCommand = (program, context) => {
  addExecutionCommand(program, context, {
    name: 'revive',
    description: 'Have what has failed in a running execution tried anew, with what waits for that.',
    waits: false,
  });
};
