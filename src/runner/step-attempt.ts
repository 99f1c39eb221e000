import { stepParameters } from '../domain/parameters.ts';
import type { JobExecution } from '../domain/execution.ts';
import type { Json } from '../domain/json.ts';
import type { Timers } from '../ports/timers.ts';
import { StopRequested, TimedOut } from './abort-reasons.ts';
import type { ContextOverlay } from './shared-context.ts';
import type { StepContext } from './step-context.ts';
import type { StepLog } from './step-log.ts';

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
  readonly timers: Timers;
  readonly graceMilliseconds: number;
}

const progressEveryMilliseconds = 1000;

/**
 * One attempt at a step: gives it its context, ends it at its timeout.
 *
 * A stop is waited for as long as the step takes. What must end (a timeout, a lost lease) is left behind when it goes on
 * after the grace: it can do no harm in the store, where its token no longer counts.
 * @throws what the work throws; TimedOut, or the reason of the abort
 */
export async function attemptStep<T>(options: AttemptOptions, work: (ctx: StepContext) => Promise<T>): Promise<T> {
  const { aborted, timeoutSeconds, timers, graceMilliseconds } = options;
  const controller = new AbortController();
  const { signal } = controller;
  const pass = (): void => controller.abort(aborted.reason);
  if (aborted.aborted) pass();
  aborted.addEventListener('abort', pass);
  const cancels: (() => void)[] = [];
  if (timeoutSeconds !== null)
    cancels.push(timers.after(timeoutSeconds * 1000, () => controller.abort(new TimedOut('step', timeoutSeconds))));
  try {
    return await new Promise<T>((resolve, reject) => {
      signal.addEventListener('abort', () => {
        if (!(signal.reason instanceof StopRequested))
          cancels.push(timers.after(graceMilliseconds, () => reject(signal.reason)));
      });
      work(contextOf(options, signal)).then(resolve, reject);
    });
  } finally {
    aborted.removeEventListener('abort', pass);
    for (const cancel of cancels) cancel();
  }
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
