import type { RegisterCommand } from './context.ts';
import { addExecutionCommand } from './execution-command.ts';

export const register: RegisterCommand = (program, context) => {
  addExecutionCommand(program, context, {
    name: 'stop',
    description: 'Ask an execution to stop; it does at the next chunk or step boundary, and can be restarted.',
    waits: false,
  });
};
