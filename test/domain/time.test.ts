import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  durationFromDecimal,
  earliestInstant,
  epochSeconds,
  floorToMicrosecond,
  formatInstant,
  instantFromMilliseconds,
  isTimeZone,
  latestInstant,
  localDate,
  parseInstant,
  splitInstant,
  subtractDuration,
} from '../../src/domain/time.ts';

const hour = 3_600_000_000_000n;

describe('reading times', () => {
  test.each([
    ['2026-11-21', '2026-11-21T00:00:00.000000'],
    ['2026-11-21T21:53', '2026-11-21T21:53:00.000000'],
    ['2026-11-21 21:53', '2026-11-21T21:53:00.000000'],
    ['2026-11-21T21:53:34', '2026-11-21T21:53:34.000000'],
    ['2026-11-21 21:53:34', '2026-11-21T21:53:34.000000'],
    ['2026-11-21T21:53:34.2', '2026-11-21T21:53:34.200000'],
    ['2026-11-21T21:53:34.23', '2026-11-21T21:53:34.230000'],
    ['2026-11-21T21:53:34.123456', '2026-11-21T21:53:34.123456'],
    ['2026-11-21T21:53:34.123456789', '2026-11-21T21:53:34.123456'],
    ['2026-11-21T21:53:34Z', '2026-11-21T21:53:34.000000'],
    ['2026-11-21 21:53:34 Z', '2026-11-21T21:53:34.000000'],
    ['2026-11-21T21:53Z', '2026-11-21T21:53:00.000000'],
    ['2026-11-21T21:53:34+02:00', '2026-11-21T19:53:34.000000'],
    ['2026-11-21T21:53:34.5-0330', '2026-11-22T01:23:34.500000'],
    ['2026-11-21 21:53:34.5+02', '2026-11-21T19:53:34.500000'],
    ['2026-11-21 21:53:34 +05:45', '2026-11-21T16:08:34.000000'],
    ['2024-02-29', '2024-02-29T00:00:00.000000'],
    ['1776-07-04T23:59:00', '1776-07-04T23:59:00.000000'],
    ['0001-01-01', '0001-01-01T00:00:00.000000'],
    ['0099-12-31T23:59:59.999999', '0099-12-31T23:59:59.999999'],
    ['9999-12-31T23:59:59.999999', '9999-12-31T23:59:59.999999'],
    ['9999-12-31T23:59:59.999999999', '9999-12-31T23:59:59.999999'],
  ])('%s is %s', (text, expected) => {
    const instant = parseInstant(text);
    expect(instant).not.toBeNull();
    expect(formatInstant(instant as bigint)).toBe(expected);
  });

  test.each([
    '',
    ' ',
    'yesterday',
    '2026',
    '2026-11',
    '2026-1-2',
    '26-11-21',
    '12026-11-21',
    '+002026-11-21',
    '2026-11-21T',
    '2026-11-21T21',
    '2026-11-21T24:00:00',
    '2026-11-21T25:00',
    '2026-11-21T21:60',
    '2026-11-21T21:53:60',
    '2026-11-21T21:53:34.',
    '2026-11-21T21:53:34.1234567890',
    '2026-11-21T21:53:34,5',
    '2026-11-21T21:53:34+2',
    '2026-11-21T21:53:34+02:60',
    '2026-11-21T21:53:34+19:00',
    '2026-11-21T21:53:34\n+02:00',
    '2026-11-21T21:53:34 Europe/Berlin',
    ' 2026-11-21',
    '2026-11-21 ',
    '2026-11-21\n',
    '2026-00-10',
    '2026-13-10',
    '2026-02-29',
    '2026-04-31',
    '2024-02-30',
    '0000-12-31',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '２０２６-11-21',
  ])('%j is no time', (text) => {
    expect(parseInstant(text)).toBeNull();
  });

  test('what is written is read back, to the microsecond, over all years', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: earliestInstant, max: latestInstant }), (instant) => {
        const text = formatInstant(instant);
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
        expect(parseInstant(text)).toBe(floorToMicrosecond(instant));
      }),
    );
  });

  test('the form that is written here is read like every other, on days met before and on new ones', () => {
    const clock = fc.tuple(...[24, 60, 60, 1_000_000].map((max) => fc.nat({ max })));
    const day = fc.bigInt({ min: earliestInstant, max: latestInstant });
    fc.assert(
      fc.property(day, clock, fc.boolean(), (instant, [hours, minutes, seconds, micros], metBefore) => {
        const date = new Date(splitInstant(instant).milliseconds).toISOString().slice(0, 10);
        if (metBefore) expect(formatInstant(instant).slice(0, 10)).toBe(date);
        const pad = (field: number | undefined, length: number): string => String(field).padStart(length, '0');
        const text = `${date}T${pad(hours, 2)}:${pad(minutes, 2)}:${pad(seconds, 2)}.${pad(micros, 6)}`;
        expect(parseInstant(text)).toBe(parseInstant(`${text}Z`));
      }),
    );
  });

  test('what is written is what the language writes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: earliestInstant, max: latestInstant }), (instant) => {
        const { milliseconds } = splitInstant(instant);
        expect(formatInstant(instant).slice(0, 23)).toBe(new Date(milliseconds).toISOString().slice(0, 23));
      }),
    );
  });

  test('nine fraction digits are kept while calculating', () => {
    const instant = parseInstant('2026-11-21T21:53:34.123456789') as bigint;
    expect(instant % 1_000_000_000n).toBe(123_456_789n);
    expect(subtractDuration(instant, hour) % 1_000_000_000n).toBe(123_456_789n);
  });
});

describe('parts of an instant', () => {
  test.each([
    [-1n, { milliseconds: -1, nanoseconds: 999_999n }, -1, -1000n],
    [0n, { milliseconds: 0, nanoseconds: 0n }, 0, 0n],
    [1_999_999_999n, { milliseconds: 1999, nanoseconds: 999_999n }, 1, 1_999_999_000n],
    [-1_000_000_000n, { milliseconds: -1000, nanoseconds: 0n }, -1, -1_000_000_000n],
  ])('%s rounds down on both sides of the epoch', (instant, split, seconds, micros) => {
    expect(splitInstant(instant)).toEqual(split);
    expect(epochSeconds(instant)).toBe(seconds);
    expect(floorToMicrosecond(instant)).toBe(micros);
  });

  test('milliseconds become nanoseconds', () => expect(instantFromMilliseconds(1500)).toBe(1_500_000_000n));

  test('nothing is before the year 1', () => {
    expect(subtractDuration(0n, latestInstant - earliestInstant)).toBe(earliestInstant);
    expect(formatInstant(earliestInstant)).toBe('0001-01-01T00:00:00.000000');
  });
});

describe('durations', () => {
  const longest = latestInstant - earliestInstant;
  test.each([
    ['0', 'hours', 0n],
    ['0.0', 'hours', 0n],
    ['0e99999999999', 'hours', 0n],
    ['1', 'hours', hour],
    ['24', 'hours', 24n * hour],
    ['1.5', 'hours', hour + hour / 2n],
    ['1.0', 'hours', hour],
    ['1e-3', 'hours', 3_600_000_000n],
    ['1E+2', 'hours', 100n * hour],
    ['0.1', 'hours', hour / 10n],
    ['90', 'minutes', hour + hour / 2n],
    ['0.5', 'minutes', 30_000_000_000n],
    // what is no whole nanosecond is rounded up: the date may only be lowered
    ['0.0000000000001', 'hours', 1n],
    ['1e-300', 'minutes', 1n],
    ['1e-99999999999999999999', 'hours', 1n],
    ['1e308', 'hours', longest],
    ['1e99999999999999999999', 'hours', longest],
    ['99999999999999999999999999999999999', 'hours', longest],
    [`1${'0'.repeat(500)}e-500`, 'hours', hour],
    [`1${'0'.repeat(500)}e-450`, 'hours', longest],
    [`0.${'0'.repeat(449)}1e450`, 'hours', hour],
  ] as const)('%s %s', (source, unit, expected) => {
    expect(durationFromDecimal(source, unit)).toBe(expected);
  });

  test.each(['', '-1', '+1', '.5', '1.', '1e', 'NaN', 'Infinity', '0x10', '1_000', ' 1'])(
    '%j is no number',
    (source) => {
      expect(() => durationFromDecimal(source, 'hours')).toThrow(RangeError);
    },
  );

  test('never less than what was asked, and less than a nanosecond more', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.nat({ max: 12 }), (digits, decimals) => {
        const padded = digits.toString().padStart(decimals + 1, '0');
        const cut = padded.length - decimals;
        const source = decimals === 0 ? padded : `${padded.slice(0, cut)}.${padded.slice(cut)}`;
        const scale = 10n ** BigInt(decimals);
        const duration = durationFromDecimal(source, 'hours');
        if (duration === longest) return;
        const rest = duration * scale - digits * hour;
        expect(rest >= 0n && rest < scale).toBe(true);
      }),
    );
  });
});

describe('zones', () => {
  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires'])('%s is one', (zone) =>
    expect(isTimeZone(zone)).toBe(true),
  );
  test.each(['', 'Mars/Olympus', 'Europe/Berlin ', '../../etc/passwd', '__proto__'])('%j is none', (zone) =>
    expect(isTimeZone(zone)).toBe(false),
  );

  test.each([
    ['2026-11-21T23:30:00', 'Europe/Berlin', '2026-11-22'],
    ['2026-11-21T03:30:00', 'America/New_York', '2026-11-20'],
    ['2011-12-30T09:59:59.999999', 'Pacific/Apia', '2011-12-29'],
    ['2011-12-30T10:00:00', 'Pacific/Apia', '2011-12-31'],
    ['9999-12-31T23:00:00', 'Asia/Tokyo', '+010000-01-01'],
  ])('%s in %s is %s', (text, zone, date) => expect(localDate(parseInstant(text) as bigint, zone)).toBe(date));
});
