import { describe, expect, test } from 'vitest';

import { deleteWorkflow } from '../../src/domain/delete-workflow.ts';
import { loadConfiguration } from '../../src/domain/configuration.ts';
import { decodeLedger, encodeLedger, type Workflow } from '../../src/domain/workflow.ts';
import { at, createScenario, type Maps, mapsOf, refusal } from './scenario.ts';

const t = (minute: number): string => `2026-11-21T10:${String(minute).padStart(2, '0')}:00`;
const other = { from_date: '2026-11-01' };

/** job1 is loaded up to `t(0)`. */
function loaded() {
  const scenario = createScenario({ job1: { from_date: '2026-11-20' }, other });
  scenario.open(t(0), { jobs: ['job1'] });
  scenario.close(t(1), { jobs: ['job1'] });
  return scenario;
}

describe('a job that left and comes back', () => {
  test.each([
    ['later than it was loaded', t(2), 'watermark-forward'],
    ['where it was loaded up to', t(0), null],
    ['earlier', t(0).replace('T10', 'T09'), null],
  ])('%s', (_when, fromDate, code) => {
    const scenario = loaded();
    scenario.load(t(2), { other });
    scenario.load(t(3), { other });
    const load = (force: boolean) => () => scenario.load(t(4), { other, job1: { from_date: fromDate } }, { force });
    if (code !== null) expect(refusal(load(false))).toBe(code);
    load(code !== null)();
    expect(scenario.workflow().ledger.departed).toEqual(new Map());
  });

  test('is checked in a merge, too', () => {
    const scenario = loaded();
    scenario.load(t(2), { other });
    expect(refusal(() => scenario.load(t(3), { job1: { from_date: t(2) } }, { mode: 'merge' }))).toBe(
      'watermark-forward',
    );
  });

  test('after another program has taken it out: what precedes its last window is proven', () => {
    const scenario = loaded();
    scenario.forget('job1');
    expect(refusal(() => scenario.load(t(3), { other, job1: { from_date: '2026-11-20T00:00:01' } }))).toBe(
      'watermark-forward',
    );
    scenario.load(t(3), { other, job1: { from_date: '2026-11-20' } });
  });

  test('after another program has taken it out, whatever was done with the others meanwhile', () => {
    const scenario = loaded();
    scenario.forget('job1');
    scenario.open(t(2), { jobs: ['other'] });
    scenario.close(t(3), { jobs: ['other'] });
    expect(refusal(() => scenario.load(t(4), { job1: { from_date: '2026-11-20T00:00:01' } }, { mode: 'merge' }))).toBe(
      'watermark-forward',
    );
  });

  test('and never had a date, so that nothing was loaded', () => {
    const scenario = createScenario({ job1: {}, other });
    scenario.load(t(0), { other });
    scenario.load(t(1), { other, job1: { from_date: t(0) } });
  });

  test('with its whole workflow, deleted and loaded anew', () => {
    const scenario = loaded();
    const request = { force: false, reason: null, now: at(t(2)), by: 'test' };
    const { next } = deleteWorkflow(scenario.workflow(), request);
    const ledger = decodeLedger(encodeLedger(next.ledger));
    const load = (maps: Maps): Workflow =>
      loadConfiguration(
        'wf1',
        null,
        ledger,
        { jobs: mapsOf(maps), infa: null },
        {
          ...request,
          mode: 'replace',
          initialDate: at('1776-07-04T23:59:00'),
        },
      ).next;
    expect(refusal(() => load({ job1: { from_date: t(2) } }))).toBe('watermark-forward');
    expect(load({ job1: { from_date: t(0) } }).ledger.departed).toEqual(new Map([['other', at('2026-11-01')]]));
  });
});

describe('a repeated end without a key', () => {
  test('meets the jobs that it ended, not those that had another end', () => {
    const scenario = createScenario({ a: { from_date: '2026-11-20' }, b: { from_date: '2026-11-20' } });
    const { batchId } = scenario.open(t(0));
    scenario.fail(t(1), { jobs: ['b'] });
    scenario.close(t(2), { batchId });
    expect(scenario.close(t(3), { batchId })).toBeNull();
    expect(scenario.fail(t(3), { batchId })).toBeNull();
    expect(scenario.workflow().jobs.get('a')?.get('status')).toBe('success');
  });
});
