import type { JobMaps } from '../../src/domain/change.ts';
import { formatInstant, type Instant, parseInstant } from '../../src/domain/time.ts';
import type { ModelClock } from './operations.ts';
import { greatestSetback, jobNames, tickSeconds } from './steps.ts';

export interface SourceEvent {
  readonly id: number;
  readonly at: Instant;
}

/** Whose clock stamps the events: one that never errs, or the very one that goes back and returns. */
export type SourceClock = 'steady' | 'shared';

export const tick = BigInt(tickSeconds) * 1_000_000_000n;
const beginning = parseInstant('2026-11-21T12:00:00') as Instant;
/** Before every event: what is loaded from here on is everything. */
export const firstDate = formatInstant(beginning - 24n * 3600n * 1_000_000_000n);

/** The source that emits events, the clocks, and what has arrived in each job's target. */
export function createWorld(clock: ModelClock, sourceClock: SourceClock) {
  const events: SourceEvent[] = [];
  const targets = new Map(jobNames.map((job): [string, Set<number>] => [job, new Set()]));
  const excused = new Map(jobNames.map((job): [string, Set<number>] => [job, new Set()]));
  let truth = beginning;
  let setback = 0;
  const apply = (): void => {
    clock.now = truth - BigInt(setback) * tick;
  };
  apply();

  return {
    /** No two things happen in one microsecond, not even in two programs; in one second they may. */
    moment(): void {
      truth += 1000n;
      apply();
    },
    pass(ticks: number): void {
      truth += BigInt(ticks) * tick;
      apply();
    },
    /** The clock goes back, by an hour at most in all; `0` lets it catch up. */
    setBack(ticks: number): void {
      setback = ticks === 0 ? 0 : Math.min(setback + ticks, greatestSetback);
      apply();
    },
    emit(): void {
      events.push({ id: events.length, at: sourceClock === 'steady' ? truth : clock.now });
    },
    /** Rows that the source has now, from `from` on and before `until`. */
    extract: (from: Instant, until: Instant | null): readonly SourceEvent[] =>
      events.filter(({ at }) => at >= from && (until === null || at < until)),
    put(job: string, rows: readonly SourceEvent[]): void {
      for (const { id } of rows) targets.get(job)?.add(id);
    },
    /** Events before `until` that the target lacks and that nobody is to blame for. */
    missing: (job: string, until: Instant | null): readonly SourceEvent[] =>
      events.filter(
        ({ id, at }) => (until === null || at < until) && !targets.get(job)?.has(id) && !excused.get(job)?.has(id),
      ),
    /** A superseded client closed somebody else's window: what it had not loaded is lost, and the documentation says so. */
    excuse(job: string, rows: readonly SourceEvent[]): void {
      for (const { id } of rows) excused.get(job)?.add(id);
    },
    agoAsText: (ticks: number): string => formatInstant(truth - BigInt(greatestSetback + ticks) * tick),
    lastEventAt: (): Instant => events.reduce((last, { at }) => (at > last ? at : last), beginning),
    /** Later than every clock will be while the history lasts. */
    farAhead: (): Instant => truth + 1_000_000n * tick,
  };
}

export type World = ReturnType<typeof createWorld>;

/** The configuration of the model's workflow. */
export function configuration(fromDate: string): JobMaps {
  return new Map([
    [
      'plain',
      new Map<string, string | number | boolean>([
        ['from_date', fromDate],
        ['reprocess_hours', 0.25],
        ['table', 'orders'],
      ]),
    ],
    [
      'emitting',
      new Map<string, string | number | boolean>([
        ['from_date', fromDate],
        ['emit_to_date', true],
        ['lag_minutes', 5],
      ]),
    ],
    [
      'shared',
      new Map<string, string | number | boolean>([
        ['from_date', fromDate],
        ['to_date', 'whenever'],
      ]),
    ],
  ]);
}
