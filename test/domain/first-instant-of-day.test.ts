import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  earliestInstant,
  firstInstantOfDay,
  formatInstant,
  instantFromMilliseconds,
  parseInstant,
} from '../../src/domain/time.ts';

const minute = 60_000;

const formats = new Map<string, Intl.DateTimeFormat>();
function dateIn(zone: string, milliseconds: number): string {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    formats.set(zone, format);
  }
  return format.format(milliseconds);
}

/** Slow and plain: the earliest minute of the last 50 hours that shows the same date, then the millisecond within it. */
function firstByScanning(milliseconds: number, zone: string): number {
  const date = dateIn(zone, milliseconds);
  let earliest = milliseconds;
  for (let at = milliseconds; at > milliseconds - 50 * 60 * minute; at -= minute)
    if (dateIn(zone, at) === date) earliest = at;
  let other = earliest - minute;
  while (earliest - other > 1) {
    const middle = Math.floor((earliest + other) / 2);
    if (dateIn(zone, middle) === date) earliest = middle;
    else other = middle;
  }
  return earliest;
}

function first(text: string, zone: string): string {
  return formatInstant(firstInstantOfDay(parseInstant(text) as bigint, zone)).slice(0, 19);
}

describe('the day on which clocks change', () => {
  // zone, first instant of the day, last second of the day (both UTC)
  test.each([
    // midnight is missing: the day begins at 01:00
    ['America/Havana', 'spring', '2024-03-10T05:00:00', '2024-03-11T03:59:59'],
    ['Africa/Cairo', 'spring', '2024-04-25T22:00:00', '2024-04-26T20:59:59'],
    ['Asia/Beirut', 'spring', '2024-03-30T22:00:00', '2024-03-31T20:59:59'],
    ['America/Santiago', 'spring', '2024-09-08T04:00:00', '2024-09-09T02:59:59'],
    ['America/Asuncion', 'spring', '2023-10-01T04:00:00', '2023-10-02T02:59:59'],
    ['Asia/Tehran', 'spring', '2022-03-21T20:30:00', '2022-03-22T19:29:59'],
    // midnight comes twice: the earlier one counts
    ['America/Havana', 'autumn', '2024-11-03T04:00:00', '2024-11-04T04:59:59'],
    // the hour before midnight comes twice
    ['Africa/Cairo', 'autumn', '2024-10-30T21:00:00', '2024-10-31T21:59:59'],
    ['Asia/Beirut', 'autumn', '2024-10-25T21:00:00', '2024-10-26T21:59:59'],
    ['America/Santiago', 'autumn', '2024-04-06T03:00:00', '2024-04-07T03:59:59'],
    ['America/Asuncion', 'autumn', '2024-03-23T03:00:00', '2024-03-24T03:59:59'],
    ['Asia/Tehran', 'autumn', '2022-09-20T19:30:00', '2022-09-21T20:29:59'],
    // and the day after those
    ['Africa/Cairo', 'after autumn', '2024-10-31T22:00:00', '2024-11-01T21:59:59'],
    ['Asia/Beirut', 'after autumn', '2024-10-26T22:00:00', '2024-10-27T21:59:59'],
    // the change is in the morning
    ['Europe/Berlin', 'spring', '2024-03-30T23:00:00', '2024-03-31T21:59:59'],
    ['Europe/Berlin', 'autumn', '2024-10-26T22:00:00', '2024-10-27T22:59:59'],
    ['America/New_York', 'spring', '2024-03-10T05:00:00', '2024-03-11T03:59:59'],
    ['America/New_York', 'autumn', '2024-11-03T04:00:00', '2024-11-04T04:59:59'],
    ['Australia/Sydney', 'spring', '2024-10-05T14:00:00', '2024-10-06T12:59:59'],
    ['Australia/Sydney', 'autumn', '2024-04-06T13:00:00', '2024-04-07T13:59:59'],
    // half an hour, and two hours
    ['Australia/Lord_Howe', 'spring', '2024-10-05T13:30:00', '2024-10-06T12:59:59'],
    ['Australia/Lord_Howe', 'autumn', '2024-04-06T13:00:00', '2024-04-07T13:29:59'],
    ['Antarctica/Troll', 'spring', '2024-03-31T00:00:00', '2024-03-31T21:59:59'],
    ['Antarctica/Troll', 'autumn', '2024-10-26T22:00:00', '2024-10-27T23:59:59'],
    // one minute past midnight: the new day begins, ends after a minute, and begins again
    ['America/St_Johns', 'spring', '2006-04-02T03:30:00', '2006-04-03T02:29:59'],
    ['America/St_Johns', 'autumn', '2006-10-29T02:30:00', '2006-10-30T03:29:59'],
    ['America/St_Johns', 'before autumn', '2006-10-28T02:30:00', '2006-10-29T03:29:59'],
    // the date line moved: a day left out, a day of 47 hours
    ['Pacific/Apia', 'skipped a day', '2011-12-30T10:00:00', '2011-12-31T09:59:59'],
    ['Pacific/Kwajalein', 'repeated a day', '1969-09-29T13:00:00', '1969-10-01T11:59:59'],
    // offsets with seconds, before there was standard time
    ['Europe/Berlin', 'local mean time', '1776-07-03T23:06:32', '1776-07-04T23:06:31'],
  ])('%s, %s: from %s', (zone, _name, begin, end) => {
    expect(first(begin, zone)).toBe(begin);
    expect(first(end, zone)).toBe(begin);
    const [from, until] = [begin, end].map((text) => parseInstant(text) as bigint) as [bigint, bigint];
    expect(first(formatInstant(from + 123_456_789n), zone)).toBe(begin);
    if (!begin.startsWith('2006-10')) expect(first(formatInstant((from + until) / 2n), zone)).toBe(begin);
  });

  test('an instant that is the first of its day, with digits below the millisecond, is lowered to it', () => {
    expect(formatInstant(firstInstantOfDay(parseInstant('2026-11-21T00:00:00.000000999') as bigint, 'UTC'))).toBe(
      '2026-11-21T00:00:00.000000',
    );
  });

  test('no day begins before the year 1, which could not be read back', () => {
    expect(firstInstantOfDay(earliestInstant, 'America/New_York')).toBe(earliestInstant);
  });
});

test('at or before the instant, on the same local date, and nothing earlier is', () => {
  const zones = Intl.supportedValuesOf('timeZone');
  const span = { min: Date.UTC(1900, 0, 1), max: Date.UTC(2100, 0, 1) };
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.integer(span), (zone, milliseconds) => {
      const result = Number(firstInstantOfDay(instantFromMilliseconds(milliseconds), zone) / 1_000_000n);
      expect(result).toBeLessThanOrEqual(milliseconds);
      expect(dateIn(zone, result)).toBe(dateIn(zone, milliseconds));
      expect(dateIn(zone, result - 1)).not.toBe(dateIn(zone, milliseconds));
      expect(result).toBe(firstByScanning(milliseconds, zone));
    }),
    { numRuns: 150 },
  );
});

test('around the changes themselves, where chance seldom looks', () => {
  const cases = [
    ['America/Havana', Date.UTC(2024, 2, 10, 5), Date.UTC(2024, 10, 3, 5)],
    ['Africa/Cairo', Date.UTC(2024, 3, 25, 22), Date.UTC(2024, 9, 31, 21)],
    ['Asia/Beirut', Date.UTC(2024, 2, 30, 22), Date.UTC(2024, 9, 26, 21)],
    ['America/St_Johns', Date.UTC(2006, 3, 2, 3, 31), Date.UTC(2006, 9, 29, 2, 31)],
    ['America/Santiago', Date.UTC(2024, 8, 8, 4), Date.UTC(2024, 3, 7, 3)],
    ['Antarctica/Troll', Date.UTC(2024, 2, 31, 1), Date.UTC(2024, 9, 27, 1)],
    ['Europe/Dublin', Date.UTC(2024, 2, 31, 1), Date.UTC(2024, 9, 27, 1)],
    ['Pacific/Kwajalein', Date.UTC(1969, 8, 30, 13), Date.UTC(1993, 7, 20, 12)],
    ['Africa/Casablanca', Date.UTC(2024, 2, 10, 2), Date.UTC(2024, 3, 14, 2)],
    ['America/Scoresbysund', Date.UTC(2024, 2, 31, 1), Date.UTC(2024, 9, 27, 1)],
  ] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...cases),
      fc.boolean(),
      fc.integer({ min: -50 * 60 * minute, max: 50 * 60 * minute }),
      ([zone, one, other], which, offset) => {
        const milliseconds = (which ? one : other) + offset;
        expect(Number(firstInstantOfDay(instantFromMilliseconds(milliseconds), zone) / 1_000_000n)).toBe(
          firstByScanning(milliseconds, zone),
        );
      },
    ),
    { numRuns: 150 },
  );
});
