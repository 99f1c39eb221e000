import { endingCommand } from './end.ts';

export const register = endingCommand({
  name: 'fail',
  description: 'Fail a batch: its window will be run again.',
  force: 'fail a batch that an execution owns',
  done: 'failed',
});
