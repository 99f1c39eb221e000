import type { BatchStatus } from './execution.ts';
import { type Priority, rankOf } from './priority.ts';
import { formatInstant, type Instant } from './time.ts';

/**
 * The sorted indexes by which executions and what belongs to them are found, and the members in them. Members that begin with
 * an id sort by it, since it is written with leading zeros.
 */

/** Enough for any integer that a number holds exactly. */
const digits = 16;

export function memberOfId(id: number): string {
  return String(id).padStart(digits, '0');
}

/** The id that a member ends with. @throws TypeError for a member that ends with none */
export function idOfMember(member: string): number {
  const text = member.slice(-digits);
  if (!/^\d{16}$/.test(text)) throw new TypeError(`no member of an index of ids: ${member}`);
  return Number(text);
}

/** All are of executions by id, except `waiting`, `delayed` and `started`. */
export const executionIndexes = {
  all: 'executions',
  /** Of those that are not live. Who is looks different in a moment, and a change of index costs as much as what it is about. */
  ofStatus: (status: BatchStatus): string => `executions:status:${status}`,
  ofJob: (jobName: string): string => `executions:job:${encodeURIComponent(jobName)}`,
  ofInstance: (instanceId: number): string => `executions:instance:${instanceId}`,
  /** Those that run or are about to. UNKNOWN is not among them: nobody runs it. */
  live: 'executions:live',
  liveOfJob: (jobName: string): string => `executions:live:job:${encodeURIComponent(jobName)}`,
  /** Of a queue, those that nobody has begun: `<rank of the priority> <id>`, the first to be begun first. */
  waiting: (queue: string): string => `executions:waiting:${queue}`,
  /** Of a queue, those that may not begin yet, or could not when they were launched: `<not before> <id>`. */
  delayed: (queue: string): string => `executions:delayed:${queue}`,
  /** Of those that have started: `<start, naive UTC, six fraction digits> <id>`. */
  started: 'executions:started',
} as const;

/** The member of `started` for an execution. */
export function memberOfStart(startedAt: Instant, id: number): string {
  return `${formatInstant(startedAt)} ${memberOfId(id)}`;
}

/** The member of `waiting` for an execution. */
export function memberOfWaiting(priority: Priority, id: number): string {
  return `${rankOf(priority)} ${memberOfId(id)}`;
}

/** The member of `delayed` for an execution. */
export function memberOfDelayed(notBefore: Instant, id: number): string {
  return `${formatInstant(notBefore)} ${memberOfId(id)}`;
}

/** Whether `memberOfStart` may have given it. */
export function isMemberOfStart(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} \d{16}$/.test(value);
}

/** Of instances by id. */
export const instanceIndexes = {
  all: 'instances',
  ofJob: (jobName: string): string => `instances:job:${encodeURIComponent(jobName)}`,
} as const;

/** Of the step executions of an execution, by id. */
export function stepsIndex(executionId: number): string {
  return `steps:${executionId}`;
}

/** Of the skipped items of an execution: `<step execution's id>:<number>`. */
export function skippedIndex(executionId: number): string {
  return `skipped:${executionId}`;
}

/** Of those among them that a replay may still carry through; members as in `skippedIndex`. */
export function replayableIndex(executionId: number): string {
  return `skipped:replayable:${executionId}`;
}

/** Of those among them that no replay can: they could not be read, or not be kept whole. */
export function unreplayableIndex(executionId: number): string {
  return `skipped:unreplayable:${executionId}`;
}

/** What members of one step execution begin with. */
export function skippedPrefix(stepExecutionId: number): string {
  return `${memberOfId(stepExecutionId)}:`;
}

export function skippedMember(stepExecutionId: number, number: number): string {
  return `${memberOfId(stepExecutionId)}:${memberOfId(number)}`;
}
