import { defaultPriority, type Priority } from './priority.ts';

export const defaultQueue = 'default';

/** An execution that waits for a conductor: all that must be known to hand it to one that can run it. */
export interface Work extends Line {
  readonly executionId: number;
  readonly priority: Priority;
  /** How long it may not be begun yet; 0: at once. */
  readonly delayMilliseconds: number;
}

/** What waits is handed on line by line: a conductor stands at those whose work it may be able to run. */
export interface Line {
  readonly queue: string;
  /** Names, sorted, that whoever takes it must have, all of them. */
  readonly capabilities: readonly string[];
}

/** Where a conductor stands: the lines in which work of these jobs waits, each once. */
export function linesOf(
  jobs: Iterable<{ readonly queue?: string | undefined; readonly capabilities: readonly string[] }>,
): Line[] {
  const lines = new Map<string, Line>();
  for (const { queue = defaultQueue, capabilities } of jobs) {
    const line = { queue, capabilities: sortedOnce(capabilities) };
    lines.set(JSON.stringify(line), line);
  }
  return [...lines.values()];
}

function sortedOnce(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

export interface WorkOptions {
  readonly executionId: number;
  readonly queue?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly capabilities: readonly string[];
  readonly delayMilliseconds?: number | undefined;
}

export function workOf({ executionId, capabilities, ...given }: WorkOptions): Work {
  return {
    executionId,
    queue: given.queue ?? defaultQueue,
    capabilities: sortedOnce(capabilities),
    priority: given.priority ?? defaultPriority,
    delayMilliseconds: given.delayMilliseconds ?? 0,
  };
}
