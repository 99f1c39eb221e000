import { Worker } from 'node:worker_threads';

import type { FromPulse, PackedError, PulseTask, ToPulse } from './conductor-pulse-thread.ts';
import { BatchyError } from './domain/errors.ts';
import type { ConductorAbout } from './domain/heartbeat.ts';
import type { Outage } from './ports/outage.ts';

export interface Pulse {
  /** Begins, once it is known what the conductor can do. @throws as `HeartbeatSender.start` */
  start(about: ConductorAbout): Promise<void>;
  /** From the next sign of life on something else is told. To be called only once it has begun. */
  change(about: ConductorAbout): void;
  /** As `HeartbeatSender.stop`. */
  stop(): Promise<void>;
}

export interface PulseOptions {
  readonly onProblem: (error: unknown) => void;
  /** Told of the store, as the thread meets it. */
  readonly outage: Outage;
  /** The service is gone. Must lead to the end of the process, which is ended soon otherwise. */
  readonly onOrphaned: () => void;
  /** There is no sign of life any more, and there will be none. Must lead to the end of the process. */
  readonly onGivenUp: (why: Error) => void;
}

/** Milliseconds before a thread that ended by itself is replaced. */
const pause = 1000;
/** So many threads one after the other may end without a word: what keeps them from starting does not pass by itself. */
const mostMute = 5;

/**
 * The sign of life of a conductor, given by a thread of its own: a step that computes for minutes must not be taken for dead.
 * The thread also watches over the service, from the first moment on, and ends the process when that is gone.
 */
export function startPulse(task: PulseTask, options: PulseOptions): Pulse {
  const { onProblem, outage, onOrphaned, onGivenUp } = options;
  /** `null` from the end of one to the start of the next. */
  let worker: Worker | null = begin(task);
  let muteInARow = 0;
  let givenUp: Error | null = null;
  let beating: PromiseWithResolvers<void> | null = null;
  let about: ConductorAbout | null = null;
  let hasBeaten = false;
  const stopped = Promise.withResolvers<void>();
  let isStopping = false;

  function begin(workerData: PulseTask): Worker {
    const thread = new Worker(new URL('conductor-pulse-thread.ts', import.meta.url), { workerData });
    thread.on('message', hear);
    thread.on('error', onProblem);
    thread.on('exit', ended);
    return thread;
  }

  function tell(message: ToPulse): void {
    worker?.postMessage(message, []);
  }

  function hear(message: FromPulse): void {
    muteInARow = 0;
    if (message.kind === 'beating') {
      hasBeaten = true;
      beating?.resolve();
    } else if (message.kind === 'failed') {
      if (hasBeaten) onProblem(unpacked(message.error));
      beating?.reject(unpacked(message.error));
      // Should it have been in the place of another, it is replaced in its turn.
      if (hasBeaten) void worker?.terminate();
    } else if (message.kind === 'problem') onProblem(unpacked(message.error));
    else if (message.kind === 'away') outage.met(unpacked(message.error));
    else if (message.kind === 'back') outage.over();
    else if (message.kind === 'stopped') stopped.resolve();
    else {
      tell({ kind: 'ending' });
      onOrphaned();
    }
  }

  function ended(): void {
    worker = null;
    // Nobody is there any more who would say so.
    outage.over();
    muteInARow += 1;
    if (isStopping) {
      stopped.resolve();
      return;
    }
    // It was the thread that would have seen it.
    if (process.ppid !== task.host) {
      onOrphaned();
      return;
    }
    if (muteInARow >= mostMute) {
      giveUp();
      return;
    }
    onProblem(new Error('the thread that gives the sign of life of this process has ended; another one is started'));
    setTimeout(() => {
      if (isStopping) return;
      // With the first thread its socket was closed.
      worker = begin({ ...task, questions: null });
      if (about !== null) tell({ kind: 'beat', about });
    }, pause);
  }

  function giveUp(): void {
    givenUp = new Error(
      `the thread that gives the sign of life of this process could not be started ${mostMute} times in a row, so this process ends; what kept it from starting is told before this line`,
    );
    // Whoever waits for the first beat hears of it there.
    if (beating !== null && !hasBeaten) beating.reject(givenUp);
    else onGivenUp(givenUp);
  }

  return {
    async start(given) {
      if (givenUp !== null) throw givenUp;
      beating = Promise.withResolvers<void>();
      about = given;
      tell({ kind: 'beat', about });
      await beating.promise;
    },
    change(given) {
      about = given;
      tell({ kind: 'beat', about });
    },
    async stop() {
      isStopping = true;
      if (worker === null) return;
      tell({ kind: 'stop' });
      await stopped.promise;
    },
  };
}

function unpacked({ code, text }: PackedError): unknown {
  if (code !== null) return new BatchyError(code, text);
  const error = new Error(text);
  error.stack = text;
  return error;
}
