import type { ChunkPlace } from '../../domain/chunk-place.ts';
import type { StepCounters } from '../../domain/execution.ts';
import type { Json } from '../../domain/json.ts';
import type { Timers } from '../../ports/timers.ts';
import type { WriterFence } from '../items/item.ts';
import type { StepContext } from '../step-context.ts';
import type { NewSkip } from './chunk-faults.ts';

/** What one commit of a chunk step stores. */
export interface ChunkCommit {
  readonly place: ChunkPlace;
  /** What this chunk adds to the counters. */
  readonly counted: StepCounters;
  /** How many items were asked of the reader for it; 0 where no chunk ends with this commit. */
  readonly asked: number;
  readonly skipped: readonly NewSkip[];
}

export interface ChunkRun {
  readonly ctx: StepContext;
  readonly instanceId: number;
  readonly fence: Omit<WriterFence, 'scope'>;
  /** As `ExecutionSession` has it. */
  readonly stillOurs: (isDoubtful?: boolean) => Promise<void> | null;
  /** Where to begin: what the last `save` of this step stored, in whichever execution. */
  readonly checkpoint: Json;
  /** Items that this step execution has left out already. */
  readonly skippedBefore: number;
  /** Stores checkpoint, counters, skipped items and what the step has put into the context, in one commit. */
  readonly save: (commit: ChunkCommit) => Promise<void>;
  /** Carries out what must not overlap with another attempt at the step: that one begins only when this has ended. */
  readonly untilDone: (work: () => Promise<void>) => Promise<void>;
  readonly timers: Timers;
  readonly random: () => number;
}
