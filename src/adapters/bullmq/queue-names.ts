import { createHash } from 'node:crypto';
import { ownPrefix } from '../../domain/names.ts';
import type { Line } from '../../domain/work.ts';

/** Everything that BullMQ keeps lies under it: no workflow's key, and none of the stores'. */
export const queuePrefix = `${ownPrefix}queue`;

/** Sorted set of all queues' names that there ever were, by when somebody stood there last, in milliseconds. BullMQ's own keys go on behind a queue's name. */
export const linesKey = `${queuePrefix}:lines`;

/**
 * Of the BullMQ queue that is a line: the name of the queue, for whoever looks at the keys, and a hash of all that makes the
 * line. At most 93 signs, no `:` among them, which BullMQ refuses.
 */
export function queueNameOf({ queue, capabilities }: Line): string {
  const whole = JSON.stringify([queue, ...[...new Set(capabilities)].sort()]);
  const readable = queue.replaceAll(/[^A-Za-z0-9_.-]/g, '_').slice(0, 60);
  return `${readable}.${createHash('sha256').update(whole).digest('hex').slice(0, 32)}`;
}

/** Of the message that hands on an execution: BullMQ allows no id that is a number. */
export function messageIdOf(executionId: number): string {
  return `e-${executionId}`;
}

export function executionIdOf(messageId: string): number | null {
  return /^e-\d{1,16}$/.test(messageId) ? Number(messageId.slice(2)) : null;
}
