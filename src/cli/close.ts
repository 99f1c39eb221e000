import { endingCommand } from './end.ts';

export const register = endingCommand({
  name: 'close',
  description: 'Close a batch: its window is loaded, the next one begins where it ends.',
  force: 'turn a failed batch into a success (with --reason), or close what an execution owns',
  done: 'closed',
});
