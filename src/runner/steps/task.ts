import type { TaskBody } from '../step-body.ts';
import type { StepContext } from '../step-context.ts';
import { strayErrorsTold } from '../stray-errors.ts';

/**
 * Runs a task's function.
 *
 * A task that looked at its signal, and returned after it was aborted, may have returned early: it counts as stopped, since what
 * it left undone would be skipped for ever. One that never looked has done all of its work.
 * @returns its exit code, or `null` for the usual one
 */
export async function runTask(body: TaskBody, ctx: StepContext): Promise<string | null> {
  let looked = false;
  const watched = new WatchedContext(ctx, () => {
    looked = true;
  });
  const result = await body.run(watched);
  // Before it is taken for a success.
  await strayErrorsTold();
  if (looked) ctx.signal.throwIfAborted();
  return typeof result === 'string' ? result : null;
}

/** Tells when somebody looks at its signal. A class: to make an accessor for each task costs more than most of them do. */
class WatchedContext implements StepContext {
  readonly parameters: StepContext['parameters'];
  readonly context: StepContext['context'];
  readonly logger: StepContext['logger'];
  readonly attempt: StepContext['attempt'];
  readonly execution: StepContext['execution'];
  readonly partition: StepContext['partition'];
  readonly progress: StepContext['progress'];
  readonly #signal: AbortSignal;
  readonly #onLook: () => void;

  constructor(ctx: StepContext, onLook: () => void) {
    this.#onLook = onLook;
    this.parameters = ctx.parameters;
    this.context = ctx.context;
    this.logger = ctx.logger;
    this.attempt = ctx.attempt;
    this.execution = ctx.execution;
    this.partition = ctx.partition;
    this.progress = (done, total) => ctx.progress(done, total);
    this.#signal = ctx.signal;
  }

  get signal(): AbortSignal {
    this.#onLook();
    return this.#signal;
  }
}
