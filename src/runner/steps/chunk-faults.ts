import type { SkippedItem } from '../../domain/execution.ts';
import { decideRetry } from '../../domain/retry.ts';
import { decideSkip } from '../../domain/skip.ts';
import type { Timers } from '../../ports/timers.ts';
import { errorText } from '../error-text.ts';
import { isUncertain, ItemError } from '../items/item.ts';
import { sleep } from '../sleep.ts';
import type { ChunkBody } from '../step-body.ts';

/** An item that a chunk leaves out. `number`: of the item, counted from 1 among all that the step has asked its reader for. */
export type NewSkip = Pick<
  SkippedItem,
  'phase' | 'number' | 'item' | 'types' | 'output' | 'obstacle' | 'position' | 'error'
>;

/** What was left out and tried again in a chunk that is not committed yet. */
export interface ChunkFaults {
  readonly skipped: NewSkip[];
  retries: number;
  rollbacks: number;
}

export interface FaultOptions {
  readonly body: Pick<ChunkBody, 'skip' | 'retry'>;
  readonly timers: Timers;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
}

/** What becomes of an error of an item: tried again, left out, or the end of the step. */
export interface FaultHandling {
  /** Tries an operation that has thrown `error` again, as often as the policy says. @throws the last error */
  retry<T>(error: unknown, faults: ChunkFaults, operation: () => T | Promise<T>): Promise<T>;
  /** Whether one more item may be left out because of this error. */
  maySkip(error: unknown, skippedBefore: number): boolean;
  /** Leaves the item out. @throws the error where that is not allowed, in words that say why */
  skip(error: unknown, skippedBefore: number, faults: ChunkFaults, left: Omit<NewSkip, 'error'>): void;
}

export function handleFaults({ body, timers, random, signal, warn }: FaultOptions): FaultHandling {
  const { skip, retry } = body;
  const rule = {
    maxRetries: retry.limit - 1,
    delaySeconds: retry.delaySeconds,
    backoff: 'exponential' as const,
    // To read again would give the item behind it: this one would be lost, and nobody told.
    isRetryable: (error: unknown) => !(error instanceof ItemError) && retry.isRetryable(error),
  };
  return {
    async retry(error, faults, operation) {
      let last = error;
      for (let done = 1; ; done += 1) {
        const decision = decideRetry(rule, done, last, random());
        if (decision.kind === 'fail') throw last;
        await sleep(timers, decision.delaySeconds * 1000, signal);
        if (signal.aborted) throw last;
        faults.retries += 1;
        warn(`attempt ${done + 1} of ${retry.limit} after: ${errorText(last)}`);
        try {
          return await operation();
        } catch (next) {
          last = next;
        }
      }
    },
    maySkip: (error, before) =>
      !signal.aborted && !isUncertain(error) && decideSkip(skip, before, error).kind === 'skip',
    skip(error, before, faults, left) {
      if (signal.aborted || isUncertain(error)) throw error;
      const decision = decideSkip(skip, before, error);
      if (decision.kind === 'fail')
        throw decision.because === 'limit' && skip.limit > 0 ? beyondLimit(skip.limit, error) : error;
      faults.skipped.push({ ...left, error: errorText(error) });
      warn(`left out ${left.position ?? 'an item'} (${left.phase}): ${errorText(error)}`);
    },
  };
}

function beyondLimit(limit: number, error: unknown): Error {
  return new Error(`The skip limit of ${limit} is used up; the next error was: ${errorText(error)}`, { cause: error });
}
