import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readSpecialParameters, type SpecialParameters } from '../../src/domain/special-parameters.ts';
import { firstInstantOfDay, formatInstant, type Instant, latestInstant } from '../../src/domain/time.ts';
import { nextWindow, readInitialDate, type WindowInput } from '../../src/domain/watermark.ts';
import type { KnownBatch } from '../../src/domain/workflow.ts';
import { at, createScenario, refusal } from './scenario.ts';

const hour = 3_600_000_000_000n;
const now = at('2026-11-21T12:00:00');
const initialDate = at('1776-07-04T23:59:00');
const instants = fc.bigInt({ min: at('1990-01-01'), max: now - 1n });

function special(parameters: Record<string, string | number | boolean | null>): SpecialParameters {
  const read = readSpecialParameters(new Map(Object.entries(parameters)));
  if ('problems' in read) throw new TypeError(JSON.stringify(read.problems));
  return read;
}

function batch(known: Partial<KnownBatch> & Pick<KnownBatch, 'start' | 'until'>): KnownBatch {
  return { id: 1, from: null, emitted: false, superseded: false, ended: true, owner: null, foreign: false, ...known };
}

function window(input: Partial<WindowInput> & Pick<WindowInput, 'special'>) {
  const known = input.known ?? null;
  return nextWindow({
    job: 'job1',
    ledger: { batch: known, skewNoticedAt: null },
    known,
    now,
    initialDate,
    force: false,
    ...input,
  });
}

describe('from_date', () => {
  test('after a success: until less the elapsed hours, to the nanosecond', () => {
    fc.assert(
      fc.property(instants, fc.nat({ max: 10_000 }), (start, hours) => {
        const read = { ...special({ status: 'success', reprocess_hours: hours }), batchStart: start };
        expect(window({ special: read, known: batch({ start, until: start }) }).from).toBe(
          start - BigInt(hours) * hour,
        );
      }),
    );
  });

  test('hours are elapsed ones, also over a change of clocks', () => {
    const read = {
      ...special({ status: 'success', reprocess_hours: 24, trunc_start: false, timezone: 'Europe/Berlin' }),
      batchStart: at('2026-03-29T10:00:00'),
    };
    expect(formatInstant(window({ special: read }).from)).toBe('2026-03-28T10:00:00.000000');
  });

  test('after the success of a batch that the ledger does not know: its start less the hours', () => {
    const read = special({ status: 'success', batch_start: '2026-11-21 10:00:00.123456', reprocess_hours: 1.5 });
    expect(formatInstant(window({ special: read }).from)).toBe('2026-11-21T08:30:00.123456');
  });

  test.each(['new', 'open', 'failed', 'failure'])('%s: the stored one', (status) => {
    const read = special({
      status,
      from_date: '2026-11-20T01:02:03.456789',
      batch_start: '2026-11-21T10:00:00',
      reprocess_hours: 5,
    });
    expect(window({ special: read })).toMatchObject({
      from: at('2026-11-20T01:02:03.456789'),
      rule: 'same-window-again',
    });
  });

  test('a success without a start: the stored one', () => {
    const read = special({ status: 'success', from_date: '2026-11-20', reprocess_hours: 5 });
    expect(formatInstant(window({ special: read }).from)).toBe('2026-11-20T00:00:00.000000');
  });

  test.each(['new', 'open', 'failed', 'success'])('%s, nothing stored: the initial date', (status) => {
    expect(window({ special: special({ status }) })).toMatchObject({ from: initialDate, rule: 'initial-date' });
  });

  test('trunc_start lowers a kept date, too, to the first instant of its local day', () => {
    const read = special({
      status: 'failed',
      from_date: '2026-11-20T23:30:00',
      trunc_start: true,
      timezone: 'Europe/Berlin',
    });
    expect(formatInstant(window({ special: read }).from)).toBe('2026-11-20T23:00:00.000000');
    const kept = special({ status: 'new', from_date: '2026-11-20T23:30:00', trunc_start: true });
    expect(formatInstant(window({ special: kept }).from)).toBe('2026-11-20T00:00:00.000000');
  });

  test('no rule raises a date, whatever is stored', () => {
    const statuses = fc.constantFrom('new' as const, 'open' as const, 'success' as const, 'failed' as const);
    const zones = fc.constantFrom('UTC', 'America/Havana', 'Africa/Cairo', 'Asia/Beirut', 'Pacific/Apia');
    const maybe = fc.option(instants);
    fc.assert(
      fc.property(
        statuses,
        instants,
        maybe,
        fc.option(instants),
        fc.boolean(),
        zones,
        fc.nat(500),
        (status, stored, start, noticed, truncStart, timezone, hours) => {
          const read = {
            ...special({ status }),
            fromDate: stored,
            batchStart: start,
            truncStart,
            timezone,
            reprocess: BigInt(hours) * hour,
          };
          const { from } = window({ special: read, ledger: { batch: null, skewNoticedAt: noticed }, force: true });
          const base = status === 'success' && start !== null ? start - read.reprocess : stored;
          expect(from <= base).toBe(true);
          if (noticed !== null) expect(from <= noticed).toBe(true);
          if (noticed !== null && status === 'success') expect(from <= stored || start === null).toBe(true);
          if (truncStart) expect(from === firstInstantOfDay(from, timezone)).toBe(true);
          else if (noticed === null) expect(from).toBe(base);
        },
      ),
    );
  });
});

describe('until', () => {
  const emitting = { emit_to_date: true, from_date: '2026-11-21T00:00:00' };
  const end = (input: Partial<WindowInput> & Pick<WindowInput, 'special'>): string =>
    formatInstant(window(input).until);

  test('of a job that does not emit: the start of the batch, though it carries a to_date, a lag and a bound of its own', () => {
    const read = special({ from_date: '2026-11-21', to_date: 'whenever', lag_minutes: -5, max_window_hours: 'no' });
    expect(end({ special: read })).toBe('2026-11-21T12:00:00.000000');
  });

  test.each([
    ['now', {}, '2026-11-21T12:00:00.000000'],
    ['less the lag', { lag_minutes: 7.5 }, '2026-11-21T11:52:30.000000'],
    ['at most so much after from_date', { max_window_hours: 1.5 }, '2026-11-21T01:30:00.000000'],
    ['whichever is earlier', { max_window_hours: 48, lag_minutes: 60 }, '2026-11-21T11:00:00.000000'],
    ['nulls mean nothing', { max_window_hours: null, lag_minutes: null }, '2026-11-21T12:00:00.000000'],
  ])('of one that emits: %s', (_name, more, expected) => {
    expect(end({ special: special({ ...emitting, ...more }) })).toBe(expected);
  });

  test.each(['open', 'failed'])('%s, emitted: kept', (status) => {
    const start = at('2026-11-21T10:00:00');
    const read = special({ ...emitting, status, lag_minutes: 1, max_window_hours: 3 });
    expect(
      end({ special: read, known: batch({ start, until: at('2026-11-21T09:30:00.123456'), emitted: true }) }),
    ).toBe('2026-11-21T09:30:00.123456');
  });

  test('failed, but nothing was told to the job, or another program opened it: a new one', () => {
    const read = special({ ...emitting, status: 'failed' });
    const start = at('2026-11-21T10:00:00');
    expect(end({ special: read, known: batch({ start, until: start }) })).toBe('2026-11-21T12:00:00.000000');
    expect(end({ special: read })).toBe('2026-11-21T12:00:00.000000');
  });

  test.each([
    ['a from_date in the future', special({ from_date: '2026-11-21T12:00:00.000001' })],
    ['a from_date that is now', special({ from_date: '2026-11-21T12:00:00' })],
    ['a lag longer than the window', special({ ...emitting, lag_minutes: 720 })],
  ])('empty-window: %s', (_name, read) => {
    expect(refusal(() => window({ special: read }))).toBe('empty-window');
  });

  test('a microsecond is a window', () => {
    expect(
      window({ special: special({ from_date: '2026-11-21T11:59:59.999999' }) }).until -
        at('2026-11-21T11:59:59.999999'),
    ).toBe(1000n);
  });
});

describe('settings with which no window could move on are refused', () => {
  const problems = (more: Record<string, string | number | boolean>): boolean =>
    'problems' in readSpecialParameters(new Map(Object.entries({ emit_to_date: true, ...more })));
  test.each([
    [{ max_window_hours: 24 }, false],
    [{ max_window_hours: 0 }, true],
    [{ max_window_hours: 24, reprocess_hours: 24 }, true],
    [{ max_window_hours: 24.5, reprocess_hours: 24 }, false],
    [{ max_window_hours: 24, trunc_start: true }, false],
    [{ max_window_hours: 23, trunc_start: true }, true],
    [{ max_window_hours: 24, trunc_start: true, timezone: 'Europe/Berlin' }, true],
    [{ max_window_hours: 25, trunc_start: true, timezone: 'Europe/Berlin' }, false],
    [{ max_window_hours: 25, trunc_start: true, reprocess_hours: 2 }, true],
    [{ max_window_hours: 26, trunc_start: true, reprocess_hours: 2 }, false],
  ])('%j', (more, refused) => expect(problems(more)).toBe(refused));

  test('a day in UTC, truncated, moves on by a day each time', () => {
    const scenario = createScenario({
      job1: { from_date: '2026-10-01', emit_to_date: true, max_window_hours: 24, trunc_start: true },
    });
    const begins = ['2026-10-01', '2026-10-02', '2026-10-03'].map((day) => {
      scenario.open(`2026-11-21T12:00:00`);
      scenario.close('2026-11-21T12:00:01');
      return [scenario.from(), `${day}T00:00:00.000000`];
    });
    for (const [from, expected] of begins) expect(from).toBe(expected);
  });
});

test('the default initial date is that of the known program', () => {
  expect(readInitialDate('1776-07-04T23:59:00')).toBe(initialDate);
  expect(() => readInitialDate('soon')).toThrow(RangeError);
});

test('huge hours end at the year 1', () => {
  const read = special({ status: 'success', batch_start: '2026-11-21', reprocess_hours: 1e308 });
  const { from }: { from: Instant } = window({ special: read });
  expect(formatInstant(from)).toBe('0001-01-01T00:00:00.000000');
  expect(
    formatInstant(
      window({
        special: special({ from_date: '0001-01-01', trunc_start: true, timezone: 'America/New_York' }),
        now: latestInstant,
      }).from,
    ),
  ).toBe('0001-01-01T00:00:00.000000');
});
