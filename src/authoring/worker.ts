import type { Json } from '../domain/json.ts';

/** Lines of the task's log, each with its level; `warning` is `warn`, and `success` an `info` that says so. */
export interface WorkerLogger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  warning(message: string): void;
  error(message: string): void;
  success(message: string): void;
}

/**
 * Values that all tasks of an execution share, in whatever language and process. Each call asks and waits for the answer: what was
 * set is stored when `set` returns, and the other tasks see it.
 */
export interface WorkerContext {
  /** What is kept under the key, or `byDefault`. @throws Error naming the key when there is none and no default is given */
  get(key: string, byDefault?: Json): Json;
  /** Whether there is a value, `null` included. */
  has(key: string): boolean;
  /** Replaces what was there. @throws TypeError for a value that is no JSON */
  set(key: string, value: Json): void;
  /** Takes a value away, where there is one. */
  delete(key: string): void;
  keys(): string[];
  /** Adds to a number, 0 where there is none, as one step: two tasks that count at once lose nothing. @returns the sum. @throws Error where the value is no number */
  increment(key: string, by?: number): number;
}

/** What a worker works with. */
export interface WorkerEquipment {
  readonly logger: WorkerLogger;
  readonly context: WorkerContext;
  /** The task's arguments. */
  readonly argv: readonly string[];
}

/** Nothing, or a number above 0: it becomes the `retcode` and fails the task. */
export type WorkerResult = number | void | Promise<number | void>;

let given: WorkerEquipment | null = null;

/** For the program in which workers run: with what each that is made from now on works. */
export function equipWorkers(equipment: WorkerEquipment): void {
  given = equipment;
}

/**
 * A task of a task list, in a process of its own for each attempt:
 * `export class Load extends Worker { run() { this.logger.info('loading'); } }`.
 *
 * `onStart` comes first, then `run`; then `onSuccess`, or `onFail` where one of the two threw or the `retcode` is above 0; `onDestroy` at
 * last, always. Each may be async, and each may return a number for the `retcode`.
 */
export abstract class Worker {
  readonly logger: WorkerLogger;
  readonly context: WorkerContext;
  readonly argv: readonly string[];
  #retcode = 0;

  /** @param equipment to make one in a test of one's own; Batchy makes workers without it */
  constructor(equipment: WorkerEquipment | null = given) {
    if (equipment === null)
      throw new Error('A worker is made by Batchy, which runs it; in a test, give it { logger, context, argv }.');
    this.logger = equipment.logger;
    this.context = equipment.context;
    this.argv = equipment.argv;
  }

  /** 0 as long as all is well; above 0 the task fails. @throws RangeError when set to less than 0, or to no whole number */
  get retcode(): number {
    return this.#retcode;
  }

  set retcode(value: number) {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`retcode must be a whole number, 0 or more, but it is ${String(value)}.`);
    this.#retcode = value;
  }

  /** The work. */
  abstract run(): WorkerResult;
  onStart?(): WorkerResult;
  onSuccess?(): WorkerResult;
  onFail?(): WorkerResult;
  /** The place to close what was opened: it is called at a stop and at a timeout, too, unless the worker does not let go. */
  onDestroy?(): WorkerResult;
}
