import { BatchyError, type ErrorPlace } from './errors.ts';
import { type Json, numberSource, stringifyJson } from './json.ts';
import { createNotes } from './memo.ts';
import { durationFromDecimal, type Instant, isTimeZone, minInstant, parseInstant } from './time.ts';
import { type Status, statuses } from './transitions.ts';

/** A job's map, in the order in which it was written. All but the special parameters is the user's. */
export type Parameters = ReadonlyMap<string, Json>;

/** The special parameters of a job, read. Durations are nanoseconds, instants nanoseconds since the epoch. */
export interface SpecialParameters {
  readonly batchId: number | null;
  readonly status: Status;
  readonly fromDate: Instant | null;
  /** What a job that emits was told; `null` for any other, whose `to_date` is its user's. */
  readonly toDate: Instant | null;
  readonly batchStart: Instant | null;
  readonly batchEnd: Instant | null;
  readonly reprocess: bigint;
  readonly truncStart: boolean;
  readonly timezone: string;
  readonly emitToDate: boolean;
  readonly lag: bigint;
  readonly maxWindow: bigint | null;
  readonly requireFence: boolean;
}

const alwaysSpecial: ReadonlySet<string> = new Set([
  'batch_id',
  'status',
  'from_date',
  'reprocess_hours',
  'trunc_start',
  'batch_start',
  'batch_end',
  'emit_to_date',
  'require_fence',
]);
const specialWhenEmitting: ReadonlySet<string> = new Set(['to_date', 'lag_minutes', 'max_window_hours']);

/** What a batch writes: never edited by hand or by a close that brings parameters. */
export const batchOwned: ReadonlySet<string> = new Set(['batch_id', 'status', 'batch_start', 'batch_end']);

/**
 * Whether `name` means something to Batchy in this map. `to_date`, `lag_minutes` and `max_window_hours` are the user's own
 * unless the job emits; `timezone` counts only beside `trunc_start`.
 */
export function isSpecial(name: string, parameters: Parameters): boolean {
  if (alwaysSpecial.has(name)) return true;
  if (specialWhenEmitting.has(name)) return parameters.get('emit_to_date') === true;
  return name === 'timezone' && parameters.get('trunc_start') === true;
}

type ReadResult = SpecialParameters | { readonly problems: readonly ErrorPlace[] };

/** A map never changes once it is made, and every rule of a request asks for the same ones. */
const alreadyRead = createNotes<Parameters, SpecialParameters>();

/**
 * Reads the special parameters of a map. `null` means the same as absent.
 * @returns the parameters, or what cannot be read: a pointer below `at` and a reason each
 */
export function readSpecialParameters(parameters: Parameters, at = ''): ReadResult {
  const known = alreadyRead.of(parameters);
  if (known !== undefined) return known;
  const read = readAnew(parameters, at);
  if (!('problems' in read)) alreadyRead.note(parameters, read);
  return read;
}

function readAnew(parameters: Parameters, at: string): ReadResult {
  const problems: ErrorPlace[] = [];
  const refuse = (name: string, expected: string): void => {
    problems.push({
      pointer: `${at}/${escapePointer(name)}`,
      detail: `${name} is ${show(parameters.get(name))}; expected ${expected}`,
    });
  };
  const time = (name: string): Instant | null => {
    const value = parameters.get(name) ?? null;
    const instant = typeof value === 'string' ? parseInstant(value) : null;
    if (value !== null && instant === null) refuse(name, 'a time such as 2026-11-21T21:53:34.230000');
    return instant;
  };
  const flag = (name: string): boolean => {
    const value = parameters.get(name) ?? false;
    if (typeof value !== 'boolean') refuse(name, 'true or false');
    return value === true;
  };
  const duration = (name: string, unit: 'hours' | 'minutes'): bigint | null => {
    const value = parameters.get(name) ?? null;
    if (value === null) return null;
    const source = numberSource(value);
    // -0 is a zero, too; -1e-400 is not, although it reads as one.
    const magnitude = source?.replace(/^-(?=[0.]+(?:[eE]|$))/, '');
    if (magnitude === undefined || magnitude.startsWith('-') || !Number.isFinite(Number(magnitude))) {
      refuse(name, `a number of ${unit}, 0 or more`);
      return null;
    }
    return durationFromDecimal(magnitude, unit);
  };

  const emitToDate = flag('emit_to_date');
  const truncStart = flag('trunc_start');
  const special: SpecialParameters = {
    batchId: readBatchId(parameters, refuse),
    status: readStatus(parameters, refuse),
    fromDate: time('from_date'),
    batchStart: time('batch_start'),
    batchEnd: time('batch_end'),
    reprocess: duration('reprocess_hours', 'hours') ?? 0n,
    truncStart,
    timezone: truncStart ? readTimeZone(parameters, refuse) : 'UTC',
    emitToDate,
    lag: emitToDate ? (duration('lag_minutes', 'minutes') ?? 0n) : 0n,
    maxWindow: emitToDate ? duration('max_window_hours', 'hours') : null,
    requireFence: flag('require_fence'),
    toDate: emitToDate ? time('to_date') : null,
  };
  if (emitToDate) refuseStandstill(special, refuse);
  return problems.length > 0 ? { problems } : special;
}

/**
 * Up to where a batch in the head that our ledger does not know loads: to its start, or, where it was told an earlier
 * `to_date`, to that. Ours it may be all the same, when the ledger was lost; going by its start would skip what it was not
 * told to load.
 */
export function endByItsMap(batchStart: Instant, { toDate }: Pick<SpecialParameters, 'toDate'>): Instant {
  return toDate === null ? batchStart : minInstant(batchStart, toDate);
}

const longestDays = { utc: durationFromDecimal('24', 'hours'), local: durationFromDecimal('25', 'hours') };

/** A window that may not outgrow what is taken off its beginning never moves on: the watermark would stand still unseen. */
function refuseStandstill(special: SpecialParameters, refuse: (name: string, expected: string) => void): void {
  if (special.maxWindow === null) return;
  // A window of just one day, truncated, ends where the next day begins; without truncation it must be longer than what is taken off.
  const day = special.timezone === 'UTC' ? longestDays.utc : longestDays.local;
  const standsStill = special.truncStart
    ? special.maxWindow < special.reprocess + day
    : special.maxWindow <= special.reprocess;
  if (standsStill) {
    refuse(
      'max_window_hours',
      `${special.truncStart ? 'at least reprocess_hours and a truncated day (24 hours in UTC, 25 elsewhere)' : 'more than reprocess_hours'}, else the window would never move on`,
    );
  }
}

/** The greatest batch id that can be written and read back exactly. */
export const greatestPossibleBatchId = Number.MAX_SAFE_INTEGER;

/** The batch id in a map, whatever else in it cannot be read; `null` when there is none. */
export function storedBatchId(parameters: Parameters): number | null {
  const value = parameters.get('batch_id');
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function readBatchId(parameters: Parameters, refuse: (name: string, expected: string) => void): number | null {
  const id = storedBatchId(parameters);
  if (id === null && (parameters.get('batch_id') ?? null) !== null)
    refuse('batch_id', 'a whole number of epoch seconds');
  return id;
}

function readStatus(parameters: Parameters, refuse: (name: string, expected: string) => void): Status {
  const value = parameters.get('status') ?? 'new';
  // The program that teams know writes `failure`.
  if (value === 'failure') return 'failed';
  const status = statuses.find((known) => known === value);
  if (status === undefined) refuse('status', `one of ${statuses.join(', ')}`);
  return status ?? 'new';
}

function readTimeZone(parameters: Parameters, refuse: (name: string, expected: string) => void): string {
  const value = parameters.get('timezone') ?? 'UTC';
  if (typeof value === 'string' && isTimeZone(value)) return value;
  refuse('timezone', 'an IANA time zone such as Europe/Berlin');
  return 'UTC';
}

/**
 * As `readSpecialParameters`, for stored state.
 * @throws BatchyError `unreadable-parameter`
 */
export function storedSpecialParameters(job: string, parameters: Parameters): SpecialParameters {
  const known = alreadyRead.of(parameters);
  if (known !== undefined) return known;
  const special = readSpecialParameters(parameters, `/${escapePointer(job)}`);
  if ('problems' in special) {
    const detail = special.problems.map((problem) => problem.detail).join('; ');
    throw new BatchyError(
      'unreadable-parameter',
      `Job ${show(job)}: ${detail}. Mend it with PATCH /workflows/:wf/jobs/:job, or load the configuration with force=true.`,
      {
        places: special.problems,
      },
    );
  }
  return special;
}

/** A copy of `parameters` with `changes` set: known names keep their place, new ones are appended. */
export function withParameters(parameters: Parameters, changes: Readonly<Record<string, Json>>): Parameters {
  const next = new Map<string, Json>();
  // Half the time that the constructor takes over it.
  parameters.forEach((value, name) => void next.set(name, value));
  for (const name of Object.keys(changes)) next.set(name, changes[name] as Json);
  return next;
}

/**
 * As `withParameters`, of a map that has been read: what the change says of the special parameters need not be read again.
 * @param readAs what reading the changed ones would yield: instants to the microsecond, as they are written
 */
export function withSpecialParameters(
  { parameters, special }: { readonly parameters: Parameters; readonly special: SpecialParameters },
  changes: Readonly<Record<string, Json>>,
  readAs: Partial<SpecialParameters>,
): Parameters {
  const next = withParameters(parameters, changes);
  alreadyRead.note(next, { ...special, ...readAs });
  return next;
}

export function escapePointer(name: string): string {
  if (!name.includes('~') && !name.includes('/')) return name;
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function show(value: Json | undefined): string {
  const text = value === undefined ? 'missing' : stringifyJson(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
