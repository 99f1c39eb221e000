import type { Registry } from 'prom-client';

import type { BatchStatus } from '../domain/execution.ts';
import {
  type JobTallies,
  type JobTally,
  labelOfJob,
  mostCountedJobs,
  stepSecondsBounds,
} from '../domain/job-counts.ts';
import type { Executions } from '../service/executions.ts';
import { histogramSamples, register, type Sample } from './prometheus-samples.ts';

/** What the service knows of the jobs that are run for it. */
export interface JobFacts {
  /** Counted since this process began. */
  readonly counted: JobTallies;
  readonly live: LiveExecutions;
  /** Whether the process that runs jobs is up; `null` where there is to be none. */
  readonly isConductorUp: boolean | null;
}

export interface LiveExecutions {
  readonly counts: readonly { readonly jobName: string; readonly status: BatchStatus; readonly count: number }[];
  /** There are more than were looked at. */
  readonly truncated: boolean;
}

/** A scrape looks at this many executions of each status: its cost must not grow with the store. */
export const mostExecutions = 500;

/** Those that run or are about to, and those of which nobody knows. */
const waiting: readonly BatchStatus[] = ['STARTING', 'STARTED', 'STOPPING', 'UNKNOWN'];

export async function readLiveExecutions(executions: Pick<Executions, 'list'>): Promise<LiveExecutions> {
  const everything = {
    jobName: null,
    instanceId: null,
    queue: null,
    startedAfter: null,
    startedBefore: null,
    beyond: null,
  };
  let truncated = false;
  const jobs = new Map<string, Map<BatchStatus, number>>();
  for (const status of waiting) {
    const found = await executions.list({ ...everything, status, limit: mostExecutions + 1 });
    truncated ||= found.length > mostExecutions;
    for (const { jobName } of found.slice(0, mostExecutions)) {
      const name = labelOfJob(jobs, jobName);
      const counts = jobs.get(name) ?? new Map<BatchStatus, number>();
      jobs.set(name, counts.set(status, (counts.get(status) ?? 0) + 1));
    }
  }
  const counts = [...jobs].flatMap(([jobName, byStatus]) =>
    [...byStatus].map(([status, count]) => ({ jobName, status, count })),
  );
  return { counts, truncated };
}

/** How executions are to end, or not: told before the first has. */
const expected: readonly BatchStatus[] = ['COMPLETED', 'FAILED', 'REVERTED'];

const stepName = 'batchy_step_duration_seconds';

/** @param facts of the scrape at hand */
export function registerJobMetrics(registry: Registry, facts: () => JobFacts): void {
  const perJob = (samples: (jobName: string, tally: JobTally) => Sample[]) => (): Sample[] =>
    [...facts().counted].flatMap(([jobName, tally]) => samples(jobName, tally));
  const counter = (name: string, help: string, count: (tally: JobTally) => number): void =>
    register(
      registry,
      'counter',
      name,
      help,
      perJob((jobName, tally) => [{ value: count(tally), labels: { job_name: jobName } }]),
    );
  const flag = (name: string, help: string, value: () => boolean | null): void =>
    register(registry, 'gauge', name, help, () => {
      const is = value();
      return is === null ? [] : [{ value: Number(is), labels: {} }];
    });

  register(
    registry,
    'counter',
    'batchy_executions_total',
    'Executions that came to a status in which nobody runs them.',
    perJob((jobName, { ended }) =>
      [...new Set([...expected, ...ended.keys()])].map((status) => ({
        value: ended.get(status) ?? 0,
        labels: { job_name: jobName, status },
      })),
    ),
  );
  register(
    registry,
    'gauge',
    'batchy_executions_live',
    'Executions that wait, run, stop, or have to be recovered.',
    () =>
      facts().live.counts.map(({ jobName, status, count }) => ({
        value: count,
        labels: { job_name: jobName, status },
      })),
  );
  flag(
    'batchy_executions_truncated',
    `1 when there are more than ${mostExecutions} live executions of a status; the newest are counted.`,
    () => facts().live.truncated,
  );
  register(
    registry,
    'histogram',
    stepName,
    'How long steps took, from their first attempt to their end.',
    perJob((jobName, { steps, stepSeconds, stepBuckets }) =>
      histogramSamples(stepName, { job_name: jobName }, stepSecondsBounds, {
        count: steps,
        sum: stepSeconds,
        buckets: stepBuckets,
      }),
    ),
  );
  counter('batchy_items_read_total', 'Items that chunk steps have read.', (tally) => tally.itemsRead);
  counter('batchy_items_written_total', 'Items that chunk steps have written.', (tally) => tally.itemsWritten);
  counter('batchy_items_skipped_total', 'Items that chunk steps have left out.', (tally) => tally.itemsSkipped);
  counter(
    'batchy_takeovers_total',
    'Executions that went on here because their owner was gone.',
    (tally) => tally.takeovers,
  );
  flag(
    'batchy_jobs_truncated',
    `1 when there are more than ${mostCountedJobs} jobs; those beyond are counted together.`,
    () => facts().counted.size > mostCountedJobs,
  );
  flag('batchy_conductor_up', '1 when the process that runs jobs is up.', () => facts().isConductorUp);
}
