import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certainInstant, wallClock } from '../../../src/domain/parameter-file/wall-clock.ts';
import { formatInstant, type Instant, parseInstant, splitInstant } from '../../../src/domain/time.ts';

const second = 1_000_000_000n;
const millisecond = 1_000_000n;

/** Zones with changes at midnight, of half an hour, of a day, around Ramadan, and of an odd number of seconds. */
const changes: readonly (readonly [zone: string, around: string])[] = [
  ['America/New_York', '2026-11-01T06:00:00'],
  ['America/New_York', '2026-03-08T07:00:00'],
  ['Europe/Berlin', '2026-10-25T01:00:00'],
  ['Europe/Berlin', '2026-03-29T01:00:00'],
  ['Europe/London', '2027-10-31T01:00:00'],
  ['America/Havana', '2026-11-01T05:00:00'],
  ['America/Havana', '2026-03-08T05:00:00'],
  ['Asia/Beirut', '2026-10-24T21:00:00'],
  ['Africa/Cairo', '2026-10-29T21:00:00'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00'],
  ['America/St_Johns', '2026-11-01T04:30:00'],
  ['Africa/Casablanca', '2026-02-15T02:00:00'],
  ['Pacific/Chatham', '2026-04-04T14:00:00'],
  ['Pacific/Apia', '2011-12-30T10:00:00'],
  ['Pacific/Kwajalein', '1969-09-30T13:00:00'],
  ['Europe/Amsterdam', '1937-06-30T23:40:28'],
  ['Asia/Kathmandu', '1985-12-31T18:30:00'],
];

function at(text: string): Instant {
  const instant = parseInstant(text);
  if (instant === null) throw new Error(`no time: ${text}`);
  return instant;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** The local time as `Intl` shows it, whole seconds, read as UTC: independent of the code under test. */
function shown(milliseconds: number, zone: string): number {
  const formatter =
    formatters.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  formatters.set(zone, formatter);
  const parts = new Map(formatter.formatToParts(milliseconds).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? Number.NaN;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
}

/** Every instant, in whole seconds, at which clocks show `wall`: the offsets are looked up every quarter of an hour. */
function readingsOf(wall: number, zone: string): number[] {
  const offsets = new Set<number>();
  for (let time = wall - 26 * 3_600_000; time <= wall + 26 * 3_600_000; time += 900_000)
    offsets.add(shown(time, zone) - time);
  return [...offsets].map((offset) => wall - offset).filter((reading) => shown(reading, zone) === wall);
}

function local(instant: Instant, zone: string): string {
  return formatInstant(BigInt(wallClock(splitInstant(instant).milliseconds, zone)) * millisecond);
}

describe('a local time that is certain', () => {
  it.each([
    // the hour that comes twice: first pass, second pass, both ends
    ['America/New_York', '2026-11-01T05:30:00', 'down', '2026-11-01T00:59:59.000000'],
    ['America/New_York', '2026-11-01T06:30:00', 'down', '2026-11-01T01:30:00.000000'],
    ['America/New_York', '2026-11-01T05:30:00', 'up', '2026-11-01T01:30:00.000000'],
    ['America/New_York', '2026-11-01T06:30:00', 'up', '2026-11-01T02:00:00.000000'],
    ['America/New_York', '2026-11-01T05:00:00', 'down', '2026-11-01T00:59:59.000000'],
    ['America/New_York', '2026-11-01T06:00:00', 'up', '2026-11-01T02:00:00.000000'],
    ['America/New_York', '2026-11-01T04:59:59.5', 'down', '2026-11-01T00:59:59.000000'],
    ['America/New_York', '2026-11-01T07:00:00', 'down', '2026-11-01T02:00:00.000000'],
    // the hour that is missing is not written
    ['America/New_York', '2026-03-08T06:59:59.5', 'up', '2026-03-08T03:00:00.000000'],
    ['America/New_York', '2026-03-08T07:00:00.5', 'down', '2026-03-08T03:00:00.000000'],
    // far from any change
    ['UTC', '2026-07-01T12:00:00.000001', 'down', '2026-07-01T12:00:00.000000'],
    ['UTC', '2026-07-01T12:00:00.000001', 'up', '2026-07-01T12:00:01.000000'],
    ['UTC', '1776-07-04T23:59:00.5', 'down', '1776-07-04T23:59:00.000000'],
    ['Europe/Amsterdam', '1776-07-04T23:59:00', 'down', '1776-07-05T00:16:30.000000'],
  ] as const)('%s, %s, %s', (zone, instant, outwards, text) => {
    expect(local(certainInstant(at(instant), zone, second, outwards), zone)).toBe(text);
  });

  const nearChange = fc.tuple(
    fc.constantFrom(...changes),
    fc.integer({ min: -3 * 3_600_000, max: 3 * 3_600_000 }),
    fc.bigInt({ min: 0n, max: 999_999n }),
  );

  it('has no reading after a lower bound, and the next one has', () => {
    fc.assert(
      fc.property(nearChange, ([[zone, around], offset, nanoseconds]) => {
        const instant = at(around) + BigInt(offset) * millisecond + nanoseconds;
        const { milliseconds } = splitInstant(certainInstant(instant, zone, second, 'down'));
        const wall = shown(milliseconds, zone);
        const readings = readingsOf(wall, zone);
        expect(readings).toContain(milliseconds);
        for (const reading of readings) expect(BigInt(reading) * millisecond).toBeLessThanOrEqual(instant);
        const next = readingsOf(shown(milliseconds + 1000, zone), zone);
        expect(Math.max(...next, -8.64e15)).toBeGreaterThan(splitInstant(instant).milliseconds);
      }),
      { numRuns: 400 },
    );
  });

  it('has no reading before an upper bound, and the one before has', () => {
    fc.assert(
      fc.property(nearChange, ([[zone, around], offset, nanoseconds]) => {
        const instant = at(around) + BigInt(offset) * millisecond + nanoseconds;
        const { milliseconds } = splitInstant(certainInstant(instant, zone, second, 'up'));
        const wall = shown(milliseconds, zone);
        const readings = readingsOf(wall, zone);
        expect(readings).toContain(milliseconds);
        for (const reading of readings) expect(BigInt(reading) * millisecond).toBeGreaterThanOrEqual(instant);
        const previous = readingsOf(shown(milliseconds - 1000, zone), zone);
        expect(BigInt(Math.min(...previous)) * millisecond).toBeLessThan(instant);
      }),
      { numRuns: 400 },
    );
  });

  it('loses no row of a column that holds local times', () => {
    fc.assert(
      fc.property(nearChange, fc.integer({ min: 0, max: 6 * 3_600_000 }), ([[zone, around], offset], later) => {
        const instant = at(around) + BigInt(offset) * millisecond;
        const from = shown(splitInstant(certainInstant(instant, zone, second, 'down')).milliseconds, zone);
        const to = shown(splitInstant(certainInstant(instant, zone, second, 'up')).milliseconds, zone);
        const { milliseconds } = splitInstant(instant);
        expect(shown(milliseconds + later, zone)).toBeGreaterThanOrEqual(from);
        expect(shown(milliseconds - 1 - later, zone)).toBeLessThan(to);
      }),
      { numRuns: 400 },
    );
  });
});
