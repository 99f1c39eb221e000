import { Worker } from 'node:worker_threads';

import type { FromPulse, PackedError, PulseTask, ToPulse } from './conductor-pulse-thread.ts';
import { BatchyError } from './domain/errors.ts';
import type { HeartbeatSender } from './runner/heartbeat.ts';

export interface PulseOptions {
  readonly onProblem: (error: unknown) => void;
  /** The service is gone. Must lead to the end of the process, which is ended soon otherwise. */
  readonly onOrphaned: () => void;
}

/** Milliseconds before a thread that ended by itself is replaced. */
const pause = 1000;

/**
 * The sign of life of a conductor, given by a thread of its own: a step that computes for minutes must not be taken for dead.
 * The thread also watches over the service, from the first moment on, and ends the process when that is gone.
 */
export function startPulse(task: PulseTask, { onProblem, onOrphaned }: PulseOptions): HeartbeatSender {
  let worker = begin(task);
  let beating: PromiseWithResolvers<void> | null = null;
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
    worker.postMessage(message, []);
  }

  function hear(message: FromPulse): void {
    if (message.kind === 'beating') {
      hasBeaten = true;
      beating?.resolve();
    } else if (message.kind === 'failed') {
      if (hasBeaten) onProblem(unpacked(message.error));
      beating?.reject(unpacked(message.error));
      // Should it have been in the place of another, it is replaced in its turn.
      if (hasBeaten) void worker.terminate();
    } else if (message.kind === 'problem') onProblem(unpacked(message.error));
    else if (message.kind === 'stopped') stopped.resolve();
    else {
      tell('ending');
      onOrphaned();
    }
  }

  function ended(): void {
    if (isStopping) {
      stopped.resolve();
      return;
    }
    onProblem(new Error('the thread that gives the sign of life of this process has ended; another one is started'));
    setTimeout(() => {
      if (isStopping) return;
      // With the first thread its socket was closed.
      worker = begin({ ...task, questions: null });
      if (beating !== null) tell('beat');
    }, pause);
  }

  return {
    start() {
      beating = Promise.withResolvers<void>();
      tell('beat');
      return beating.promise;
    },
    async stop() {
      isStopping = true;
      tell('stop');
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
