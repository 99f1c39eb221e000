import { IANAZone } from 'luxon';
import { describe, expect, it } from 'vitest';

import { readCron } from '../../src/domain/cron.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { formatInstant, instantFromMilliseconds, parseInstant, splitInstant } from '../../src/domain/time.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

function firings(cron: string, zone: string, from: number, until: number): number[] {
  const { next } = readCron(cron, zone);
  const found: number[] = [];
  for (let at = next(instantFromMilliseconds(from)); at !== null; at = next(at)) {
    const { milliseconds } = splitInstant(at);
    if (milliseconds > until) break;
    found.push(milliseconds);
  }
  return found;
}

function after(cron: string, zone: string, text: string, count: number): string[] {
  const { next } = readCron(cron, zone);
  const found: string[] = [];
  let at = parseInstant(text);
  while (at !== null && found.length < count) {
    at = next(at);
    if (at !== null) found.push(formatInstant(at).slice(0, 19));
  }
  return found;
}

describe('when a cron expression fires', () => {
  it.each([
    ['15 3 * * *', 'UTC', '2026-11-22T03:15', ['2026-11-23T03:15:00', '2026-11-24T03:15:00']],
    ['15 3 * * *', 'UTC', '2026-11-22T03:14:59.999999', ['2026-11-22T03:15:00']],
    ['15 3 * * *', 'Asia/Kolkata', '2026-11-22', ['2026-11-22T21:45:00']],
    ['0 0 * * MON-FRI', 'UTC', '2026-11-20', ['2026-11-23T00:00:00']],
    ['0 0 1,15 * 1', 'UTC', '2026-11-01', ['2026-11-02T00:00:00', '2026-11-09T00:00:00', '2026-11-15T00:00:00']],
    ['0 12 L * *', 'UTC', '2028-02-01', ['2028-02-29T12:00:00']],
    ['0 0 29 2 *', 'UTC', '2026-01-01', ['2028-02-29T00:00:00', '2032-02-29T00:00:00']],
    ['*/20 30 4 * * *', 'UTC', '2026-11-22T04:30:20', ['2026-11-22T04:30:40', '2026-11-23T04:30:00']],
    [' 5   4 * * * ', 'UTC', '2026-11-22', ['2026-11-22T04:05:00']],
    // The clock of Berlin skips 02:00 to 03:00 on 29 March, and shows 02:00 to 03:00 twice on 25 October.
    [
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28',
      ['2026-03-28T01:30:00', '2026-03-29T01:00:00', '2026-03-30T00:30:00'],
    ],
    [
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24',
      ['2026-10-24T00:30:00', '2026-10-25T00:30:00', '2026-10-26T01:30:00'],
    ],
    ['0,20,40 2 * * *', 'Europe/Berlin', '2026-03-29', ['2026-03-29T01:00:00', '2026-03-30T00:00:00']],
    ['0 */2 * * *', 'Europe/Berlin', '2026-10-24T23:30', ['2026-10-25T00:00:00', '2026-10-25T03:00:00']],
    [
      '0 * * * *',
      'Europe/Berlin',
      '2026-10-24T23:30',
      ['2026-10-25T00:00:00', '2026-10-25T01:00:00', '2026-10-25T02:00:00'],
    ],
    ['0 0-23 * * *', 'Europe/Berlin', '2026-03-29T00:30', ['2026-03-29T01:00:00', '2026-03-29T02:00:00']],
    // In Nuuk 24 October 2026 has its last hour twice; the next such day is a year away.
    ['30 * 24 10 *', 'America/Nuuk', '2026-10-25T00:45', ['2026-10-25T01:30:00', '2027-10-24T01:30:00']],
  ])('%s in %s after %s', (cron, zone, from, expected) => {
    expect(after(cron, zone, from, expected.length)).toEqual(expected);
  });

  it.each([
    ['61 * * * *', 'minute', 'the minute is "61"'],
    ['0 24 * * *', 'hour', 'the hour is "24"'],
    ['0 0 0 * *', 'day of month', 'the day of month is "0"'],
    ['0 0 * 13 *', 'month', 'the month is "13"'],
    ['0 0 * * 8', 'day of week', 'the day of week is "8"'],
    ['60 0 0 * * *', 'second', 'the second is "60"'],
    ['H * * * *', 'minute', 'the minute is "H"'],
    ['0 0 30 2 *', 'day of month', '"0 0 30 2 *" says no time: its day of month never comes in its months'],
    ['0 0 31 2,4 *', 'day of month', 'never comes in its months'],
    ['0 0 L-400 * *', 'day of month', 'is "L-400": L, the last day of the month, stands by itself or in a list'],
    ['0 0 1-L * *', 'day of month', 'is "1-L": L, the last day of the month, stands by itself or in a list'],
    ['0 0 * * L', 'day of week', 'is "L": L follows a day, as in 5L'],
    ['0 0 * JUL-X *', 'month', 'is "JUL-X": '],
  ])('refuses %s and names the field', (cron, field, told) => {
    const error = refusal(() => readCron(cron, 'UTC'));
    expect(error.code).toBe('invalid-schedule');
    expect(error.facts).toEqual({ field });
    expect(error.detail).toContain(told);
    expect(error.places[0]?.pointer).toBe('/cron');
  });

  it.each(['', '* * * *', '* * * * * * *', '@daily', 'every day'])(
    'refuses %j for the number of its fields',
    (cron) => {
      expect(refusal(() => readCron(cron, 'UTC')).detail).toContain('expected five fields');
    },
  );

  it('refuses a time zone that there is not', () => {
    const error = refusal(() => readCron('0 0 * * *', 'Europe/Atlantis'));
    expect([error.code, error.places[0]?.pointer]).toEqual(['invalid-schedule', '/zone']);
  });
});

function refusal(work: () => unknown): BatchyError {
  try {
    work();
  } catch (error) {
    if (error instanceof BatchyError) return error;
  }
  throw new Error('it was not refused');
}

/** Half-hour changes, two-hour changes, changes at and around midnight, and those of Ramadan are among them. */
const zones = [
  'Europe/Berlin',
  'Europe/London',
  'America/New_York',
  'America/Santiago',
  'America/Havana',
  'America/Nuuk',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Antarctica/Troll',
];

describe.each(zones)('over every change of the clock of %s from 2024 to 2030', (name) => {
  const changes = changesOf(IANAZone.create(name));

  it('there are changes to look at', () => {
    expect(changes.length).toBeGreaterThanOrEqual(7);
  });

  it.each([0, 1, 2, 23])('30 %i * * * fires once on each local day', (named) => {
    for (const { from, until, shown } of changes) {
      const first = new Map([...shown].toReversed().map(([at, local]) => [local, at]));
      const days = new Set([...shown.values()].map((local) => Math.floor(local / day)));
      // The first and the last are not whole.
      const whole = [...days].slice(1, -1);
      const expected = whole.map((date) => {
        const meant = date * day + named * hour + 30 * minute;
        return first.get(meant) ?? endOfGap(shown, meant);
      });
      const fired = firings(`30 ${named} * * *`, name, from, until);
      expect(fired.filter((at) => whole.includes(Math.floor((shown.get(at) ?? 0) / day)))).toEqual(expected);
    }
  });

  it.each(['*/30', '10,45'])('%s * * * * fires at each instant at which the clock shows it', (named) => {
    const past = named === '*/30' ? [0, 30] : [10, 45];
    for (const { from, until, shown } of changes) {
      const expected = [...shown].filter(([at, local]) => at > from && past.includes((local % hour) / minute));
      expect(firings(`${named} * * * *`, name, from, until)).toEqual(expected.map(([at]) => at));
    }
  });
});

interface Change {
  readonly from: number;
  readonly until: number;
  /** What clocks show at each minute around it. */
  readonly shown: ReadonlyMap<number, number>;
}

/** Changes, with a day and a half before and after them. */
function changesOf(zone: IANAZone): Change[] {
  const days = Array.from({ length: 7 * 365 + 2 }, (_none, index) => Date.UTC(2024, 0, 1) + index * day);
  const changed = days.filter((at) => zone.offset(at) !== zone.offset(at + day));
  return changed.map((start) => {
    const [before, after] = [zone.offset(start) * minute, zone.offset(start + day) * minute];
    const minutes = Array.from({ length: day / minute }, (_none, index) => start + (index + 1) * minute);
    const changesAt = minutes.find((at) => zone.offset(at) * minute === after) ?? start;
    const [from, until] = [changesAt - 1.5 * day, changesAt + 1.5 * day];
    const around = Array.from({ length: (until - from) / minute + 1 }, (_none, index) => from + index * minute);
    return { from, until, shown: new Map(around.map((at) => [at, at + (at < changesAt ? before : after)])) };
  });
}

/** The first minute after which the clock shows more than what it never showed. */
function endOfGap(shown: Change['shown'], meant: number): number {
  for (const [at, local] of shown) {
    const before = shown.get(at - minute);
    if (before !== undefined && before < meant && local > meant) return at;
  }
  throw new Error('no gap');
}
