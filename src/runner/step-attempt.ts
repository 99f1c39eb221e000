import { stepParameters } from '../domain/parameters.ts';
import type { JobExecution } from '../domain/execution.ts';
import type { Json } from '../domain/json.ts';
import type { Timers } from '../ports/timers.ts';
import { LeftBehind, StopRequested, TimedOut } from './abort-reasons.ts';
import { errorStack, errorText } from './error-text.ts';
import { onAbort } from './on-abort.ts';
import type { ContextOverlay } from './shared-context.ts';
import type { StepContext } from './step-context.ts';
import type { StepLog } from './step-log.ts';
import { ownStrayErrors, type StrayErrorTarget } from './stray-errors.ts';

export interface AttemptOptions {
  readonly execution: JobExecution;
  readonly stepName: string;
  /** Counted from 1. */
  readonly attempt: number;
  readonly partition: Json;
  readonly overlay: ContextOverlay;
  readonly log: StepLog;
  /** Of the whole execution. */
  readonly aborted: AbortSignal;
  readonly timeoutSeconds: number | null;
  /** Of the timeout, where earlier attempts have had some of it. */
  readonly secondsLeft?: number | null;
  readonly timers: Timers;
  readonly graceMilliseconds: number;
}

const progressEveryMilliseconds = 1000;

/** Carries out a piece of work that must have ended before another attempt begins. */
type UntilDone = (piece: () => Promise<void>) => Promise<void>;

/**
 * One attempt at a step: gives it its context, ends it at its timeout.
 *
 * A stop is waited for as long as the step takes. What must end (a timeout, a lost lease) is left behind when it goes on
 * after the grace: it can do no harm in the store, where its token no longer counts. But at a timeout what runs `untilDone` is waited
 * for as long as it takes: whoever comes next in this process would do it a second time beside it.
 *
 * An error that nothing caught, of what the work has set going, is one that the work throws.
 * @throws what the work throws; TimedOut for what ended by an error after its timeout; LeftBehind at a timeout or after a stray error, else the reason of the abort, for what was left behind
 */
export async function attemptStep<T>(
  options: AttemptOptions,
  work: (ctx: StepContext, untilDone: UntilDone) => Promise<T>,
): Promise<T> {
  const { execution, stepName, aborted, timeoutSeconds, timers, graceMilliseconds, log } = options;
  const controller = new AbortController();
  const { signal } = controller;
  const pass = (): void => controller.abort(aborted.reason);
  if (aborted.aborted) pass();
  const cancels = [onAbort(aborted, pass)];
  let piece: Promise<void> | null = null;
  let isOver = false;
  let stray: { readonly error: unknown } | null = null;
  const fail = (error: unknown): boolean => {
    if (isOver) return false;
    if (stray === null) log.write('warn', 'nothing caught an error that came of this step; the step fails of it');
    else log.write('error', errorStack(error));
    stray ??= { error };
    controller.abort(error);
    return true;
  };
  const target: StrayErrorTarget = {
    executionId: execution.id,
    jobName: execution.jobName,
    stepName,
    fail,
    note: (text) => log.write('error', text),
  };
  const untilDone: UntilDone = async (begin) => {
    piece = begin();
    await piece.finally(() => {
      piece = null;
    });
  };
  if (timeoutSeconds !== null)
    cancels.push(
      timers.after((options.secondsLeft ?? timeoutSeconds) * 1000, () =>
        controller.abort(new TimedOut('step', timeoutSeconds)),
      ),
    );
  try {
    return await new Promise<T>((resolve, reject) => {
      const leaveAfterGrace = (): void => {
        if (!isOver) cancels.push(timers.after(graceMilliseconds, leave));
      };
      const leave = (): void => {
        const reason: unknown = stray === null ? signal.reason : stray.error;
        if (stray === null && !(reason instanceof TimedOut)) return reject(reason);
        const failure = reason instanceof Error ? reason : new Error(errorText(reason));
        if (piece === null) return reject(new LeftBehind(failure, graceMilliseconds / 1000));
        log.write('warn', 'it is over, but it is writing: that is waited for, lest two write at a time');
        piece.then(leaveAfterGrace, leaveAfterGrace);
      };
      signal.addEventListener('abort', () => {
        if (!(signal.reason instanceof StopRequested)) leaveAfterGrace();
      });
      ownStrayErrors(target, () => {
        work(contextOf(options, signal), untilDone).then(
          (result) => (stray === null ? resolve(result) : reject(stray.error)),
          (error: unknown) => reject(stray === null ? failureOf(signal, error) : stray.error),
        );
      });
    });
  } finally {
    isOver = true;
    for (const cancel of cancels) cancel();
  }
}

/** What heeds its signal ends by an error that says no more than that it was aborted: the timeout is the failure. */
function failureOf({ reason }: AbortSignal, error: unknown): unknown {
  return reason instanceof TimedOut ? reason.endedBy(error) : error;
}

function contextOf(options: AttemptOptions, signal: AbortSignal): StepContext {
  const { execution, stepName, attempt, partition, overlay, log, timers } = options;
  let told = Number.NEGATIVE_INFINITY;
  return {
    parameters: Object.freeze(stepParameters(execution.parameters)),
    context: overlay.context,
    logger: {
      debug: (message) => log.write('debug', message),
      info: (message) => log.write('info', message),
      warn: (message) => log.write('warn', message),
      error: (message) => log.write('error', message),
    },
    signal,
    attempt,
    execution: { id: execution.id, jobName: execution.jobName, stepName },
    partition,
    progress(done, total) {
      const now = timers.monotonic();
      if (now - told < progressEveryMilliseconds && done !== total) return;
      told = now;
      log.write('info', `progress: ${done}${total === null ? '' : ` of ${total}`}`);
    },
  };
}
