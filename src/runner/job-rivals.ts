import { checkJobs } from '../domain/job-check.ts';
import type { Instant } from '../domain/time.ts';
import { type BrokenJobFile, brokenFile } from './job-file-problem.ts';
import type { RunnableJob } from './job.ts';

/** What counts of a file, until it is read again. */
export interface JobFileReading {
  /** Changes with the text of the file, and with that of what it imports. */
  readonly version: string;
  readonly readAt: Instant;
}

export interface LoadedJob extends RunnableJob, JobFileReading {
  readonly version: string;
  /** From the folder of jobs. */
  readonly file: string;
}

/**
 * Files whose jobs cannot be loaded together: which of two a launch would mean, or which of them moves a watermark, nobody can
 * say. So none of them is taken, and both are named to each other.
 */
export function rivalFiles(jobs: readonly LoadedJob[]): BrokenJobFile[] {
  const complaints = new Map<string, Set<string>>();
  for (const { first, second, place } of checkJobs(jobs.map(({ definition }) => definition))) {
    const files = [jobs[first], jobs[second]].flatMap((job) => (job === undefined ? [] : [job.file]));
    const where = new Set(files).size === 1 ? 'both in this file' : `in ${files.join(' and ')}`;
    for (const file of files) {
      const known = complaints.get(file) ?? new Set();
      complaints.set(file, known.add(`${place.detail} (${where}); neither is loaded`));
    }
  }
  return [...complaints].map(([file, problems]) => {
    const own = jobs.flatMap((job) => (job.file === file ? [job.definition.name] : []));
    return brokenFile(file, [...problems].join('; '), { jobs: [...new Set(own)] });
  });
}
