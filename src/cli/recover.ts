import type { RegisterCommand } from './context.ts';
import { addExecutionCommand } from './execution-command.ts';

export const register: RegisterCommand = (program, context) => {
  addExecutionCommand(program, context, {
    name: 'recover',
    description:
      'Declare an execution failed whose owner is gone or whose outcome is unknown, so that it can be restarted.',
    waits: false,
  });
};
