import { parentPort, workerData } from 'node:worker_threads';

import { tellOfUnwrittenLogs } from './conductor-unwritten-logs.ts';
import { createLogFiles, type LogLines } from './runner/log-files.ts';

/** What the thread is begun with. */
export interface LogTask {
  readonly maxBytes: number;
  /** One 32-bit number: how many messages were carried out, for whoever waits for them. */
  readonly written: SharedArrayBuffer;
}

/**
 * Writes logs for a process whose own thread must not wait for a disk. Each message is a list of what to append, in order; those that
 * are sent back say which log cannot be written.
 */
const { maxBytes, written } = workerData as LogTask;
const tell = (problem: string): void => parentPort?.postMessage(problem, []);
const files = tellOfUnwrittenLogs(createLogFiles(maxBytes), maxBytes, tell);
const count = new Int32Array(written);

parentPort?.on('message', (batch: readonly LogLines[]) => {
  for (const lines of batch) files.append(lines);
  Atomics.add(count, 0, 1);
  Atomics.notify(count, 0);
});
