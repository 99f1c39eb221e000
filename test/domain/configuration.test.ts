import { describe, expect, test } from 'vitest';

import { deleteWorkflow } from '../../src/domain/delete-workflow.ts';
import { loadConfiguration } from '../../src/domain/configuration.ts';
import { numberFromSource } from '../../src/domain/json.ts';
import { at, createScenario, type Maps, mapsOf, places, refusal } from './scenario.ts';

const t = (minute: number): string => `2026-11-21T10:${String(minute).padStart(2, '0')}:00`;
const succeeded = () => {
  const scenario = createScenario({ job1: { from_date: '2026-11-20', reprocess_hours: 1, table: 'orders' } });
  scenario.open(t(0));
  scenario.close(t(1));
  return scenario;
};

describe('load_cfg replaces', () => {
  test('the workflow is what the file says, types and text kept, in its order', () => {
    const file: Maps = {
      z: { from_date: '2026-11-20', n: numberFromSource('1.0'), big: numberFromSource('9007199254740993') },
      a: { list: [1, { x: null }] },
      '10': {},
      '9': {},
    };
    const scenario = createScenario({ job1: {} });
    scenario.load(t(0), file);
    const jobs = mapsOf(file);
    expect(scenario.workflow().jobs).toEqual(jobs);
    expect([...scenario.workflow().jobs.keys()]).toEqual([...jobs.keys()]);
    expect(scenario.texts().head.get('z')).toBe('{"from_date":"2026-11-20","n":1.0,"big":9007199254740993}');
  });

  test('a record of each load, even within one second', () => {
    const scenario = createScenario({ job1: {} });
    scenario.load(t(0), { job1: {} });
    scenario.load(t(0), { job1: {} });
    const inits = [...scenario.records.values()].filter(({ opening }) => opening.kind === 'init');
    expect(inits).toHaveLength(3);
    for (const { id } of inits) expect(id).toMatch(/^\d+-init$/);
  });

  test('batch ids go on growing', () => {
    const scenario = createScenario({ job1: { batch_id: 4_000_000_000 } });
    scenario.load(t(0), { job1: {} });
    expect(scenario.open(t(1)).batchId).toBe(4_000_000_001);
  });

  test('a batch id in the file must be new', () => {
    const scenario = succeeded();
    const batchId = scenario.state()['job1']?.['batch_id'] as number;
    for (const mode of ['replace', 'merge'] as const) {
      expect(refusal(() => scenario.load(t(5), { job2: { batch_id: batchId } }, { mode, force: true }))).toBe(
        'invalid-configuration',
      );
    }
    expect(refusal(() => scenario.load(t(5), { job1: { batch_id: batchId } }, { force: true }))).toBe(
      'invalid-configuration',
    );
    scenario.load(t(5), { job1: { batch_id: batchId + 1 } }, { force: true });
  });

  test('what cannot be read is refused, all places at once', () => {
    const load = () =>
      loadConfiguration(
        'wf1',
        null,
        createScenario({ a: {} }).workflow().ledger,
        {
          jobs: mapsOf({ a: { from_date: 'soon', trunc_start: 'maybe' }, 'b/~': { reprocess_hours: -1 } }),
          infa: null,
        },
        { mode: 'replace', force: true, reason: null, now: at(t(0)), initialDate: at('1776-07-04'), by: 'test' },
      );
    expect(refusal(load)).toBe('invalid-configuration');
    expect(places(load)).toEqual(['/a/trunc_start', '/a/from_date', '/b~1~0/reprocess_hours']);
  });

  test('a file without jobs is none', () =>
    expect(refusal(() => succeeded().load(t(5), {}))).toBe('invalid-configuration'));
});

describe('409 unless forced', () => {
  test.each(['replace', 'merge'] as const)('while a job is open (%s)', (mode) => {
    const scenario = createScenario({ a: { from_date: '2026-11-20' }, b: {} });
    const { batchId } = scenario.open(t(0), { jobs: ['a'] });
    const before = scenario.texts();
    expect(refusal(() => scenario.load(t(1), { a: {}, b: {} }, { mode }))).toBe('batch-open');
    expect(scenario.texts()).toEqual(before);
    scenario.load(t(1), { a: {}, b: {} }, { mode, force: true });
    expect(scenario.records.get(String(batchId))?.jobs.get('a')?.status).toBe(mode === 'merge' ? 'open' : 'failed');
    expect(scenario.status('a')).toBe(mode === 'merge' ? 'open' : undefined);
  });

  test.each([
    ['later than the end of the last window', { from_date: '2026-11-21T10:00:00.000001' }, true],
    ['at that end', { from_date: '2026-11-21T10:00:00' }, false],
    ['earlier', { from_date: '2026-01-01' }, false],
    ['not at all', {}, false],
    ['a success that began later', { status: 'success', batch_start: '2026-11-21T12:00:00' }, true],
    [
      'a success that began later, less the hours',
      { status: 'success', batch_start: '2026-11-21T12:00:00', reprocess_hours: 2 },
      false,
    ],
  ])('the file begins %s', (_name, parameters, refused) => {
    const scenario = succeeded();
    const load = (force: boolean) => () => scenario.load(t(5), { job1: parameters }, { force });
    if (refused) expect(refusal(load(false))).toBe('watermark-forward');
    else load(false)();
    load(true)();
    expect(scenario.state()['job1']).toEqual(parameters);
  });

  test('a failed window must not be left behind', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20' } });
    scenario.open(t(0));
    scenario.fail(t(1));
    expect(refusal(() => scenario.load(t(2), { job1: { from_date: '2026-11-20T00:00:01' } }))).toBe(
      'watermark-forward',
    );
  });

  test('the end that counts is what was told to the job, not when it began', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20', emit_to_date: true, lag_minutes: 30 } });
    scenario.open(t(0));
    scenario.close(t(1));
    expect(refusal(() => scenario.load(t(2), { job1: { from_date: '2026-11-21T09:30:01' } }))).toBe(
      'watermark-forward',
    );
    expect(
      refusal(() => scenario.load(t(2), { job1: { status: 'success', batch_start: '2026-11-21T10:00:00' } })),
    ).toBe('watermark-forward');
  });
});

describe('merge', () => {
  test('keeps what batches wrote, to_date among it, and takes all else from the file', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20', to_date: 'mine', gone: 1 }, left: {} });
    scenario.open(t(0), { jobs: ['job1'] });
    scenario.close(t(1), { jobs: ['job1'] });
    const before = scenario.state()['job1'] ?? {};
    scenario.load(
      t(2),
      { job1: { from_date: '2030-01-01', to_date: 'theirs', status: 'new', batch_id: 5, table: 'x' }, added: { y: 1 } },
      { mode: 'merge' },
    );
    const { gone, ...kept } = before;
    expect(gone).toBe(1);
    expect(scenario.state()).toEqual({ job1: { ...kept, table: 'x' }, added: { y: 1 } });
    scenario.open(t(3), { jobs: ['job1'] });
    expect(scenario.from()).toBe('2026-11-21T10:00:00.000000');
  });

  test('a job that begins to emit drops a to_date that was its user’s', () => {
    const scenario = createScenario({ job1: { to_date: 'whenever' } });
    scenario.load(t(0), { job1: { emit_to_date: true } }, { mode: 'merge' });
    expect(scenario.state()['job1']).toEqual({ emit_to_date: true });
  });

  test('keeps the end of an emitted window, which is not its start', () => {
    const job1 = { from_date: '2026-11-20', emit_to_date: true, lag_minutes: 30 };
    const scenario = createScenario({ job1 });
    scenario.open(t(0));
    scenario.close(t(1));
    scenario.load(t(2), { job1 }, { mode: 'merge' });
    scenario.open(t(40));
    expect(scenario.from()).toBe('2026-11-21T09:30:00.000000');
  });

  test('keeps it also where the stored settings could not be read', () => {
    const job1 = { from_date: '2026-11-20', emit_to_date: true, lag_minutes: 30 };
    const scenario = createScenario({ job1 });
    scenario.open(t(0));
    scenario.close(t(1));
    scenario.foreign('job1', { ...scenario.state()['job1'], trunc_start: 'maybe' });
    expect(refusal(() => scenario.load(t(2), { job1 }, { mode: 'merge' }))).toBe('unreadable-parameter');
    scenario.load(t(2), { job1 }, { mode: 'merge', force: true });
    scenario.open(t(40));
    expect(scenario.from()).toBe('2026-11-21T09:30:00.000000');
  });

  test('what it would keep and cannot be read is refused, not stored', () => {
    const scenario = createScenario({ job1: {} });
    scenario.foreign('job1', { from_date: 'garbage' });
    expect(refusal(() => scenario.load(t(0), { job1: {} }, { mode: 'merge', force: true }))).toBe(
      'unreadable-parameter',
    );
    scenario.load(t(0), { job1: {} }, { force: true });
    expect(scenario.state()).toEqual({ job1: {} });
  });

  test('a batch id of the file must be new where the job has none to keep', () => {
    const scenario = createScenario({ a: {}, b: {} });
    const { batchId } = scenario.open(t(0), { jobs: ['a'] });
    scenario.close(t(1));
    expect(refusal(() => scenario.load(t(2), { a: {}, b: { batch_id: batchId } }, { mode: 'merge' }))).toBe(
      'invalid-configuration',
    );
  });

  test('keeps the mark of a wrong clock', () => {
    const scenario = succeeded();
    scenario.notice('2026-11-21T09:30:00');
    scenario.load(t(2), { job1: { from_date: '2026-11-20' } }, { mode: 'merge' });
    expect(refusal(() => scenario.open(t(9)))).toBe('clock-skew');
  });
});

describe('a workflow that is deleted', () => {
  test('is not while a job is open, unless forced; its ids go on growing', () => {
    const scenario = succeeded();
    const { batchId } = scenario.open(t(5));
    const remove = (force: boolean) =>
      deleteWorkflow(scenario.workflow(), { force, reason: 'gone', now: at(t(6)), by: 'test' });
    expect(refusal(() => remove(false))).toBe('batch-open');
    const change = remove(true);
    expect(change).toMatchObject({
      deleted: true,
      journal: [{ type: 'workflow-deleted', reason: 'gone' }],
      next: { ledger: { lastBatchId: batchId } },
    });
    expect(change.records[0]?.jobs.get('job1')?.outcome).toMatchObject({
      status: 'failed',
      reason: 'the workflow was deleted',
    });
    expect(change.next.jobs.size).toBe(0);
    const again = loadConfiguration(
      'wf1',
      null,
      change.next.ledger,
      { jobs: mapsOf({ job1: { batch_id: batchId + 1 } }), infa: null },
      { mode: 'replace', force: false, reason: null, now: at(t(7)), initialDate: at('1776-07-04'), by: 'test' },
    );
    expect(again.next.ledger).toMatchObject({ lastBatchId: batchId + 1 });
  });
});
