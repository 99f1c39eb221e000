import type { JobCounts } from '../domain/job-counts.ts';
import type { Line } from '../domain/work.ts';
import type { Dispatcher } from '../ports/dispatcher.ts';
import type { Stores } from '../ports/stores.ts';
import type { Capabilities } from './capabilities.ts';
import type { HeartbeatSender } from './heartbeat.ts';
import type { RunnableJob } from './job.ts';
import type { Logs } from './step-log.ts';
import type { StepTools } from './steps/step-run.ts';

export interface ConductorOptions {
  readonly stores: Stores;
  /** The jobs that this process can run; what is not among them is left to others. */
  readonly catalog: { get(jobName: string): RunnableJob | undefined };
  /** An id that no other conductor has or had. Printable ASCII without spaces. */
  readonly id: string;
  /** A conductor whose sign of life stands still for so long is gone. */
  readonly leaseSeconds: number;
  /** Gives its sign of life. On this very event loop, which job code may hold up, unless one is given. */
  readonly heartbeat?: HeartbeatSender;
  /** Executions at a time. */
  readonly concurrency: number;
  readonly logs: Logs;
  /** A fresh, unique id for each commit. */
  readonly operationId: () => string;
  readonly timers: StepTools['timers'];
  readonly random: StepTools['random'];
  readonly environment: StepTools['environment'];
  /** What it can do beside what every conductor can; nothing if not said. */
  readonly capabilities?: Capabilities;
  /** What hands work to it; where none is given it asks the store itself. */
  readonly dispatcher?: Dispatcher | undefined;
  /** Where it stands, each queue with the capabilities that its work may need; the usual queue without any, if not said. */
  readonly lines?: readonly Line[];
  /** How long what must end is waited for, in milliseconds. */
  readonly graceMilliseconds: number;
  /** How long steps that would be run a second time elsewhere may finish when the conductor stops, in milliseconds; not at all, if not said. */
  readonly finishMilliseconds?: number;
  /** Where what runs is counted. */
  readonly counts?: JobCounts;
  /** How often it looks by itself, in milliseconds; the journal wakes it at once. */
  readonly lookEveryMilliseconds: number;
  /** Of what went wrong and is tried again. */
  readonly onProblem: (error: unknown) => void;
}
