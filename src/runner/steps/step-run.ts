import type { BatchReader } from '../../ports/batch-reader.ts';
import type { Journal } from '../../ports/journal.ts';
import type { Timers } from '../../ports/timers.ts';
import type { StepLog } from '../step-log.ts';
import type { StepContext } from '../step-context.ts';

/** What steps that need more than their context are given. */
export interface StepTools {
  readonly timers: Timers;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly reader: BatchReader;
  readonly journal: Journal;
  /** Variables of the conductor's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds that what was asked to end has until it is ended. */
  readonly graceMilliseconds: number;
}

export interface StepRun {
  readonly ctx: StepContext;
  readonly log: StepLog;
  /** The execution's fencing token. */
  readonly fence: number;
  readonly tools: StepTools;
}
