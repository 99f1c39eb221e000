import { quoteBriefly } from './names.ts';

/** Stands for all queues together where limits are named; no queue is called so. */
export const allQueues = 'all';

const queuePattern = /^[A-Za-z0-9_.-]{1,60}$/;

/** What is wrong with the name of a queue, or `null`. */
export function queueNameProblem(name: string): string | null {
  if (name === allQueues) return `${quoteBriefly(name)} stands for all queues together; call the queue something else`;
  if (queuePattern.test(name)) return null;
  return `${quoteBriefly(name)} is no name of a queue: use 1 to 60 letters, digits, '_', '.' or '-'`;
}
