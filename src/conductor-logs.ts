import { Worker } from 'node:worker_threads';

import type { LogTask } from './conductor-log-thread.ts';
import { tellOfUnwrittenLogs } from './conductor-unwritten-logs.ts';
import { BatchyError } from './domain/errors.ts';
import { createLogFiles, type LogLines, type LogSink } from './runner/log-files.ts';

/** Milliseconds for which the end of a process waits for a disk. */
const patience = 2000;

/**
 * Writes logs in a thread of its own: to make a file takes as long as the disk pleases, and everything that runs in this process
 * would wait for it. Where the thread has died this process writes them itself.
 * @param onProblem told of that, and of logs that cannot be written
 */
export function startLogThread(maxBytes: number, onProblem: (error: unknown) => void): LogSink {
  const written = new Int32Array(new SharedArrayBuffer(4));
  let gathered: LogLines[] = [];
  let sent = 0;
  let instead: LogSink | null = null;
  const task: LogTask = { maxBytes, written: written.buffer };
  const thread = new Worker(new URL('conductor-log-thread.ts', import.meta.url), { workerData: task });
  const tellUnwritten = (problem: string): void => onProblem(new BatchyError('invalid-setting', problem));
  thread.on('error', (error) => {
    instead = tellOfUnwrittenLogs(createLogFiles(maxBytes), maxBytes, tellUnwritten);
    onProblem(error);
  });
  thread.on('message', tellUnwritten);
  // It has nothing to do that this process would not wait for at its end. Last: to listen to it takes that back.
  thread.unref();

  function send(): void {
    const batch = gathered;
    if (batch.length === 0) return;
    gathered = [];
    if (instead === null) {
      sent = (sent + 1) | 0;
      thread.postMessage(batch, []);
    } else for (const lines of batch) instead.append(lines);
  }

  function flush(): void {
    send();
    if (instead !== null) return;
    const deadline = performance.now() + patience;
    for (let done = Atomics.load(written, 0); done !== sent; done = Atomics.load(written, 0))
      if (Atomics.wait(written, 0, done, Math.max(0, deadline - performance.now())) === 'timed-out') return;
  }
  process.once('exit', flush);

  return {
    append(lines) {
      // Of one turn of the event loop all travel together. No later: code that holds this process up may follow, and its end.
      if (gathered.length === 0) setImmediate(send);
      gathered.push(lines);
    },
    flush,
  };
}
