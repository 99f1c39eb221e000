import type { Json } from '../domain/json.ts';

/** What a step is given. */
export interface StepContext {
  /**
   * The launch's parameters, typed: strings, numbers (an integer beyond 2^53 as bigint), booleans, null, arrays and objects; a
   * date stays the text that was given. On a job that is bound to a workflow: `from_date`, `to_date` (naive UTC, six fraction
   * digits) and `batch_id`, too.
   */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What the steps of an execution share. */
  readonly context: SharedContext;
  /** `debug`, `info`, `warn` and `error`, each a function of a text: to the log of the step. */
  readonly logger: StepLogger;
  /** Aborted when the execution stops, the step times out, or its owner has lost it. */
  readonly signal: AbortSignal;
  /** Counted from 1. */
  readonly attempt: number;
  /** Which execution, of which job, in which step. */
  readonly execution: { readonly id: number; readonly jobName: string; readonly stepName: string };
  /** Of a partitioned step: what its `partition` gave for this one. */
  readonly partition: Json;
  /** For whoever watches; not kept for ever. @param total `null` where it is not known */
  progress(done: number, total: number | null): void;
}

/** Key-values shared by all steps of an execution. What a step sets is stored with the step's end, or with its next chunk. */
export interface SharedContext {
  /** What is kept under the key, or `byDefault`. @throws Error naming the key when there is none and no default is given */
  get(key: string, byDefault?: Json): Json;
  /** Whether there is a value, `null` included. */
  has(key: string): boolean;
  /** Replaces what was there. @throws TypeError for a value that is no JSON */
  set(key: string, value: Json): void;
  /** Takes a value away, where there is one. */
  delete(key: string): void;
  /** All of them, as they are now. */
  entries(): [key: string, value: Json][];
}

/** Goes to the step's own log, which is kept and served. */
export interface StepLogger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
