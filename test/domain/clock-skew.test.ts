import { describe, expect, test } from 'vitest';

import { createScenario, refusal } from './scenario.ts';

describe('a clock that was wrong', () => {
  const succeeded = () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-21T08:00:00' } });
    scenario.open('2026-11-21T10:00:00');
    scenario.close('2026-11-21T10:05:00');
    return scenario;
  };

  test('five seconds are jitter: now is the stored start', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-21T08:00:00' } });
    scenario.open('2026-11-21T10:00:05');
    expect(scenario.notice('2026-11-21T10:00:00')).toBe(false);
    const second = scenario.open('2026-11-21T10:00:00');
    expect(scenario.state()['job1']).toMatchObject({
      batch_start: '2026-11-21T10:00:05.000000',
      from_date: '2026-11-21T08:00:00.000000',
      batch_id: second.batchId,
    });
  });

  test('an open after a success is refused, also after the clock has caught up', () => {
    const scenario = succeeded();
    expect(scenario.notice('2026-11-21T09:59:54.999999')).toBe(true);
    expect(scenario.notice('2026-11-21T09:59:55')).toBe(false);
    for (const later of ['2026-11-21T09:59:56', '2026-11-21T10:00:01', '2026-11-22T10:00:00']) {
      expect(refusal(() => scenario.open(later))).toBe('clock-skew');
    }
  });

  test('by force it runs the last window again: how far the data went, nobody knows', () => {
    const scenario = succeeded();
    scenario.notice('2026-11-21T09:30:00');
    scenario.open('2026-11-21T11:00:00', { force: true });
    expect(scenario.from()).toBe('2026-11-21T08:00:00.000000');
    scenario.close('2026-11-21T11:05:00');
    scenario.open('2026-11-21T12:00:00');
    expect(scenario.from()).toBe('2026-11-21T11:00:00.000000');
  });

  test('by force not after the instant at which it was noticed', () => {
    const scenario = succeeded();
    scenario.open('2026-11-21T10:30:00');
    scenario.close('2026-11-21T10:31:00');
    scenario.notice('2026-11-21T09:30:00');
    scenario.open('2026-11-21T11:00:00', { force: true });
    expect(scenario.from()).toBe('2026-11-21T09:30:00.000000');
  });

  test('a clock that goes back again lowers the mark', () => {
    const scenario = succeeded();
    scenario.open('2026-11-21T10:30:00');
    scenario.close('2026-11-21T10:31:00');
    scenario.notice('2026-11-21T09:50:00');
    expect(scenario.notice('2026-11-21T09:55:00')).toBe(false);
    expect(scenario.notice('2026-11-21T09:40:00')).toBe(true);
    scenario.open('2026-11-21T11:00:00', { force: true });
    expect(scenario.from()).toBe('2026-11-21T09:40:00.000000');
  });

  test('any other status takes the earlier of the two at once', () => {
    const scenario = succeeded();
    scenario.open('2026-11-21T10:30:00');
    scenario.fail('2026-11-21T10:31:00');
    scenario.notice('2026-11-21T09:30:00');
    scenario.open('2026-11-21T09:31:00');
    expect(scenario.from()).toBe('2026-11-21T09:30:00.000000');
  });

  test('a PATCH of from_date ends it', () => {
    const scenario = succeeded();
    scenario.notice('2026-11-21T09:30:00');
    scenario.edit('2026-11-21T11:00:00', { set: { from_date: '2026-11-21T09:00:00' } });
    scenario.open('2026-11-21T11:01:00');
    expect(scenario.from()).toBe('2026-11-21T09:00:00.000000');
  });

  test('a load may not begin where only the wrong end would let it', () => {
    const scenario = succeeded();
    scenario.notice('2026-11-21T09:30:00');
    const load = (from: string) => () => scenario.load('2026-11-21T12:00:00', { job1: { from_date: from } });
    expect(refusal(load('2026-11-21T09:00:00'))).toBe('watermark-forward');
    load('2026-11-21T08:00:00')();
    expect(scenario.from()).toBe('2026-11-21T08:00:00');
  });
});
