import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { provenWindow } from '../../src/domain/change.ts';
import {
  decodeJournalEntry,
  decodeRecord,
  encodeJournalEntry,
  encodeRecordJob,
  encodeRecordOpening,
} from '../../src/domain/change-text.ts';
import { jobCoverage } from '../../src/domain/coverage.ts';
import { businessDate, jobReadiness } from '../../src/domain/readiness.ts';
import { readSpecialParameters, type SpecialParameters } from '../../src/domain/special-parameters.ts';
import { at, createScenario } from './scenario.ts';

const window = (batchId: number, from: number, until: number) => ({
  job: 'job1',
  batchId,
  from: BigInt(from),
  until: BigInt(until),
});

test('gaps and overlaps', () => {
  const { gaps, overlaps } = jobCoverage('job1', [
    window(3, 30, 40),
    window(1, 0, 10),
    window(2, 8, 20),
    window(4, 32, 35),
  ]);
  expect(gaps).toEqual([{ from: 20n, until: 30n }]);
  expect(overlaps).toEqual([
    { from: 8n, until: 10n, batchIds: [1, 2] },
    { from: 32n, until: 35n, batchIds: [3, 4] },
  ]);
  expect(jobCoverage('job1', [window(1, 0, 10), window(2, 10, 20)])).toMatchObject({ gaps: [], overlaps: [] });
});

test('an instant is in a gap exactly where no window covers it between the first and the last', () => {
  const windows = fc.array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 10 })), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(windows, fc.integer({ min: 0, max: 65 }), (pairs, at) => {
      const found = pairs.map(([from, length], index) => window(index, from, from + length));
      const { gaps } = jobCoverage('job1', found);
      const instant = BigInt(at);
      const covered = found.some(({ from, until }) => from <= instant && instant < until);
      const within = found.some(({ from }) => from <= instant) && found.some(({ until }) => until > instant);
      expect(gaps.some(({ from, until }) => from <= instant && instant < until)).toBe(within && !covered);
    }),
  );
});

test('only a success proves a window, and none that a configuration claims', () => {
  const outcome = {
    status: 'success' as const,
    fromDate: 1n,
    until: 2n,
    batchStart: 2n,
    batchEnd: 3n,
    reason: null,
    endedBy: null,
  };
  expect(provenWindow('batch', outcome)).toEqual({ from: 1n, until: 2n });
  expect(provenWindow('init', outcome)).toBeNull();
  for (const change of [
    { status: 'failed' as const },
    { status: 'open' as const },
    { fromDate: null },
    { until: null },
    { until: 1n },
  ])
    expect(provenWindow('foreign', { ...outcome, ...change })).toBeNull();
});

test('records and journal entries are read back as they were written', () => {
  const scenario = createScenario({ a: { from_date: '2026-11-20' }, '10': {} });
  scenario.open('2026-11-21T10:00:00');
  scenario.fail('2026-11-21T10:01:00', { jobs: ['a'], reason: 'disk "full"\n' });
  const change = scenario.close('2026-11-21T10:02:00', { parameters: new Map([['10', { rows: 1 }]]) });
  for (const entry of change?.journal ?? []) expect(decodeJournalEntry(encodeJournalEntry(entry))).toEqual(entry);
  expect(change?.journal[0]?.jobs[0]?.changed).toEqual(['rows']);
  for (const record of scenario.records.values()) {
    const jobs = [...record.jobs].map(([job, outcome]): [string, string] => [job, encodeRecordJob(outcome)]);
    expect(decodeRecord(record.id, encodeRecordOpening(record.opening), jobs)).toEqual(record);
  }
});

test.each([
  ['2026-11-21T05:59:00', 'UTC', 360, '2026-11-20'],
  ['2026-11-21T06:00:00', 'UTC', 360, '2026-11-21'],
  ['2026-11-21T04:59:00', 'Europe/Berlin', 360, '2026-11-20'],
  ['2026-11-21T05:00:00', 'Europe/Berlin', 360, '2026-11-21'],
  ['2026-03-01T00:00:00', 'UTC', 1, '2026-02-28'],
  ['2024-03-10T04:59:59', 'America/Havana', 0, '2024-03-09'],
  ['2024-03-10T05:00:00', 'America/Havana', 0, '2024-03-10'],
])('%s in %s, where the day begins at minute %i, is of %s', (instant, timezone, beginsAtMinute, date) => {
  expect(businessDate(at(instant), { timezone, beginsAtMinute })).toBe(date);
});

test.each([
  [{ status: 'success', batch_end: '2026-11-21T10:00:00' }, true, null],
  [{ status: 'success', batch_end: '2026-11-20T23:59:59.999999' }, false, /2026-11-20, not of 2026-11-21/],
  [{ status: 'success' }, false, /no batch_end/],
  [{ status: 'open', batch_start: '2026-11-21T10:00:00' }, false, /open since 2026-11-21T10:00:00/],
  [{ status: 'failure', batch_end: '2026-11-21T10:00:00' }, false, /failed at 2026-11-21T10:00:00/],
  [{}, false, /not been opened/],
])('%j on 2026-11-21: ready %s', (parameters, ready, why) => {
  const special = readSpecialParameters(new Map(Object.entries(parameters))) as SpecialParameters;
  const found = jobReadiness({ job: 'job1', special }, { date: '2026-11-21', timezone: 'UTC', beginsAtMinute: 0 });
  expect(found.ready).toBe(ready);
  if (why === null) expect(found.why).toBeNull();
  else expect(found.why).toMatch(why);
});
