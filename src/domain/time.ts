import { DateTime, IANAZone } from 'luxon';

import { createMemo } from './memo.ts';

/** An instant: nanoseconds since 1970-01-01T00:00:00Z. Luxon has milliseconds only; ETL databases do not. */
export type Instant = bigint;

export const nanosecondsPerSecond = 1_000_000_000n;
const nanosecondsPerMillisecond = 1_000_000n;
const nanosecondsPerHour = 3_600n * nanosecondsPerSecond;
const nanosecondsPerDay = 24n * nanosecondsPerHour;
const millisecondsPerHour = 3_600_000;

/** 0001-01-01T00:00:00Z and the last nanosecond of 9999: what a four-digit year can say. */
const earliestMillisecond = -62_135_596_800_000;
export const earliestInstant: Instant = BigInt(earliestMillisecond) * nanosecondsPerMillisecond;
export const latestInstant: Instant = BigInt(Date.UTC(10000, 0, 1)) * nanosecondsPerMillisecond - 1n;

const timePattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)? ?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/**
 * Reads a time as teams store it: a date, or a date-time with `T` or a space, with or without seconds, 1 to 9 fraction
 * digits, `Z` or an offset. Without either it is UTC.
 * @returns nanoseconds since the epoch, or `null` when the text is no such time (2024-02-30, 25:00, …)
 */
export function parseInstant(text: string): Instant | null {
  const known = alreadyParsed.get(text);
  if (known !== undefined) return known;
  const instant = parseAnew(text);
  if (instant !== null) alreadyParsed.set(text, instant);
  return instant;
}

/** What is read again and again, as the times of a configuration are. */
const alreadyParsed = createMemo<string, Instant>(2000);

function parseAnew(text: string): Instant | null {
  const match = timePattern.exec(text);
  if (!match) return null;
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const fields = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (fields[3] > 23 || fields[4] > 59 || fields[5] > 59) return null;
  // Date.UTC maps the years 0 to 99 into the twentieth century, so the year is set apart.
  const date = new Date(0);
  date.setUTCFullYear(fields[0], fields[1] - 1, fields[2]);
  if (date.getUTCFullYear() !== fields[0] || date.getUTCMonth() !== fields[1] - 1 || date.getUTCDate() !== fields[2])
    return null;
  date.setUTCHours(fields[3], fields[4], fields[5]);
  const offset = parseOffset(zone);
  if (offset === null) return null;
  const instant =
    BigInt(date.getTime()) * nanosecondsPerMillisecond +
    BigInt(fraction.padEnd(9, '0') || '0') -
    offset * 60n * nanosecondsPerSecond;
  return instant < earliestInstant || instant > latestInstant ? null : instant;
}

/** Minutes east of UTC that `Z`, `+02:00`, `-0330` or `+02` mean; `null` beyond the ±18 hours that any standard allows. */
function parseOffset(text: string): bigint | null {
  if (text === 'Z') return 0n;
  const hours = Number(text.slice(1, 3));
  const minutes = text.length > 3 ? Number(text.slice(-2)) : 0;
  if (hours > 18 || minutes > 59) return null;
  const total = BigInt(hours * 60 + minutes);
  return text.startsWith('-') ? -total : total;
}

/**
 * A commit writes the same few instants into head, ledger, record, journal and listing. Each has one place here, which it
 * takes from whichever was there before; a prime number of them spreads times that are whole microseconds or seconds.
 */
const placesOfFormatted = 509;
const formattedInstants: Instant[] = Array.from({ length: placesOfFormatted }, () => latestInstant + 1n);
const formattedTexts: string[] = Array.from({ length: placesOfFormatted }, () => '');

/** Naive UTC ISO with six fraction digits, rounded down: `2026-11-21T21:53:34.230000`. */
export function formatInstant(instant: Instant): string {
  const place = Number(BigInt.asUintN(48, instant)) % placesOfFormatted;
  if (formattedInstants[place] === instant) return formattedTexts[place] as string;
  const text = formatOnce(instant);
  formattedInstants[place] = instant;
  formattedTexts[place] = text;
  return text;
}

/** The second that was formatted last, when it began, and what comes before its fraction: most of what is formatted is of the same one. */
let formattedSecond = Number.NaN;
let beginOfSecond: Instant = latestInstant + 1n;
let textOfSecond = '';

/** As `formatInstant`, of what nobody asks for again. */
export function formatOnce(instant: Instant): string {
  const since = Number(instant - beginOfSecond);
  if (since >= 0 && since < 1e9) return textOfSecond + fractionOf(since);
  let second = Number(instant / nanosecondsPerSecond);
  let nanoseconds = Number(instant % nanosecondsPerSecond);
  // Division rounds towards zero: before 1970 that is up.
  if (nanoseconds < 0) {
    second -= 1;
    nanoseconds += 1e9;
  }
  if (second !== formattedSecond) {
    textOfSecond = new Date(second * 1000).toISOString().slice(0, -4);
    formattedSecond = second;
    beginOfSecond = BigInt(second) * nanosecondsPerSecond;
  }
  return textOfSecond + fractionOf(nanoseconds);
}

/** Six digits: a seventh in front keeps the zeros. */
function fractionOf(nanoseconds: number): string {
  return String(1_000_000 + Math.floor(nanoseconds / 1000)).slice(1);
}

/** Whole milliseconds (rounded down) and the nanoseconds beyond them. */
export function splitInstant(instant: Instant): { milliseconds: number; nanoseconds: bigint } {
  const milliseconds = Number(instant / nanosecondsPerMillisecond);
  const nanoseconds = instant % nanosecondsPerMillisecond;
  // Division rounds towards zero: before 1970 that is up.
  return nanoseconds < 0n
    ? { milliseconds: milliseconds - 1, nanoseconds: nanoseconds + nanosecondsPerMillisecond }
    : { milliseconds, nanoseconds };
}

export function instantFromMilliseconds(milliseconds: number): Instant {
  return BigInt(milliseconds) * nanosecondsPerMillisecond;
}

/** Unix epoch seconds, rounded down. */
export function epochSeconds(instant: Instant): number {
  const { milliseconds } = splitInstant(instant);
  return Math.floor(milliseconds / 1000);
}

/** Rounded down to the microsecond, the finest that is written. */
export function floorToMicrosecond(instant: Instant): Instant {
  return instant - (((instant % 1000n) + 1000n) % 1000n);
}

export function ceilToMicrosecond(instant: Instant): Instant {
  return -floorToMicrosecond(-instant);
}

/**
 * Nanoseconds of a decimal number of hours or minutes (`"1.5"`, `"1e-3"`), rounded up: taken off the end of a window, the
 * remainder may only lower the date.
 */
export function durationFromDecimal(source: string, unit: 'hours' | 'minutes'): bigint {
  const perUnit = unit === 'hours' ? nanosecondsPerHour : nanosecondsPerHour / 60n;
  const match = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source);
  if (!match) throw new RangeError(`not a decimal number: ${source}`);
  const [, whole = '0', fraction = '', exponentText = '0'] = match;
  const exponent = Number(exponentText) - fraction.length;
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return 0n;
  const longest = latestInstant - earliestInstant;
  // Beyond these magnitudes the result is the whole range or less than a nanosecond; the powers need not be computed.
  const magnitude = digits.toString().length + exponent;
  if (magnitude > 30) return longest;
  if (magnitude < -30) return 1n;
  const product = digits * perUnit;
  const exact = exponent >= 0 ? product * 10n ** BigInt(exponent) : ceilDivide(product, 10n ** BigInt(-exponent));
  return exact > longest ? longest : exact;
}

function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

/** `instant - duration`, not before the year 1. */
export function subtractDuration(instant: Instant, duration: bigint): Instant {
  const result = instant - duration;
  return result < earliestInstant ? earliestInstant : result;
}

export function minInstant(one: Instant, other: Instant): Instant {
  return one < other ? one : other;
}

export function maxInstant(one: Instant, other: Instant): Instant {
  return one > other ? one : other;
}

const mostZonesKept = 1000;
/** Names found to be zones: the library makes a whole date format to find out, which costs more than the rest of an open. */
const zonesFound = new Set(['UTC']);

export function isTimeZone(name: string): boolean {
  if (zonesFound.has(name)) return true;
  if (!IANAZone.isValidZone(name)) return false;
  if (zonesFound.size < mostZonesKept) zonesFound.add(name);
  return true;
}

/** The calendar date (`YYYY-MM-DD`) that clocks in `zone` show at `instant`. */
export function localDate(instant: Instant, zone: string): string {
  return localDateAt(splitInstant(instant).milliseconds, IANAZone.create(zone));
}

function localDateAt(milliseconds: number, zone: IANAZone): string {
  const shifted = new Date(Math.round(milliseconds + zone.offset(milliseconds) * 60_000));
  return shifted.toISOString().slice(0, shifted.toISOString().indexOf('T'));
}

/**
 * The first instant of the local day that holds `instant`.
 *
 * A library's start-of-day is wrong where midnight is missing (the day begins at 01:00: Havana, Cairo and Beirut in
 * spring) or comes twice (Havana in autumn: the earlier one counts). So the zone's offset changes of the last two days are
 * looked up (Kwajalein had a day of 47 hours in 1969), and the earliest instant that shows the same date is taken; none is
 * before the year 1, which could not be written.
 */
export function firstInstantOfDay(instant: Instant, zoneName: string): Instant {
  // Most days are UTC's, which has no changes to look up.
  if (zoneName === 'UTC') return instant - (((instant % nanosecondsPerDay) + nanosecondsPerDay) % nanosecondsPerDay);
  const zone = IANAZone.create(zoneName);
  const { milliseconds } = splitInstant(instant);
  const date = localDateAt(milliseconds, zone);
  const midnight = Date.parse(`${date}T00:00:00Z`);
  const from = milliseconds - 50 * millisecondsPerHour;
  const starts = offsetChanges(zone, from, milliseconds);
  // Offsets before standard time have seconds: as fractional minutes they are not exact.
  const candidates = starts.flatMap(({ at, offset }) => [at, Math.round(midnight - offset * 60_000)]);
  // An offset counts from its change on; the first one's midnight must be checked against the zone, too.
  const first = candidates
    .filter((candidate) => candidate <= milliseconds && candidate > from && localDateAt(candidate, zone) === date)
    .reduce((earliest, candidate) => Math.min(earliest, candidate), milliseconds);
  return maxInstant(BigInt(first) * nanosecondsPerMillisecond, earliestInstant);
}

/** The offsets (minutes) in force from `from` to `to` (milliseconds), each with the instant from which it holds. */
function offsetChanges(zone: IANAZone, from: number, to: number): { at: number; offset: number }[] {
  let before = zone.offset(from);
  const changes = [{ at: from, offset: before }];
  for (let left = from; left < to; left += millisecondsPerHour) {
    const right = Math.min(left + millisecondsPerHour, to);
    const offset = zone.offset(right);
    if (offset !== before) changes.push({ at: bisectOffsetChange(zone, left, right), offset });
    before = offset;
  }
  return changes;
}

/** The first millisecond in (left, right] at which the offset is the one of `right`. */
export function bisectOffsetChange(zone: IANAZone, left: number, right: number): number {
  const after = zone.offset(right);
  let before = left;
  let until = right;
  while (until - before > 1) {
    const middle = Math.floor((before + until) / 2);
    if (zone.offset(middle) === after) until = middle;
    else before = middle;
  }
  return until;
}

/** Fields of the local wall clock in `zone`, for formats that have no zone of their own. */
export function localDateTime(instant: Instant, zone: string): DateTime {
  return DateTime.fromMillis(splitInstant(instant).milliseconds, { zone });
}
