import { CronExpressionParser } from 'cron-parser';
import { IANAZone } from 'luxon';

import { BatchyError } from './errors.ts';
import { createMemo } from './memo.ts';
import { quoteBriefly } from './names.ts';
import {
  bisectOffsetChange,
  type Instant,
  instantFromMilliseconds,
  isTimeZone,
  latestInstant,
  splitInstant,
} from './time.ts';

/**
 * When a cron expression fires in a time zone. The library reads the expression and finds wall-clock times, of which none is
 * missing and none comes twice; which instant each of them is, is decided here:
 *
 * - An expression that names hours fires once for each wall-clock time that it names: where a change of the clock skips that time,
 *   at the moment at which the gap ends; where the time comes twice, at the first.
 * - One that fires in all 24 hours goes on by elapsed time: it fires at every instant at which the clock shows such a time, in an hour
 *   that comes twice twice, and in one that is skipped not at all.
 */
export interface Cron {
  /** The first firing later than `after`, or `null`: no year that can be written has one. */
  readonly next: (after: Instant) => Instant | null;
}

const fieldNames = ['second', 'minute', 'hour', 'day of month', 'month', 'day of week'] as const;
const everyTime = ['0', '*', '*', '*', '*', '*'] as const;
const millisecondsPerHour = 3_600_000;
const millisecondsPerDay = 24 * millisecondsPerHour;

/**
 * @param text five fields (minute, hour, day of month, month, day of week), or six with the second before them
 * @throws BatchyError `invalid-schedule`, which says what field is wrong and how
 */
export function readCron(text: string, zoneName: string): Cron {
  const key = `${zoneName} ${text}`;
  const known = alreadyRead.get(key);
  if (known !== undefined) return known;
  const cron = readAnew(text, zoneName);
  alreadyRead.set(key, cron);
  return cron;
}

/** A schedule's is asked for at each of its firings. */
const alreadyRead = createMemo<string, Cron>(500);

function readAnew(text: string, zoneName: string): Cron {
  const fields = readFields(text);
  if (!isTimeZone(zoneName))
    throw new BatchyError(
      'invalid-schedule',
      `There is no time zone ${quoteBriefly(zoneName)}: take a name of the IANA list, such as Europe/Berlin or UTC.`,
      { places: [{ pointer: '/zone', detail: 'expected a time zone, such as Europe/Berlin or UTC' }] },
    );
  const zone = IANAZone.create(zoneName);
  const wall = wallClockTimes(text, fields);
  // As a day that has no date (30 February), it would be looked for in vain at each firing.
  if (wall.next(0) === null) throw refusal(text, neverADate, 'day of month');
  const find = wall.isEveryHour ? nextByElapsedTime : nextByWallClock;
  return {
    next: (after) => {
      const found = find(wall, zone, splitInstant(after).milliseconds);
      if (found === null) return null;
      const firing = instantFromMilliseconds(found);
      return firing > latestInstant ? null : firing;
    },
  };
}

/** A time that clocks show, as the milliseconds since the epoch at which those of UTC do. */
type WallTime = number;

interface WallClockTimes {
  /** The first later than `after`, or `null`. */
  readonly next: (after: WallTime) => WallTime | null;
  readonly isEveryHour: boolean;
}

function readFields(text: string): readonly string[] {
  const given = text.trim().split(/\s+/);
  const fields = given.length === 5 ? ['0', ...given] : given;
  if (fields.length !== fieldNames.length)
    throw refusal(
      text,
      `expected five fields (minute, hour, day of month, month, day of week), or six with the second before them, got ${text.trim() === '' ? 'none' : given.length}`,
    );
  for (const [index, field] of fields.entries()) {
    const name = fieldNames[index] as (typeof fieldNames)[number];
    // To the library it means some value, another one each time.
    if (/(^|,)H/.test(field)) throw refusal(text, `the ${name} is ${quoteBriefly(field)}, which says no time`, name);
    try {
      CronExpressionParser.parse(everyTime.map((every, place) => (place === index ? field : every)).join(' '), utc);
    } catch (cause) {
      const problem = wrongLast(name, field) ?? (cause as Error).message;
      throw refusal(text, `the ${name} is ${quoteBriefly(field)}: ${problem}`, name, cause);
    }
  }
  return fields;
}

/** How `L` is written, where a field that cannot be read has one: of that the library says nothing that helps. */
function wrongLast(name: string, field: string): string | null {
  if (!/L/i.test(field.replaceAll(/jul/gi, ''))) return null;
  if (name === 'day of month') return 'L, the last day of the month, stands by itself or in a list, not in a range';
  return name === 'day of week' ? 'L follows a day, as in 5L for the last Friday of the month' : null;
}

function refusal(text: string, problem: string, field?: string, cause?: unknown): BatchyError {
  return new BatchyError('invalid-schedule', `The cron expression ${quoteBriefly(text)} says no time: ${problem}.`, {
    places: [{ pointer: '/cron', detail: problem }],
    facts: field === undefined ? {} : { field },
    cause,
  });
}

const neverADate = 'its day of month never comes in its months; mend one of both';

const utc = { tz: 'UTC' } as const;

function wallClockTimes(text: string, fields: readonly string[]): WallClockTimes {
  const expression = fields.join(' ');
  const parse = (currentDate: Date) => CronExpressionParser.parse(expression, { ...utc, currentDate });
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(new Date(0));
  } catch (cause) {
    // Each field for itself was in order.
    throw refusal(text, neverADate, 'day of month', cause);
  }
  return {
    isEveryHour: new Set(parsed.fields.hour.values).size === 24,
    next: (after) => {
      try {
        parsed.reset(new Date(after));
        return parsed.next().getTime();
      } catch {
        // The library gives up after very many years.
        return null;
      }
    },
  };
}

/** Milliseconds east of UTC. */
function offsetAt(zone: IANAZone, at: number): number {
  return Math.round(zone.offset(at) * 60_000);
}

function nextByWallClock(wall: WallClockTimes, zone: IANAZone, after: number): number | null {
  let shown: WallTime | null = after + offsetAt(zone, after);
  for (;;) {
    shown = wall.next(shown);
    if (shown === null) return null;
    const at = instantOfWallTime(zone, shown);
    // In an hour that comes a second time, what it names was at its first.
    if (at > after) return at;
  }
}

/** The first instant at which clocks show it; where none does, that at which the gap in which it would lie ends. */
function instantOfWallTime(zone: IANAZone, shown: WallTime): number {
  // No zone is more than 14 hours east of UTC, nor 12 west.
  const [left, right] = [shown - 15 * millisecondsPerHour, shown + 13 * millisecondsPerHour];
  const offsets = [offsetAt(zone, left), offsetAt(zone, right)];
  const instants = offsets.map((offset) => shown - offset).sort((one, other) => one - other);
  const first = instants.find((instant) => instant + offsetAt(zone, instant) === shown);
  return first ?? bisectOffsetChange(zone, left, right);
}

function nextByElapsedTime(wall: WallClockTimes, zone: IANAZone, after: number): number | null {
  let from = after;
  // The last one that does not count.
  let before = after;
  for (;;) {
    const offset = offsetAt(zone, from);
    const shown = wall.next(before + offset);
    if (shown === null) return null;
    const at = shown - offset;
    // That far ahead a change is seen although another one has undone it by then.
    const change = [Math.min(at, from + millisecondsPerDay), at].find((until) => offsetAt(zone, until) !== offset);
    if (change === undefined) return at;
    const changesAt = bisectOffsetChange(zone, from, change);
    if (at < changesAt) return at;
    from = changesAt;
    before = changesAt - 1;
  }
}
