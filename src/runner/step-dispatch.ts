import { encodePlace } from '../domain/chunk-place.ts';
import type { LatestStep, SkippedItem, StepCounters, StepExecution } from '../domain/execution.ts';
import { documentKeys } from '../domain/execution-documents.ts';
import { decodeStep } from '../domain/execution-text.ts';
import type { StepDefinition } from '../domain/job.ts';
import type { Json } from '../domain/json.ts';
import { latestStep } from '../domain/latest-steps.ts';
import { skipsOf } from '../domain/replay-rules.ts';
import type { StateChange } from './execution-state.ts';
import { runSharedPartitions } from './parts/shared-partitions.ts';
import type { RunningExecution } from './running-execution.ts';
import type { ContextOverlay } from './shared-context.ts';
import type { ChunkBody, StepBody } from './step-body.ts';
import type { StepContext } from './step-context.ts';
import type { StepLog } from './step-log.ts';
import { runChunks } from './steps/chunk.ts';
import type { ChunkCommit, ChunkRun } from './steps/chunk-run.ts';
import {
  partIndex,
  partName,
  type PartitionPlan,
  type PartitionRun,
  type PartOutcome,
  runPartitions,
} from './steps/partition.ts';
import { runShell } from './steps/shell.ts';
import { runTask } from './steps/task.ts';
import { runWait } from './steps/wait.ts';
import { runWorker } from './steps/worker.ts';
import type { StoredContext } from './worker-process/context-requests.ts';

/** A step of an execution, or one part of it. */
export interface StepWork {
  /** `name`, or `name:partitionN`. */
  readonly stepName: string;
  readonly definition: StepDefinition;
  readonly body: StepBody;
  /** Its range, for one part of a partitioned step. */
  readonly partition: Json;
  /** Where an earlier execution of the instance left it; `null`: at the beginning. */
  readonly checkpoint: Json;
  /** Of its row, where that was reserved before it begins. */
  readonly stepExecutionId?: number;
}

export interface Attempt {
  readonly ctx: StepContext;
  readonly log: StepLog;
  readonly overlay: ContextOverlay;
  /** Whether nobody waits for it any more: what it still does must not be stored. */
  readonly isOver: () => boolean;
  readonly untilDone: ChunkRun['untilDone'];
}

type RunStep = (running: RunningExecution, work: StepWork) => Promise<PartOutcome>;

/**
 * Carries out a step by its kind.
 * @returns the exit code, or `null` for the usual one
 */
export function runBody(
  running: RunningExecution,
  work: StepWork,
  attempt: Attempt,
  runPart: RunStep,
): Promise<string | null> {
  const { body } = work;
  return body.kind === 'task' ? runTask(body, attempt.ctx) : runLongBody(running, work, attempt, runPart);
}

async function runLongBody(
  running: RunningExecution,
  work: StepWork,
  attempt: Attempt,
  runPart: RunStep,
): Promise<null> {
  const { body } = work;
  const { session, tools } = running;
  const { ctx, log } = attempt;
  const run = { ctx, log, fence: session.fence, tools };
  if (body.kind === 'chunk') await runChunks(body, chunkRun(running, work, body, attempt));
  if (body.kind === 'shell') await runShell(body, run);
  // Its client is the greatest of all that is loaded, and few jobs use it.
  if (body.kind === 'http') await (await import('./steps/http.ts')).runHttp(body, run);
  if (body.kind === 'wait') await runWait(body, run);
  if (body.kind === 'worker') await runWorker(body, run, storedContext(running, attempt));
  if (body.kind === 'partition') await runPartitions(body, partitionRun(running, work, attempt, runPart));
  return null;
}

function chunkRun(
  running: RunningExecution,
  { stepName }: StepWork,
  { replayed }: ChunkBody,
  { ctx, overlay, isOver, untilDone }: Attempt,
): ChunkRun {
  const { session, tools, commit } = running;
  const { id, counters, instanceId, checkpoint } = ownRow(running, stepName);
  return {
    ctx,
    instanceId,
    fence: { stepExecutionId: id, lease: session.fence },
    stillOurs: (isDoubtful) => session.stillOurs(isDoubtful),
    checkpoint,
    skippedBefore: skipsOf({ counters }),
    timers: tools.timers,
    random: tools.random,
    untilDone,
    async save(chunk) {
      if (isOver()) throw ctx.signal.reason;
      await commit(({ steps, context, execution }) => {
        const step = steps.get(stepName) as StepExecution;
        const checkpointed = { ...step, checkpoint: encodePlace(chunk.place) };
        return {
          steps: [{ ...checkpointed, counters: addCounters(step.counters, chunk.counted) }],
          // What fails again is not one more item: the one that it is gets its new error.
          ...(replayed === undefined
            ? { skipped: newlySkipped(chunk, step) }
            : { beside: replayed.changesOf(chunk, execution.id) }),
          ...contextChange(overlay, context),
        };
      });
      replayed?.settle(chunk);
      overlay.settle();
      session.lost.throwIfAborted();
    },
  };
}

function newlySkipped({ skipped }: ChunkCommit, step: StepExecution): StateChange['skipped'] & {} {
  const before = skipsOf(step);
  // In the order of the source, though those that cannot be written are known after those that cannot be processed.
  return skipped
    .toSorted((one, other) => one.number - other.number)
    .map((skip, index) => {
      const { executionId, stepName } = step;
      const item: SkippedItem = {
        ...skip,
        executionId,
        stepName,
        number: before + index + 1,
        triedBy: null,
        replayedBy: null,
      };
      return { stepExecutionId: step.id, item };
    });
}

function partitionRun(
  running: RunningExecution,
  { stepName, definition, body }: StepWork,
  { ctx, isOver }: Attempt,
  runPart: RunStep,
): PartitionRun {
  const { session, job, tools, commit, sharing } = running;
  const row = ownRow(running, stepName);
  const latestOf = (index: number, { origin }: PartitionPlan): LatestStep | null => {
    const { instance, steps } = session.state;
    const latest = latestStep(instance, steps, partName(stepName, index));
    return latest !== undefined && latest.stepExecutionId > origin ? latest : null;
  };
  const checkpointOf = async (latest: LatestStep | null): Promise<Json> => {
    if (latest === null || latest.executionId === session.state.execution.id) return null;
    const key = documentKeys.step(latest.executionId, latest.stepExecutionId);
    const [stored] = await session.patiently(() => tools.stores.documents.get([key]));
    return stored === null || stored === undefined ? null : decodeStep(stored.text).checkpoint;
  };
  return {
    ctx,
    checkpoint: row.checkpoint,
    stepExecutionId: row.id,
    goesOnAfterFailure: job.definition.onFailure === 'continue',
    keep: (checkpoint) =>
      commit(({ steps }) => ({ steps: [{ ...(steps.get(stepName) as StepExecution), checkpoint }] })),
    isComplete: (index, plan) => latestOf(index, plan)?.status === 'COMPLETED',
    refresh: () => session.refresh(),
    shared:
      sharing === null
        ? null
        : {
            async earlier() {
              const stored = await sharing.earlier(stepName);
              return new Map(stored.map((one) => [partIndex(one.part.stepName), one]));
            },
            isOfferable: (index) => !session.state.steps.has(partName(stepName, index)),
            offerOf: async (index, plan) => ({
              stepName: partName(stepName, index),
              definition,
              partition: plan.ranges[index] ?? null,
              checkpoint: await checkpointOf(latestOf(index, plan)),
            }),
            run: (partitions) =>
              runSharedPartitions({ ...partitions, sharing, running, definition, timers: tools.timers, isOver }),
          },
    async runPart(index, plan) {
      return runPart(running, {
        stepName: partName(stepName, index),
        definition,
        body: body.kind === 'partition' ? body.body : body,
        partition: plan.ranges[index] ?? null,
        checkpoint: await checkpointOf(latestOf(index, plan)),
      });
    },
  };
}

/** What a worker sets is stored at once: it cannot travel with a step's end, since the other tasks are to see it before. */
function storedContext({ session, commit }: RunningExecution, { ctx, isOver }: Attempt): StoredContext {
  return {
    values: () => session.state.context,
    async change(change) {
      if (isOver()) throw ctx.signal.reason;
      await commit(({ context }) => {
        const values = new Map(context);
        change(values);
        return { context: values };
      });
    },
  };
}

function ownRow({ session }: RunningExecution, stepName: string): StepExecution {
  return session.state.steps.get(stepName) as StepExecution;
}

export function addCounters(one: StepCounters, other: StepCounters): StepCounters {
  return {
    read: one.read + other.read,
    write: one.write + other.write,
    filter: one.filter + other.filter,
    commit: one.commit + other.commit,
    rollback: one.rollback + other.rollback,
    readSkip: one.readSkip + other.readSkip,
    processSkip: one.processSkip + other.processSkip,
    writeSkip: one.writeSkip + other.writeSkip,
    retry: one.retry + other.retry,
  };
}

/** What a step has put into the context since it was stored last, to travel with its next commit. */
export function contextChange(
  overlay: ContextOverlay,
  stored: StateChange['context'] & {},
): Pick<StateChange, 'context'> {
  const context = overlay.merged(stored);
  return context === null ? {} : { context };
}

/** Whether a process of its own is started for each attempt at it. */
export function isProgram({ kind }: StepBody): boolean {
  return kind === 'shell' || kind === 'worker';
}

/** Whether nothing is kept of it when it is cut off: a chunk step goes on behind its last chunk, and what waits waits anew. */
export function isCutOffInVain(body: StepBody): boolean {
  return isProgram(body) || body.kind === 'task' || body.kind === 'http';
}
