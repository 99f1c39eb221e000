import { isJsonObject, type Json } from '../../domain/json.ts';
import { jsonCopy } from '../../domain/json-copy.ts';
import type { StoredPart } from '../../domain/part.ts';
import type { SharedPartitions } from '../parts/shared-partitions.ts';
import type { Offer } from '../parts/sharing.ts';
import type { PartitionBody } from '../step-body.ts';
import type { StepContext } from '../step-context.ts';

/** What a partitioned step keeps: the ranges of its parts, and which step execution made them. */
export interface PartitionPlan {
  /** A part that was completed by an earlier step execution than this belongs to other ranges. */
  readonly origin: number;
  readonly ranges: readonly Json[];
}

export interface PartOutcome {
  readonly status: 'completed' | 'failed' | 'stopped';
  readonly message: string;
}

export interface PartitionRun {
  readonly ctx: StepContext;
  /** What `keep` stored, in whichever execution; `null`: nobody has partitioned yet. */
  readonly checkpoint: Json;
  readonly stepExecutionId: number;
  readonly keep: (checkpoint: Json) => Promise<void>;
  readonly isComplete: (index: number, plan: PartitionPlan) => boolean;
  readonly runPart: (index: number, plan: PartitionPlan) => Promise<PartOutcome>;
  /** Whether parts are still begun when one has failed. */
  readonly goesOnAfterFailure: boolean;
  /** Looks whether somebody asked the execution to stop. */
  readonly refresh: () => Promise<void>;
  /** How others run parts, too; `null`: all run here. */
  readonly shared: PartitionSharing | null;
}

export interface PartitionSharing {
  /** Parts that others were offered before the step came here, by their place. */
  readonly earlier: () => Promise<ReadonlyMap<number, StoredPart>>;
  readonly isOfferable: (index: number) => boolean;
  readonly offerOf: (index: number, plan: PartitionPlan) => Promise<Offer>;
  readonly run: (
    partitions: Pick<
      SharedPartitions,
      'lanes' | 'waiting' | 'earlier' | 'isOfferable' | 'offerOf' | 'runPart' | 'onEnd' | 'phase' | 'signal'
    >,
  ) => Promise<void>;
}

const mostToldFailures = 3;

/**
 * Runs the parts that are not completed, so many at a time.
 * @throws Error saying which parts failed; the signal's reason when aborted; what `runPart` throws
 */
export async function runPartitions(body: PartitionBody, run: PartitionRun): Promise<void> {
  const plan = readPlan(run.checkpoint) ?? (await makePlan(body, run));
  const { signal } = run.ctx;
  const earlier = (await run.shared?.earlier()) ?? new Map<number, StoredPart>();
  const left = plan.ranges.map((_range, index) => index).filter((index) => !run.isComplete(index, plan));
  const waiting = left.filter((index) => !earlier.has(index));
  const lanes = Math.max(1, Math.min(body.concurrency, left.length));
  const failures: string[] = [];
  let hasStopped = false;
  const phase = (): 'open' | 'closing' | 'aborted' => {
    if (signal.aborted) return 'aborted';
    return hasStopped || (failures.length > 0 && !run.goesOnAfterFailure) ? 'closing' : 'open';
  };
  const runPart = (index: number): Promise<PartOutcome> => run.runPart(index, plan);
  const onEnd = (index: number, { status, message }: PartOutcome): void => {
    if (status === 'failed') failures.push(`partition${index}: ${message}`);
    if (status === 'stopped') hasStopped = true;
  };
  if (run.shared === null) await runHere(waiting, lanes, { runPart, onEnd, phase });
  else {
    const { shared } = run;
    const { isOfferable } = shared;
    const offerOf = (index: number): Promise<Offer> => shared.offerOf(index, plan);
    await shared.run({ lanes, waiting, earlier, isOfferable, offerOf, runPart, onEnd, phase, signal });
  }
  // Another conductor may have heard of it before this one.
  if (hasStopped) await run.refresh();
  signal.throwIfAborted();
  if (failures.length > 0) throw new Error(tellFailures(failures, plan.ranges.length));
}

/** Runs all of them in this process. */
async function runHere(
  waiting: number[],
  lanes: number,
  { runPart, onEnd, phase }: Pick<SharedPartitions, 'runPart' | 'onEnd' | 'phase'>,
): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      if (phase() !== 'open') return;
      onEnd(index, await runPart(index));
    }
  };
  const broken = (await Promise.allSettled(Array.from({ length: lanes }, worker))).find(
    (result) => result.status === 'rejected',
  );
  if (broken !== undefined) throw broken.reason;
}

function tellFailures(failures: readonly string[], parts: number): string {
  const more = failures.length > mostToldFailures ? ', …' : '';
  return `${failures.length} of ${parts} partitions failed: ${failures.slice(0, mostToldFailures).join(', ')}${more}`;
}

async function makePlan(body: PartitionBody, { ctx, stepExecutionId, keep }: PartitionRun): Promise<PartitionPlan> {
  const given: unknown = await body.partition(ctx);
  if (!Array.isArray(given)) throw new TypeError('partition must give an array with the range of each part.');
  const ranges = given.map((range: unknown, index) => jsonCopy(range, `range ${index}`));
  await keep({ origin: stepExecutionId, ranges });
  return { origin: stepExecutionId, ranges };
}

function readPlan(checkpoint: Json): PartitionPlan | null {
  if (!isJsonObject(checkpoint)) return null;
  const { origin, ranges } = checkpoint;
  return typeof origin === 'number' && Array.isArray(ranges) ? { origin, ranges: ranges as readonly Json[] } : null;
}

export function partName(stepName: string, index: number): string {
  return `${stepName}:partition${index}`;
}

/** The place of a part, by its name. */
export function partIndex(partName: string): number {
  return Number(partName.slice(partName.lastIndexOf(':partition') + ':partition'.length));
}
