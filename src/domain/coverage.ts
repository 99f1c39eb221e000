import type { CoveredWindow } from './change.ts';
import type { Instant } from './time.ts';

/** A stretch of time between windows, or shared by them: `[from, until)`. */
export interface Stretch {
  readonly from: Instant;
  readonly until: Instant;
}

export interface Overlap extends Stretch {
  /** The batches that both loaded it. */
  readonly batchIds: readonly [number, number];
}

export interface JobCoverage {
  readonly job: string;
  readonly windows: readonly CoveredWindow[];
  readonly gaps: readonly Stretch[];
  readonly overlaps: readonly Overlap[];
}

/**
 * What the successful windows of a job cover: gaps are what no batch has loaded between the first window and the last,
 * overlaps what was loaded more than once (as `reprocess_hours` means it to be).
 */
export function jobCoverage(job: string, windows: readonly CoveredWindow[]): JobCoverage {
  const sorted = [...windows].sort(
    (one, other) => Number(one.from - other.from) || Number(one.until - other.until) || one.batchId - other.batchId,
  );
  const gaps: Stretch[] = [];
  const overlaps: Overlap[] = [];
  let furthest: CoveredWindow | null = null;
  for (const window of sorted) {
    if (furthest !== null && window.from > furthest.until) gaps.push({ from: furthest.until, until: window.from });
    if (furthest !== null && window.from < furthest.until) {
      const until = window.until < furthest.until ? window.until : furthest.until;
      overlaps.push({ from: window.from, until, batchIds: [furthest.batchId, window.batchId] });
    }
    if (furthest === null || window.until > furthest.until) furthest = window;
  }
  return { job, windows: sorted, gaps, overlaps };
}
