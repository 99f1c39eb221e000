import type { Worker } from '../../../authoring/worker.ts';
import { errorStack, errorText } from '../../error-text.ts';
import type { WorkerEnd } from '../messages.ts';

/** A worker's run through its hooks. */
export interface HooksRun {
  /** Resolves when the last one is through; `null` where it was stopped in between. */
  readonly ended: Promise<WorkerEnd | null>;
  /** An error that nothing caught: the hook that is under way fails of it. */
  readonly fail: (error: unknown) => void;
  /** It is to end: what is under way is left, and `onDestroy` comes at once, where it has not begun yet. */
  stop(): void;
}

type Hook = 'onStart' | 'run' | 'onSuccess' | 'onFail' | 'onDestroy';

/** What `retcode` is after a throw, where the worker has set none. */
const thrown = 1;

/** Runs a worker: `onStart` and `run`, then `onSuccess` or `onFail`, and `onDestroy` at last, whatever came before. */
export function runHooks(worker: Worker): HooksRun {
  let interrupt = (_error: unknown): void => {};
  let isStopped = false;
  let isDestroying = false;
  let failure: WorkerEnd['failure'] = null;

  async function call(hook: Hook): Promise<void> {
    if (worker[hook] === undefined) return;
    try {
      take(
        await new Promise((resolve, reject) => {
          interrupt = reject;
          Promise.resolve()
            .then(() => worker[hook]?.())
            .then(resolve, reject);
        }),
      );
    } catch (error) {
      if (isStopped && !isDestroying) return;
      // The first one tells why; what comes of it is only logged.
      if (failure === null) failure = { message: errorText(error), detail: errorStack(error) };
      else worker.logger.error(errorStack(error));
      if (worker.retcode === 0) worker.retcode = thrown;
    }
  }

  function take(result: unknown): void {
    if (result === undefined || result === null || result === false || result === 0 || result === '') return;
    if (typeof result !== 'number' && result !== true)
      throw new TypeError(
        `A worker returns nothing, or a number above 0 to fail; it returned ${typeof result === 'string' ? JSON.stringify(result) : typeof result}.`,
      );
    worker.retcode = Number(result);
  }

  async function run(): Promise<WorkerEnd | null> {
    await call('onStart');
    if (!isStopped && worker.retcode === 0) await call('run');
    if (!isStopped) await call(worker.retcode === 0 ? 'onSuccess' : 'onFail');
    isDestroying = true;
    await call('onDestroy');
    return isStopped ? null : { do: 'end', retcode: worker.retcode, failure };
  }

  return {
    ended: run(),
    fail: (error) => interrupt(error),
    stop() {
      isStopped = true;
      if (!isDestroying) interrupt(null);
    },
  };
}
