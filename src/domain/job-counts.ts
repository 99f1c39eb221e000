import type { BatchStatus } from './execution.ts';

/** What has become of the executions of a job, and of their steps. */
export interface JobTally {
  /** Executions that came to a status in which nobody runs them. */
  readonly ended: Map<BatchStatus, number>;
  takeovers: number;
  itemsRead: number;
  itemsWritten: number;
  itemsSkipped: number;
  /** Step executions that have ended, and how long all of them took. */
  steps: number;
  stepSeconds: number;
  /** Those that took at most as long as the bound of the same place, and longer than the one before; the last: longer than all. */
  readonly stepBuckets: number[];
}

/** By job. Plain data, so that it may travel between processes. */
export type JobTallies = ReadonlyMap<string, JobTally>;

/** Upper bounds of what steps take, in seconds. */
export const stepSecondsBounds = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200] as const;

/** Whoever makes more jobs than this makes no more series: those beyond are counted together. */
export const mostCountedJobs = 200;
/** No job may be called so. */
export const otherJobs = '(other)';

/** Counts from now on, in plain numbers. */
export interface JobCounts {
  /** Of a job, to count on. */
  of(jobName: string): JobTally;
  /** Adds what another process has counted. */
  add(tallies: JobTallies): void;
  /** All that was counted. */
  readonly tallies: JobTallies;
  /** What was counted since it was taken last. */
  take(): JobTallies;
}

export function createJobCounts(): JobCounts {
  let tallies = new Map<string, JobTally>();

  function of(jobName: string): JobTally {
    const name = labelOfJob(tallies, jobName);
    const found = tallies.get(name) ?? nothing();
    tallies.set(name, found);
    return found;
  }

  return {
    of,
    add(counted) {
      for (const [jobName, tally] of counted) {
        const sum = of(jobName);
        for (const [status, count] of tally.ended) sum.ended.set(status, (sum.ended.get(status) ?? 0) + count);
        for (const field of numbers) sum[field] += tally[field];
        for (const [place, count] of tally.stepBuckets.entries())
          sum.stepBuckets[place] = (sum.stepBuckets[place] ?? 0) + count;
      }
    },
    get tallies() {
      return tallies;
    },
    take() {
      const taken = tallies;
      tallies = new Map();
      return taken;
    },
  };
}

/** The name under which a job is counted beside those that are counted already. */
export function labelOfJob(counted: ReadonlyMap<string, unknown>, jobName: string): string {
  return counted.has(jobName) || counted.size < mostCountedJobs ? jobName : otherJobs;
}

const numbers = ['takeovers', 'itemsRead', 'itemsWritten', 'itemsSkipped', 'steps', 'stepSeconds'] as const;

function nothing(): JobTally {
  return {
    ended: new Map(),
    takeovers: 0,
    itemsRead: 0,
    itemsWritten: 0,
    itemsSkipped: 0,
    steps: 0,
    stepSeconds: 0,
    stepBuckets: Array.from({ length: stepSecondsBounds.length + 1 }, () => 0),
  };
}

export function countEnd({ ended }: JobTally, status: BatchStatus): void {
  ended.set(status, (ended.get(status) ?? 0) + 1);
}

export function countStep(tally: JobTally, seconds: number): void {
  tally.steps += 1;
  tally.stepSeconds += seconds;
  const fits = stepSecondsBounds.findIndex((bound) => seconds <= bound);
  const place = fits === -1 ? stepSecondsBounds.length : fits;
  tally.stepBuckets[place] = (tally.stepBuckets[place] ?? 0) + 1;
}
