import { describe, expect, test } from 'vitest';

import { adoptWorkflow } from '../../src/domain/adopt.ts';
import { epochSeconds } from '../../src/domain/time.ts';
import { at, createScenario, refusal } from './scenario.ts';

const t = (minute: number): string => `2026-11-21T10:${String(minute).padStart(2, '0')}:00`;
const six = (text: string): string => `${text}.000000`;

describe('acceptance', () => {
  test('2: an open on new with a from_date keeps it', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20T01:02:03.456789' } });
    scenario.open(t(0));
    expect(scenario.state()['job1']).toEqual({
      from_date: '2026-11-20T01:02:03.456789',
      batch_start: six(t(0)),
      batch_end: null,
      status: 'open',
      batch_id: epochSeconds(at(t(0))),
    });
  });

  test('3: open, close, open: from the first start less the hours, to the microsecond', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20', reprocess_hours: 1.5 } });
    scenario.open('2026-11-21T10:00:00.123456789');
    scenario.close(t(1));
    scenario.open(t(2));
    expect(scenario.from()).toBe('2026-11-21T08:30:00.123456');
  });

  test('4: open, fail, open: the same from_date, another id', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20' } });
    const first = scenario.open(t(0));
    scenario.fail(t(1));
    const second = scenario.open(t(2));
    expect(scenario.from()).toBe('2026-11-20T00:00:00.000000');
    expect(second.batchId).toBeGreaterThan(first.batchId);
  });

  test('5: open, open, close, open: from the second start; the first record says that it was superseded', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20' } });
    const first = scenario.open(t(0));
    const second = scenario.open(t(1));
    expect(scenario.from()).toBe('2026-11-20T00:00:00.000000');
    expect(scenario.records.get(String(first.batchId))?.jobs.get('job1')).toMatchObject({
      status: 'failed',
      reason: `superseded by batch ${second.batchId}`,
    });
    scenario.close(t(2));
    scenario.open(t(3));
    expect(scenario.from()).toBe(six(t(1)));
  });

  test('15: what the older program wrote is opened and closed; a user’s own to_date is carried', () => {
    const scenario = createScenario({ job1: {} });
    scenario.foreign('job1', {
      batch_id: 1467149783,
      status: 'failure',
      from_date: '2016-06-28 21:36:23.340234',
      batch_start: '2016-06-28 21:36:23',
      batch_end: null,
      to_date: 'whenever',
      trunc_start: false,
      reprocess_hours: 24,
    });
    scenario.open(t(0));
    expect(scenario.state()['job1']).toMatchObject({
      from_date: '2016-06-28T21:36:23.340234',
      to_date: 'whenever',
      status: 'open',
    });
    scenario.close(t(1));
    scenario.foreign('job1', {
      ...scenario.state()['job1'],
      batch_id: 1795255500,
      batch_start: '2026-11-21 10:05:00',
      status: 'success',
    });
    scenario.open(t(9));
    expect(scenario.state()['job1']).toMatchObject({ from_date: '2026-11-20T10:05:00.000000', to_date: 'whenever' });
  });

  test('16: emit_to_date: [d, t1), [d, t1), [t1 − hours, t3)', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20', emit_to_date: true, reprocess_hours: 1 } });
    const window = () => [scenario.from(), scenario.state()['job1']?.['to_date']];
    scenario.open(t(1));
    expect(window()).toEqual(['2026-11-20T00:00:00.000000', six(t(1))]);
    scenario.fail(t(2));
    scenario.open(t(3));
    expect(window()).toEqual(['2026-11-20T00:00:00.000000', six(t(1))]);
    scenario.close(t(4));
    scenario.open(t(5));
    expect(window()).toEqual(['2026-11-21T09:01:00.000000', six(t(5))]);
  });
});

describe('regressions of the known program', () => {
  test('it moves to now after a failure, so that data is skipped', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20' } });
    for (let minute = 0; minute < 20; minute += 2) {
      scenario.open(t(minute));
      scenario.fail(t(minute + 1));
    }
    scenario.open(t(30));
    expect(scenario.from()).toBe('2026-11-20T00:00:00.000000');
  });

  test('it leaks one job’s date into the next (acceptance 6)', () => {
    const jobs = {
      truncated: { from_date: '2026-11-18T05:00:00', trunc_start: true },
      repeated: { from_date: '2026-11-17T05:00:00', reprocess_hours: 48 },
      failing: { from_date: '2026-11-16T05:00:00', trunc_start: true, reprocess_hours: 3 },
      bare: {},
    };
    const scenario = createScenario(jobs);
    scenario.open(t(0), { jobs: ['truncated', 'repeated', 'failing'] });
    scenario.fail(t(1), { jobs: ['failing'] });
    scenario.close(t(2));
    scenario.open(t(3));
    expect(Object.fromEntries(Object.keys(jobs).map((job) => [job, scenario.from(job)]))).toEqual({
      truncated: '2026-11-21T00:00:00.000000',
      repeated: '2026-11-19T10:00:00.000000',
      failing: '2026-11-16T00:00:00.000000',
      bare: '1776-07-04T23:59:00.000000',
    });
  });

  test('it overwrites batches opened within a second', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20' } });
    const ids = Array.from({ length: 50 }, () => scenario.open(t(0)).batchId);
    expect(new Set(ids).size).toBe(50);
    expect(ids.toSorted((one, other) => one - other)).toEqual(ids);
    for (const id of ids) expect(scenario.records.has(String(id))).toBe(true);
  });
});

describe('ids', () => {
  test('grow beyond every id in index or head, also of a map that cannot be read', () => {
    const scenario = createScenario({ a: {}, b: {} });
    scenario.foreign('b', { batch_id: 4_000_000_000, from_date: 'garbage' });
    expect(scenario.open(t(0), { jobs: ['a'] }).batchId).toBe(4_000_000_001);
    expect(refusal(() => scenario.open(t(1), { jobs: ['b'] }))).toBe('unreadable-parameter');
  });

  test('never come twice, not even where no greater number is exact', () => {
    const scenario = createScenario({ job1: { batch_id: Number.MAX_SAFE_INTEGER - 1 } });
    expect(scenario.open(t(0)).batchId).toBe(Number.MAX_SAFE_INTEGER);
    scenario.close(t(1));
    expect(refusal(() => scenario.open(t(2)))).toBe('unreadable-parameter');
  });

  test.each([1.5, -1, '1467149783', true, Number.MAX_SAFE_INTEGER + 1])('%j is none', (batch_id) => {
    const scenario = createScenario({ job1: {} });
    scenario.foreign('job1', { batch_id });
    expect(refusal(() => scenario.open(t(0)))).toBe('unreadable-parameter');
  });
});

describe('what an open does beside', () => {
  test('if_open=reject refuses only where an addressed job is open', () => {
    const scenario = createScenario({ a: {}, b: {} });
    scenario.open(t(0), { jobs: ['a'] });
    const before = scenario.texts();
    expect(refusal(() => scenario.open(t(1), { ifOpen: 'reject' }))).toBe('batch-open');
    expect(scenario.texts()).toEqual(before);
    scenario.open(t(1), { jobs: ['b'], ifOpen: 'reject' });
    expect(scenario.status('b')).toBe('open');
  });

  test('one job’s refusal refuses all', () => {
    const scenario = createScenario({ a: {}, b: { from_date: '2027-01-01' } });
    const before = scenario.texts();
    expect(refusal(() => scenario.open(t(1)))).toBe('empty-window');
    expect(scenario.texts()).toEqual(before);
  });

  test('a name given twice counts once', () => {
    const scenario = createScenario({ a: {}, b: {} });
    expect(scenario.open(t(0), { jobs: ['b', 'a', 'b'] }).windows.map(({ job }) => job)).toEqual(['a', 'b']);
  });

  test('emitting may be switched on and off between batches: no window is left out', () => {
    const scenario = createScenario({
      job1: { from_date: '2026-11-21T09:00:00', emit_to_date: true, lag_minutes: 10 },
    });
    scenario.open(t(0));
    scenario.edit(t(1), { set: { emit_to_date: false }, force: true });
    scenario.close(t(2));
    scenario.open(t(10));
    expect(scenario.state()['job1']).toMatchObject({
      from_date: '2026-11-21T09:50:00.000000',
      to_date: '2026-11-21T09:50:00.000000',
    });
    scenario.edit(t(11), { set: { emit_to_date: true }, force: true });
    scenario.fail(t(12));
    scenario.open(t(20));
    expect(scenario.state()['job1']).toMatchObject({ from_date: '2026-11-21T09:50:00.000000', to_date: six(t(10)) });
    scenario.close(t(21));
    scenario.open(t(40));
    expect(scenario.from()).toBe(six(t(10)));
  });
});

describe('a head that another program wrote', () => {
  const foreign = {
    status: 'success',
    batch_id: 1795255000,
    from_date: '2026-11-20',
    batch_start: t(0),
    batch_end: t(1),
  };

  test('is taken into ledger and index once', () => {
    const scenario = createScenario({ job1: {}, other: {} });
    scenario.foreign('job1', foreign);
    const change = adoptWorkflow(scenario.workflow(), true, at(t(5)));
    expect(change?.records).toMatchObject([{ id: '1795255000', only: 'absent', opening: { kind: 'foreign' } }]);
    scenario.write(change);
    expect(adoptWorkflow(scenario.workflow(), true, at(t(6)))).toBeNull();
    expect(adoptWorkflow(scenario.workflow(), false, at(t(6)))).not.toBeNull();
    expect(scenario.state()['job1']).toEqual(foreign);
    scenario.open(t(7), { jobs: ['job1'] });
    expect(scenario.from()).toBe(six(t(0)));
  });

  test.each(['success', 'open'] as const)(
    'or that we wrote ourselves before the ledger was lost (%s): the next window begins where the job was told to end',
    (status) => {
      const scenario = createScenario({
        job1: { from_date: '2026-11-01', emit_to_date: true, max_window_hours: 24 },
        job2: { from_date: '2026-11-01', emit_to_date: true, lag_minutes: 90, reprocess_hours: 1 },
      });
      scenario.open(t(0));
      if (status === 'success') scenario.close(t(1));
      scenario.loseLedger();
      if (status === 'open') scenario.close(t(1));
      scenario.open(t(2));
      expect([scenario.from('job1'), scenario.from('job2')]).toEqual([
        '2026-11-02T00:00:00.000000',
        '2026-11-21T07:30:00.000000',
      ]);
    },
  );

  test('is not forgotten by an edit or a mark in between', () => {
    const scenario = createScenario({ job1: {} });
    scenario.foreign('job1', foreign);
    scenario.edit(t(2), { set: { note: 'x' } });
    scenario.notice('2026-11-21T09:00:00');
    expect(scenario.workflow().ledger.jobs.get('job1')).toMatchObject({
      batch: { id: 1795255000, foreign: true },
      skewNoticedAt: at('2026-11-21T09:00:00'),
    });
  });
});
