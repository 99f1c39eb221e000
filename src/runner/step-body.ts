import type { Json } from '../domain/json.ts';
import type { ItemReader, ItemWriter } from './items/item.ts';
import type { SkippedItems } from './items/skipped-items.ts';
import type { StepContext } from './step-context.ts';

/** The code of a step: what a `StepDefinition` of the same job and name leaves out. */
export type StepBody = TaskBody | ChunkBody | ShellBody | HttpBody | WaitBody | PartitionBody | WorkerBody;

export interface TaskBody {
  readonly kind: 'task';
  /** A result that is a text becomes the exit code; anything else is ignored. */
  readonly run: (ctx: StepContext) => unknown;
}

export interface ChunkBody {
  readonly kind: 'chunk';
  /** A fresh one for each run of the step. */
  readonly reader: (ctx: StepContext) => ItemReader<unknown> | Promise<ItemReader<unknown>>;
  /** `null` or `undefined` filters the item. */
  readonly processor: ((item: unknown, ctx: StepContext) => unknown) | null;
  readonly writer: (ctx: StepContext) => ItemWriter<unknown> | Promise<ItemWriter<unknown>>;
  readonly chunkSize: number;
  readonly skip: SkipPolicy;
  readonly retry: ItemRetry;
  /** Of a replay: the items that it reads, and what becomes of each is stored with its chunk. */
  readonly replayed?: SkippedItems;
}

/** Which errors of items may be left out, and how many in all of the step execution. */
export interface SkipPolicy {
  readonly limit: number;
  readonly isSkippable: (error: unknown) => boolean;
}

/** Of one read, process or write. */
export interface ItemRetry {
  /** Attempts in all. */
  readonly limit: number;
  readonly isRetryable: (error: unknown) => boolean;
  readonly delaySeconds: number;
}

export interface ShellBody {
  readonly kind: 'shell';
  /** Each may hold `{{name}}`, a parameter or a context value, as one argument. With `shell` the one text that a shell gets. */
  readonly argv: readonly string[];
  /** The text goes to a shell; parameters come as environment variables only. */
  readonly shell: boolean;
  /** Names of variables of the conductor's environment that the process is given beside the usual few. */
  readonly passEnvironment: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string | null;
}

export interface HttpBody {
  readonly kind: 'http';
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
  /** Private and link-local targets are refused unless this is said. */
  readonly allowPrivate: boolean;
}

/** Waits for another workflow's success of today, in the workflow's own time zone. */
export interface WaitBody {
  readonly kind: 'wait';
  readonly workflow: string;
  readonly jobs: readonly string[] | null;
}

export interface PartitionBody {
  readonly kind: 'partition';
  /** Called once in an instance; what it gave is kept, so that a restart has the same ranges. */
  readonly partition: (ctx: StepContext) => readonly Json[] | Promise<readonly Json[]>;
  readonly body: TaskBody | ChunkBody;
  /** How many at a time. */
  readonly concurrency: number;
}

/** A worker of a task list: a class of a module, in a process of its own for each attempt. */
export interface WorkerBody {
  readonly kind: 'worker';
  readonly language: 'node' | 'python';
  /** The whole path of the module. */
  readonly file: string;
  /** The name of the class. */
  readonly worker: string;
  /** What its `argv` holds. */
  readonly arguments: readonly string[];
  /** Names of variables of the conductor's environment that it is given beside the usual few. */
  readonly passEnvironment: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string | null;
}
