import { isJsonObject, type Json } from '../../domain/json.ts';
import { jsonCopy } from '../../domain/json-copy.ts';
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
}

const mostToldFailures = 3;

/**
 * Runs the parts that are not completed, so many at a time.
 * @throws Error saying which parts failed; the signal's reason when aborted; what `runPart` throws
 */
export async function runPartitions(body: PartitionBody, run: PartitionRun): Promise<void> {
  const plan = readPlan(run.checkpoint) ?? (await makePlan(body, run));
  const waiting = plan.ranges.map((_range, index) => index).filter((index) => !run.isComplete(index, plan));
  const failures: string[] = [];
  const worker = async (): Promise<void> => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      if (run.ctx.signal.aborted || (failures.length > 0 && !run.goesOnAfterFailure)) return;
      const { status, message } = await run.runPart(index, plan);
      if (status === 'failed') failures.push(`partition${index}: ${message}`);
    }
  };
  const workers = Array.from({ length: Math.max(1, Math.min(body.concurrency, waiting.length)) }, worker);
  const broken = (await Promise.allSettled(workers)).find((result) => result.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  run.ctx.signal.throwIfAborted();
  if (failures.length > 0) throw new Error(tellFailures(failures, plan.ranges.length));
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
