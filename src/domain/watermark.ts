import { BatchyError } from './errors.ts';
import { quoteBriefly } from './names.ts';
import { endByItsMap, type SpecialParameters } from './special-parameters.ts';
import {
  firstInstantOfDay,
  floorToMicrosecond,
  formatInstant,
  type Instant,
  maxInstant,
  minInstant,
  nanosecondsPerSecond,
  parseInstant,
  subtractDuration,
} from './time.ts';
import type { JobLedger, KnownBatch } from './workflow.ts';

/**
 * The rules of the window `[from_date, until)`: the core promise. Each is a function of one job's own state; every rule may
 * lower a date and none may raise one, since a window too early is loaded twice and a window too late is lost.
 */

/** `from_date` where nothing was configured: replay everything. */
export const defaultInitialDate = '1776-07-04T23:59:00';

/** A stored start this far ahead of the clock is jitter between machines; further ahead, a clock was wrong. */
export const clockTolerance = 5n * nanosecondsPerSecond;

export interface Window {
  readonly from: Instant;
  readonly until: Instant;
}

export interface WindowInput {
  readonly job: string;
  readonly special: SpecialParameters;
  readonly ledger: JobLedger;
  /** What our ledger knows of the batch in the head, or `null` when another program wrote the head. */
  readonly known: KnownBatch | null;
  readonly now: Instant;
  readonly initialDate: Instant;
  /** Lets an open after a success through although the clock was found wrong. */
  readonly force: boolean;
}

/** Which rule gave `from_date`: told in previews, so that an operator sees why. */
export type FromRule = 'after-success' | 'same-window-again' | 'initial-date';

/**
 * The window that an open yields.
 * @throws BatchyError `clock-skew` after a success whose end cannot be trusted, `empty-window` when nothing is left to load
 */
export function nextWindow(input: WindowInput): Window & { readonly rule: FromRule } {
  const { rule, from } = untruncatedFrom(input);
  const { special } = input;
  const truncated = special.truncStart ? minInstant(from, firstInstantOfDay(from, special.timezone)) : from;
  const until = nextUntil(input, truncated);
  if (until <= truncated) {
    throw new BatchyError(
      'empty-window',
      `Job ${quoteBriefly(input.job)}: the window would be empty: it begins at ${formatInstant(truncated)} and ends at ${formatInstant(until)}. Open again later, or lower from_date with PATCH.`,
    );
  }
  return { from: truncated, until, rule };
}

function untruncatedFrom(input: WindowInput): { from: Instant; rule: FromRule } {
  const { special, ledger, known } = input;
  const noticed = ledger.skewNoticedAt;
  const lowered = (instant: Instant): Instant => (noticed === null ? instant : minInstant(instant, noticed));
  if (special.status === 'success' && special.batchStart !== null) {
    if (noticed !== null && !input.force) throw clockSkew(input.job, noticed);
    const begins = subtractDuration(
      lowered(known?.until ?? endByItsMap(special.batchStart, special)),
      special.reprocess,
    );
    if (noticed === null) return { from: begins, rule: 'after-success' };
    // How far the data went when it was read, neither end nor noticing tells: the clock may long have been ahead by then.
    return { from: minInstant(begins, special.fromDate ?? input.initialDate), rule: 'same-window-again' };
  }
  if (special.fromDate !== null) return { from: lowered(special.fromDate), rule: 'same-window-again' };
  return { from: lowered(input.initialDate), rule: 'initial-date' };
}

function nextUntil({ special, ledger, known, now }: WindowInput, from: Instant): Instant {
  if (!special.emitToDate) return now;
  const newest = floorToMicrosecond(subtractDuration(now, special.lag));
  const runsAgain = special.status === 'open' || special.status === 'failed';
  if (runsAgain && known?.emitted === true) {
    // The next window begins where this one ends, so the end stays, unless a wrong clock had put it into the future.
    return ledger.skewNoticedAt === null ? known.until : minInstant(known.until, newest);
  }
  return special.maxWindow === null ? newest : minInstant(newest, floorToMicrosecond(from + special.maxWindow));
}

/**
 * Up to where a job's data is known to be loaded: what a new `from_date` must not exceed, else data is skipped.
 */
export function watermark(special: SpecialParameters, known: KnownBatch | null, initialDate: Instant): Instant {
  if (special.status === 'success' && special.batchStart !== null)
    return known?.until ?? endByItsMap(special.batchStart, special);
  return special.fromDate ?? initialDate;
}

/** As `watermark`, where the clock was found wrong: the end of the last window then proves nothing, only its beginning does. */
export function trustedWatermark(
  { special, known, ledger }: Pick<WindowInput, 'special' | 'known' | 'ledger'>,
  initialDate: Instant,
): Instant {
  const end = watermark(special, known, initialDate);
  if (ledger.skewNoticedAt === null) return end;
  return minInstant(minInstant(end, ledger.skewNoticedAt), special.fromDate ?? initialDate);
}

/** Where the next window of a job would begin, were it opened without regard to the clock. */
export function nextFrom(special: SpecialParameters, known: KnownBatch | null, initialDate: Instant): Instant {
  const end = watermark(special, known, initialDate);
  return special.status === 'success' && special.batchStart !== null ? subtractDuration(end, special.reprocess) : end;
}

/**
 * One instant for all jobs of a batch: now, or the latest stored start up to five seconds ahead of it.
 */
export function batchInstant(now: Instant, starts: Iterable<Instant | null>): Instant {
  let instant = floorToMicrosecond(now);
  for (const start of starts) {
    if (start !== null && !isAhead(start, now)) instant = maxInstant(instant, floorToMicrosecond(start));
  }
  return instant;
}

/** Whether a stored start is so far ahead of the clock that one of the two clocks was wrong. */
export function isAhead(start: Instant | null, now: Instant): boolean {
  return start !== null && start > now + clockTolerance;
}

function clockSkew(job: string, noticed: Instant): BatchyError {
  return new BatchyError(
    'clock-skew',
    `Job ${quoteBriefly(job)}: its last success began ahead of the clock (noticed at ${formatInstant(noticed)}), so its end cannot be trusted. ` +
      'Open with force=true to run its window again; if the clock was ahead for longer than that one batch, set from_date with PATCH to before it went wrong. Waiting would skip data.',
    { facts: { noticed_at: formatInstant(noticed) } },
  );
}

/** @throws RangeError for text that is no time: initial dates come from checked configuration */
export function readInitialDate(text: string): Instant {
  const instant = parseInstant(text);
  if (instant === null) throw new RangeError(`no time: ${text}`);
  return instant;
}
