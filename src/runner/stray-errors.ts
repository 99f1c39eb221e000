import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Errors that nothing caught: of a promise that nobody awaits, of a timer's callback. By themselves they end the whole process, and
 * all other jobs with it. What a step sets going, however indirectly, is known to belong to it, so that the step can fail instead.
 */
export interface StrayErrorTarget {
  readonly executionId: number;
  readonly jobName: string;
  readonly stepName: string;
  /** @returns whether the step is still under way, and fails of it */
  readonly fail: (error: unknown) => boolean;
  /** Writes into the step's log. */
  readonly note: (text: string) => void;
}

const targets = new AsyncLocalStorage<StrayErrorTarget>();

/** Runs what belongs to a step. */
export function ownStrayErrors<T>(target: StrayErrorTarget, work: () => T): T {
  return targets.run(target, work);
}

/** Whose code runs at this moment: whose error it is that is being handled, who ends the process. */
export function strayErrorTarget(): StrayErrorTarget | undefined {
  return targets.getStore();
}

/** A job file, whose top level may set going what throws later, too. */
export interface JobFileTarget {
  /** Seen from the folder of jobs. */
  readonly file: string;
  /** @returns whether the files are still being read, so that this one is left out for it */
  readonly fail: (error: unknown) => boolean;
}

const files = new AsyncLocalStorage<JobFileTarget>();

/** Reads a job file: whatever its top level sets going belongs to it. */
export function ownFileErrors<T>(target: JobFileTarget, read: () => T): T {
  return files.run(target, read);
}

/** Whose top level the code belongs to that runs at this moment, unless it is a step's. */
export function jobFileTarget(): JobFileTarget | undefined {
  return files.getStore();
}

let telling: Promise<void> | null = null;

/** Resolves when the errors that nothing has caught up to now have been told: whoever asks in one turn of the event loop waits for its end. */
export function strayErrorsTold(): Promise<void> {
  telling ??= new Promise((resolve) => {
    setImmediate(() => {
      telling = null;
      resolve();
    });
  });
  return telling;
}
