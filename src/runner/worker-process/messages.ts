import type { Json } from '../../domain/json.ts';

/** What goes over the line between a worker's process and the one that runs jobs: JSON, a message a line. */

/** The first line, to the worker: what it is to run. */
export interface WorkerStart {
  /** The whole path of its module. */
  readonly file: string;
  /** The name of the class. */
  readonly worker: string;
  readonly arguments: readonly string[];
}

export type WorkerLogLevel = 'debug' | 'info' | 'warn' | 'error' | 'success';

/** Of a worker. A request waits for its answer before anything else is sent; `log` and `end` have none. */
export type FromWorker = (WorkerRequest & RequestNumber) | WorkerLogLine | WorkerEnd;

export type WorkerRequest =
  | { readonly do: 'get' | 'has' | 'delete'; readonly key: string }
  | { readonly do: 'set'; readonly key: string; readonly value: Json }
  | { readonly do: 'increment'; readonly key: string; readonly by: number }
  | { readonly do: 'keys' };

/** The answer has it, too: a worker that was interrupted between the two knows which answers are to be passed over. */
export interface RequestNumber {
  readonly id: number;
}

export interface WorkerLogLine {
  readonly do: 'log';
  readonly level: WorkerLogLevel;
  readonly text: string;
}

/** Its hooks are through. A process that ends without it has not done its work, whatever its exit code. */
export interface WorkerEnd {
  readonly do: 'end';
  readonly retcode: number;
  /** What it threw, in a line or two and with all that is known; `null` where only the `retcode` tells. */
  readonly failure: { readonly message: string; readonly detail: string } | null;
}

/** `missing`: there is no value under the key. */
export type WorkerAnswer = { readonly value: Json } | { readonly missing: true } | { readonly error: string };
