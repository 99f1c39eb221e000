import { BatchyError } from '../domain/errors.ts';
import { type BusinessDay, businessDate, type JobReadiness, jobReadiness } from '../domain/readiness.ts';
import type { Instant } from '../domain/time.ts';
import { addressedJobs } from '../domain/job-state.ts';
import { decodeWorkflow, type Workflow } from '../domain/workflow.ts';
import { checkWorkflowName } from '../domain/names.ts';
import type { BatchReader } from '../ports/batch-reader.ts';
import type { Journal } from '../ports/journal.ts';
import { unknownWorkflow } from './batches.ts';
import type { AdoptIfNew } from './workflows.ts';

export interface WaitOptions {
  /** `YYYY-MM-DD`, or `null` for the business day that it is now. */
  readonly date: string | null;
  readonly timezone: string;
  readonly beginsAtMinute: number;
  readonly timeoutMilliseconds: number;
  /** Answer at once when a job has failed. */
  readonly failFast: boolean;
  /** Aborted when the client has gone or the server stops. */
  readonly signal: AbortSignal;
}

export interface WaitingJob extends JobReadiness {
  /** End of the last batch in which it succeeded. */
  readonly lastSuccess: Instant | null;
  /** Median of its recent successful runs, in seconds; `null` when there were none. */
  readonly medianDurationSeconds: number | null;
}

export interface WaitResult {
  readonly ready: boolean;
  readonly date: string;
  readonly asOf: Instant;
  readonly jobs: readonly WaitingJob[];
}

export interface Waits {
  /**
   * Resolves as soon as every job's success lies on the day, or at the timeout with why not yet.
   * @throws BatchyError `unknown-workflow`
   */
  wait(workflow: string, options: WaitOptions): Promise<WaitResult>;
}

/** How many recent records the median looks at. */
const recentRecords = 50;

export interface WaitsOptions {
  readonly reader: BatchReader;
  readonly journal: Journal;
  /** Takes in what another program did to a workflow. */
  readonly adoptIfNew: AdoptIfNew;
  /** Longest time between two looks; default: five seconds. */
  readonly lookAgainMilliseconds?: number;
}

/** What another program writes into the shared database rings no bell, so that waits look by themselves, too. */
const defaultLookAgainMilliseconds = 5000;

export function createWaits({
  reader,
  journal,
  adoptIfNew,
  lookAgainMilliseconds = defaultLookAgainMilliseconds,
}: WaitsOptions): Waits {
  async function look(
    name: string,
    options: WaitOptions,
  ): Promise<{ now: Instant; day: BusinessDay; workflow: Workflow; jobs: JobReadiness[] }> {
    const loaded = await reader.load(name);
    const workflow = decodeWorkflow(name, loaded);
    if (workflow === null) throw unknownWorkflow(name);
    await adoptIfNew(workflow, loaded);
    const date = options.date ?? businessDate(loaded.now, options);
    const day: BusinessDay = { date, timezone: options.timezone, beginsAtMinute: options.beginsAtMinute };
    return {
      now: loaded.now,
      day,
      workflow,
      jobs: addressedJobs(workflow, null).map((state) => jobReadiness(state, day)),
    };
  }

  return {
    async wait(name, options) {
      checkWorkflowName(name);
      const changes = createChangeSignal(journal, lookAgainMilliseconds, options);
      try {
        for (;;) {
          const seen = changes.arm();
          const { now, day, jobs } = await look(name, options);
          const ready = jobs.every((job) => job.ready);
          const failed = options.failFast && jobs.some(({ status }) => status === 'failed');
          if (ready || failed || changes.over())
            return { ready, date: day.date, asOf: now, jobs: await withHistory(reader, name, jobs) };
          await seen;
        }
      } finally {
        changes.stop();
      }
    },
  };
}

/** Wakes when the journal grew, from time to time, and when the time is over; armed before each look, so that no change slips between. */
function createChangeSignal(
  journal: Journal,
  lookAgainMilliseconds: number,
  options: Pick<WaitOptions, 'timeoutMilliseconds' | 'signal'>,
) {
  let over = options.timeoutMilliseconds <= 0 || options.signal.aborted;
  let wake = (): void => {};
  const end = (): void => {
    over = true;
    wake();
  };
  const timer = setTimeout(end, options.timeoutMilliseconds);
  const again = setInterval(() => wake(), lookAgainMilliseconds);
  options.signal.addEventListener('abort', end);
  const unsubscribe = over ? (): void => {} : journal.subscribe(() => wake());
  return {
    arm: (): Promise<void> =>
      new Promise((resolve) => {
        wake = resolve;
        if (over) resolve();
      }),
    over: (): boolean => over,
    stop: (): void => {
      clearTimeout(timer);
      clearInterval(again);
      options.signal.removeEventListener('abort', end);
      unsubscribe();
    },
  };
}

async function withHistory(reader: BatchReader, name: string, jobs: readonly JobReadiness[]): Promise<WaitingJob[]> {
  if (jobs.every(({ ready }) => ready))
    return jobs.map((job) => ({ ...job, lastSuccess: job.since, medianDurationSeconds: null }));
  const records = await reader.records(name, { before: null, limit: recentRecords, kinds: ['batch', 'foreign'] });
  return jobs.map((job) => {
    const successes = records.flatMap((record) => {
      const outcome = record.jobs.get(job.job);
      return outcome?.status === 'success' && outcome.batchStart !== null && outcome.batchEnd !== null
        ? [{ start: outcome.batchStart, end: outcome.batchEnd }]
        : [];
    });
    const seconds = successes.map(({ start, end }) => Number(end - start) / 1e9);
    return {
      ...job,
      lastSuccess: successes[0]?.end ?? (job.status === 'success' ? job.since : null),
      medianDurationSeconds: median(seconds),
    };
  });
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** @throws BatchyError `invalid-request` */
export function parseNewDay(text: string): number {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (match === null)
    throw new BatchyError('invalid-request', `new_day is ${JSON.stringify(text)}; expected HH:MM, for example 06:00.`);
  return Number(match[1]) * 60 + Number(match[2]);
}
