import type { NodeOutcome } from '../domain/graph.ts';
import { defaultRetry, type StepRetry } from '../domain/job.ts';
import { decideRetry } from '../domain/retry.ts';
import { type BatchStatus, noCounters, type StepCounters, type StepExecution } from '../domain/execution.ts';
import { isLive, moveStep, type StepEvent } from '../domain/execution-transitions.ts';
import { atNow } from '../ports/clock.ts';
import { LeftBehind, StopRequested, TimedOut } from './abort-reasons.ts';
import { errorStack, errorText } from './error-text.ts';
import { movedEntry } from './journal-entries.ts';
import type { Decide, StateChange } from './execution-state.ts';
import { isDistributed, runElsewhere } from './parts/distributed-step.ts';
import type { RunningExecution } from './running-execution.ts';
import { type ContextOverlay, createContextOverlay } from './shared-context.ts';
import { isToRevive } from './revival.ts';
import { sleep } from './sleep.ts';
import { attemptStep } from './step-attempt.ts';
import type { StepLog } from './step-log.ts';
import { addCounters, contextChange, isCutOffInVain, isProgram, runBody, type StepWork } from './step-dispatch.ts';
import { beginningOf, encodePlace } from '../domain/chunk-place.ts';
import type { PartOutcome } from './steps/partition.ts';
import { whyNotAppendable } from './task-log-file.ts';

/**
 * Runs one step to its end and stores each change of its state. A step that another conductor had begun in this execution goes
 * on in its row; one that has ended already is not run again.
 * @param onBegun told when it is stored that it has begun
 * @throws the reason for which the execution may not go on here (OwnershipLost, HandedBack), or what kept a change from being stored
 */
export async function runStep(
  running: RunningExecution,
  work: StepWork,
  onBegun: () => void,
): Promise<NodeOutcome & PartOutcome> {
  const { session, tools, sharing } = running;
  const { stepName } = work;
  const elsewhere = sharing === null || !isDistributed(work) ? null : await runElsewhere(running, work, onBegun);
  if (elsewhere !== null) return elsewhere;
  // A partitioned step only waits for its parts, wherever they run.
  const release = work.body.kind === 'partition' ? undefined : sharing?.works();
  const logFile = work.definition.task?.logFile ?? null;
  const unwritable = logFile === null ? null : await whyNotAppendable(logFile);
  const log = tools.logs.open(session.state.execution.id, stepName, unwritable === null ? logFile : null);
  try {
    const before = session.state.steps.get(stepName);
    const isAnew = before === undefined || isToRevive(session.state.execution, before);
    if (!isAnew && !isLive(before.status)) return outcomeOf(before);
    if (isAnew) await begin(running, work);
    else log.write('warn', 'the conductor that ran this step is gone; it goes on here');
    onBegun();
    if (unwritable !== null) tellUnwritable(running, work, log, unwritable);
    // What a program that was cut off had done nobody knows: it has had an attempt. It is run once more in any case.
    const overlay = createContextOverlay(() => session.state.context);
    if (isProgram(work.body) && !isAnew) await countRetry(running, work, overlay);
    return await runAttempts(running, work, log);
  } finally {
    release?.();
    log.close();
  }
}

/** A task is worth more than its log: it runs all the same. */
function tellUnwritable(
  { tools }: RunningExecution,
  { stepName, definition }: StepWork,
  log: StepLog,
  why: string,
): void {
  const what = `the LOGFILE ${definition.task?.logFile} cannot be written (${why}): what the task logs is in the logs of the execution alone`;
  log.write('warn', what);
  tools.onProblem?.(new Error(`task ${definition.task?.id} ${stepName}: ${what}`));
}

function runPart(running: RunningExecution, work: StepWork): Promise<PartOutcome> {
  return runStep(running, work, () => undefined);
}

const neverAgain: StepRetry = { ...defaultRetry, maxRetries: 0 };

async function begin({ session, tools, commit }: RunningExecution, work: StepWork): Promise<void> {
  const { stepName, body } = work;
  const id = work.stepExecutionId ?? (await session.patiently(() => tools.stores.documents.reserve('step', 1)));
  const { id: executionId, instanceId } = session.state.execution;
  // Stored before anything is written under its ids, so that a restart before the first commit uses the same ones.
  const checkpoint =
    work.checkpoint ??
    (body.kind === 'chunk' ? encodePlace(beginningOf(id, tools.operationId(), body.chunkSize)) : null);
  await commit(({ execution }) =>
    atNow<StateChange>(tools.stores.clock, (at) => {
      const step: StepExecution = {
        id,
        executionId,
        instanceId,
        stepName,
        status: 'STARTED',
        exitCode: 'EXECUTING',
        exitMessage: '',
        startedAt: at,
        endedAt: null,
        counters: noCounters,
        checkpoint,
      };
      const move = { stepName, before: null, after: 'STARTED', at, by: tools.by, reason: null } as const;
      return { steps: [step], journal: [movedEntry(execution, move)] };
    }),
  );
}

async function runAttempts(
  running: RunningExecution,
  work: StepWork,
  log: StepLog,
): Promise<NodeOutcome & PartOutcome> {
  const { session, aborted, tools } = running;
  const { retry } = work.definition;
  const left = work.definition.timeoutCovers === undefined ? () => null : await timeLeft(running, work);
  const isOver = (failure: unknown): boolean => failure instanceof TimedOut && left() !== null;
  const counted = isProgram(work.body) ? (session.state.steps.get(work.stepName)?.counters.retry ?? 0) : 0;
  for (let attempt = 1 + counted; ; attempt += 1) {
    const letGo = isCutOffInVain(work.body) ? running.holdOn() : null;
    const overlay = createContextOverlay(() => session.state.context);
    announce(log, work, attempt);
    try {
      const exitCode = await attemptOnce(running, work, log, { attempt, overlay, secondsLeft: left() });
      log.note('info', 'completed');
      return await end(running, work, overlay, 'complete', exitCode, '');
    } catch (error) {
      const hindrance = running.cannotGoOn();
      if (hindrance !== undefined) throw hindrance;
      // What a chunk that was given up has set belongs to no state that is stored.
      if (work.body.kind === 'chunk') overlay.discard();
      const reason: unknown = aborted.aborted ? aborted.reason : null;
      if (reason instanceof StopRequested) {
        if (error !== reason) log.write('warn', errorStack(error));
        log.write('info', 'stopped');
        return await end(running, work, overlay, 'halt', null, reason.message);
      }
      const failure = reason instanceof TimedOut ? reason.endedBy(error) : error;
      log.write('error', errorStack(failure));
      // What a chunk step has left behind writes nothing any more. The parts of a partitioned step are tried again, each by itself.
      const mayOverlap = failure instanceof LeftBehind && work.body.kind !== 'chunk';
      const isFinal = reason !== null || work.body.kind === 'partition' || mayOverlap || isOver(failure);
      const decision = decideRetry(isFinal ? neverAgain : retry, attempt, failure, tools.random());
      if (decision.kind === 'fail') return await end(running, work, overlay, 'fail', null, errorText(failure));
      await countRetry(running, work, overlay);
      log.write('info', `tried again in ${Number(decision.delaySeconds.toFixed(2))} s`);
      letGo?.();
      await sleep(tools.timers, Math.min(decision.delaySeconds, left() ?? decision.delaySeconds) * 1000, aborted);
      if (left() === 0 && !aborted.aborted) return await outOfTime(running, work, overlay, log);
    } finally {
      letGo?.();
    }
  }
}

/** A task's attempts are to be found at a glance in a file that many runs append to. */
function announce(log: StepLog, { stepName, definition: { task } }: StepWork, attempt: number): void {
  if (task === undefined) return log.note('info', attempt === 1 ? `step ${stepName} begins` : `attempt ${attempt}`);
  const title =
    attempt === 1 ? `TASK ${task.id} ${stepName}` : `TASK ${task.id} ${stepName}, RESTART ATTEMPT ${attempt}`;
  log.write('info', `${'='.repeat(12)} ${title} ${'='.repeat(12)}`);
}

/** Seconds that are left to all attempts together, never below 0; `null` where each has a time of its own. */
async function timeLeft(
  { session, tools }: RunningExecution,
  { stepName, definition: { timeoutSeconds, timeoutCovers } }: StepWork,
): Promise<() => number | null> {
  if (timeoutSeconds === null || timeoutCovers === undefined) return () => null;
  // Another conductor may have begun it.
  const now = await session.patiently(() => tools.stores.clock.now());
  const startedAt = session.state.steps.get(stepName)?.startedAt ?? now;
  const until = tools.timers.monotonic() + timeoutSeconds * 1000 - Number((now - startedAt) / 1_000_000n);
  return () => Math.min(timeoutSeconds, Math.max(0, (until - tools.timers.monotonic()) / 1000));
}

/** Its time was over while it waited for its next attempt. */
function outOfTime(running: RunningExecution, work: StepWork, overlay: ContextOverlay, log: StepLog) {
  const { message } = new TimedOut('step', work.definition.timeoutSeconds ?? 0);
  log.write('error', message);
  return end(running, work, overlay, 'fail', null, message);
}

interface AttemptAt {
  /** Counted from 1. */
  readonly attempt: number;
  readonly overlay: ContextOverlay;
  /** Of the time of all attempts; `null`: it has its own. */
  readonly secondsLeft: number | null;
}

/** @returns the exit code, or `null` for the usual one */
async function attemptOnce(
  running: RunningExecution,
  work: StepWork,
  log: StepLog,
  { attempt, overlay, secondsLeft }: AttemptAt,
): Promise<string | null> {
  const { session, aborted, tools } = running;
  aborted.throwIfAborted();
  let isOver = false;
  try {
    return await attemptStep(
      {
        execution: session.state.execution,
        stepName: work.stepName,
        attempt,
        partition: work.partition,
        overlay,
        log,
        aborted,
        // Of a partitioned step it is the time of each part.
        timeoutSeconds: work.body.kind === 'partition' ? null : work.definition.timeoutSeconds,
        secondsLeft,
        timers: tools.timers,
        graceMilliseconds: tools.graceMilliseconds,
      },
      (ctx, untilDone) => runBody(running, work, { ctx, log, overlay, isOver: () => isOver, untilDone }, runPart),
    );
  } finally {
    isOver = true;
  }
}

async function countRetry(
  { commit }: RunningExecution,
  { stepName }: StepWork,
  overlay: ContextOverlay,
): Promise<void> {
  await commit(({ steps, context }) => {
    const step = steps.get(stepName) as StepExecution;
    const counters = addCounters(step.counters, { ...noCounters, retry: 1 });
    return { steps: [{ ...step, counters }], ...contextChange(overlay, context) };
  });
  overlay.settle();
}

/** Stores how a step ended: a part's at once, a whole step's with what comes next. */
async function end(
  running: RunningExecution,
  { stepName, definition, body }: StepWork,
  overlay: ContextOverlay,
  event: StepEvent,
  exitCode: string | null,
  exitMessage: string,
): Promise<NodeOutcome & PartOutcome> {
  const { tools } = running;
  const status = moveStep((running.session.state.steps.get(stepName) as StepExecution).status, event);
  const outcome = { status: nodeStatus(status), exitCode: exitCode ?? status, message: exitMessage };
  const decide: Decide = ({ execution, steps, context }) =>
    atNow<StateChange>(tools.stores.clock, (at) => {
      const step = steps.get(stepName) as StepExecution;
      if (!isLive(step.status)) return {};
      const counters = body.kind === 'partition' ? countersOfParts(stepName, steps) : step.counters;
      const ended: StepExecution = {
        ...step,
        status,
        exitCode: outcome.exitCode,
        exitMessage,
        endedAt: at,
        counters,
      };
      const reason = exitMessage === '' ? null : exitMessage;
      const move = { stepName, before: step.status, after: status, at, by: tools.by, reason };
      return { steps: [ended], ...contextChange(overlay, context), journal: [movedEntry(execution, move)] };
    });
  if (stepName === definition.name) running.goAhead(decide);
  else await running.commit(decide);
  return outcome;
}

/** How a step that has ended counts. */
export function outcomeOf({ status, exitCode, exitMessage }: StepExecution): NodeOutcome & PartOutcome {
  return { status: nodeStatus(status), exitCode, message: exitMessage };
}

/** How a step execution that has ended counts in the graph. */
function nodeStatus(status: BatchStatus): NodeOutcome['status'] {
  if (status === 'COMPLETED') return 'completed';
  return status === 'STOPPED' ? 'stopped' : 'failed';
}

function countersOfParts(stepName: string, steps: ReadonlyMap<string, StepExecution>): StepCounters {
  let sum = noCounters;
  for (const [name, { counters }] of steps)
    if (name.startsWith(`${stepName}:partition`)) sum = addCounters(sum, counters);
  return sum;
}
