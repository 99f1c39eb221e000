import { describe, expect, test } from 'vitest';

import { createScenario, refusal } from './scenario.ts';

const t = (minute: number): string => `2026-11-21T10:${String(minute).padStart(2, '0')}:00`;
const opened = () => {
  const scenario = createScenario({
    job1: { from_date: '2026-11-20', emit_to_date: true, table: 'orders' },
    other: {},
  });
  return { scenario, batchId: scenario.open(t(0)).batchId };
};

test('an edited from_date makes the job new, so that the next open uses it', () => {
  const { scenario } = opened();
  scenario.close(t(1));
  scenario.edit(t(2), { set: { from_date: '2026-11-19T00:00:00' } });
  expect(scenario.status()).toBe('new');
  scenario.open(t(3), { jobs: ['job1'] });
  expect(scenario.state()['job1']).toMatchObject({
    from_date: '2026-11-19T00:00:00.000000',
    to_date: '2026-11-21T10:03:00.000000',
  });
});

test('removed or null, the next open begins at the initial date', () => {
  for (const request of [{ remove: ['from_date'] }, { set: { from_date: null } }]) {
    const { scenario } = opened();
    scenario.close(t(1));
    scenario.edit(t(2), request);
    scenario.open(t(3), { jobs: ['job1'] });
    expect(scenario.from()).toBe('1776-07-04T23:59:00.000000');
  }
});

test('other parameters leave status and watermark alone', () => {
  const { scenario } = opened();
  scenario.close(t(1));
  scenario.edit(t(2), { set: { table: 'lines', new: [1] }, remove: [] });
  expect(scenario.state()['job1']).toMatchObject({ status: 'success', table: 'lines', new: [1] });
  scenario.open(t(3), { jobs: ['job1'] });
  expect(scenario.from()).toBe('2026-11-21T10:00:00.000000');
});

describe('while open', () => {
  test('refused without force', () => {
    const { scenario } = opened();
    const before = scenario.texts();
    expect(refusal(() => scenario.edit(t(1), { set: { table: 'x' } }))).toBe('batch-open');
    expect(refusal(() => scenario.edit(t(1), { set: { from_date: '2026-11-19' } }))).toBe('batch-open');
    expect(scenario.texts()).toEqual(before);
  });

  test('a forced edit of from_date fails the batch: its client can end nothing any more', () => {
    const { scenario, batchId } = opened();
    scenario.edit(t(1), { set: { from_date: '2026-11-19' }, force: true });
    expect(scenario.records.get(String(batchId))?.jobs.get('job1')).toMatchObject({
      status: 'failed',
      reason: 'the watermark was edited',
    });
    expect(scenario.records.get(String(batchId))?.jobs.get('other')).toMatchObject({ status: 'open' });
    expect(refusal(() => scenario.close(t(2), { jobs: ['job1'], batchId }))).toBe('never-opened');
    scenario.close(t(2), { batchId });
    expect([scenario.status(), scenario.status('other')]).toEqual(['new', 'success']);
    scenario.open(t(3), { jobs: ['job1'] });
    expect(refusal(() => scenario.close(t(4), { batchId, jobs: ['job1'] }))).toBe('stale-batch');
  });

  test('the batch of an execution needs force, which takes it', () => {
    const { scenario } = opened();
    scenario.open(t(1), { jobs: ['job1'], owner: 'execution-1' });
    scenario.edit(t(2), { set: { from_date: '2026-11-19' }, force: true });
    scenario.open(t(3), { jobs: ['job1'] });
    expect(scenario.from()).toBe('2026-11-19T00:00:00.000000');
  });
});

describe('refused, and nothing is stored', () => {
  test.each([
    ['what a batch writes', { set: { status: 'success' } }],
    ['what a batch writes, removed', { remove: ['batch_start'] }],
    ['to_date of a job that emits', { set: { to_date: '2026-11-22' } }],
    ['to_date of a job that emits, removed', { remove: ['to_date'] }],
    ['a time that is none', { set: { from_date: 'soon' } }],
    ['a flag that is none', { set: { trunc_start: 'yes' } }],
    ['a number that is none', { set: { reprocess_hours: -0.5 } }],
    ['a zone that is none', { set: { trunc_start: true, timezone: 'Mars' } }],
    ['set and removed', { set: { table: 'x' }, remove: ['table'] }],
    ['removed, but not there', { remove: ['nothing'] }],
  ])('%s', (_name, request) => {
    const { scenario } = opened();
    scenario.close(t(1));
    const before = scenario.texts();
    expect(refusal(() => scenario.edit(t(2), request))).toBe('invalid-body');
    expect(scenario.texts()).toEqual(before);
  });

  test('a job that is not there', () =>
    expect(refusal(() => opened().scenario.edit(t(2), { job: 'constructor' }))).toBe('unknown-job'));
});

test('a job begins to emit: a to_date of its own that is no time must go first, or with it', () => {
  const scenario = createScenario({ job1: { to_date: 'whenever' } });
  expect(refusal(() => scenario.edit(t(0), { set: { emit_to_date: true } }))).toBe('invalid-body');
  scenario.edit(t(0), { set: { emit_to_date: true }, remove: ['to_date'] });
  scenario.edit(t(1), { set: { emit_to_date: false, to_date: 'mine' } });
  expect(scenario.state()['job1']).toEqual({ emit_to_date: false, to_date: 'mine' });
});

test('parameters named as every object’s are like any other', () => {
  const scenario = createScenario({ job1: { constructor: 1, toString: 2 } });
  scenario.edit(t(0), {
    set: JSON.parse('{"__proto__": {"x": 1}}') as Record<string, never>,
    remove: ['constructor', 'toString'],
  });
  expect(scenario.texts().head.get('job1')).toBe('{"__proto__":{"x":1}}');
});

test('what cannot be read is mended, also what only a batch may write', () => {
  const scenario = createScenario({ job1: {} });
  scenario.foreign('job1', { status: 'done', from_date: '2026-11-20', batch_id: '12' });
  expect(refusal(() => scenario.edit(t(0), { set: { status: 'success' } }))).toBe('invalid-body');
  scenario.edit(t(0), { set: { status: 'failed', batch_id: 12 } });
  scenario.open(t(1));
  expect(scenario.from()).toBe('2026-11-20T00:00:00.000000');
});
