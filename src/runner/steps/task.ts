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
  const watched = Object.create(ctx, {
    signal: {
      get: () => {
        looked = true;
        return ctx.signal;
      },
    },
  }) as StepContext;
  const result = await body.run(watched);
  // Before it is taken for a success.
  await strayErrorsTold();
  if (looked) ctx.signal.throwIfAborted();
  return typeof result === 'string' ? result : null;
}
