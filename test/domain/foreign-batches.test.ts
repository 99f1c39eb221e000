import { describe, expect, test } from 'vitest';

import { adoptWorkflow } from '../../src/domain/adopt.ts';
import { provenWindow, type RecordJob } from '../../src/domain/change.ts';
import { at, createScenario, refusal } from './scenario.ts';

const t = (minute: number): string => `2026-11-21T10:${String(minute).padStart(2, '0')}:00`;
type Scenario = ReturnType<typeof createScenario>;

/** As the older program does: every job of the hash gets the status. */
function endByOlderProgram(scenario: Scenario, status: 'success' | 'failure', minute: number): void {
  for (const [job, parameters] of Object.entries(scenario.state()))
    scenario.foreign(job, { ...parameters, status, batch_end: t(minute) });
}

function touch(scenario: Scenario, minute: number) {
  const change = adoptWorkflow(scenario.workflow(), true, at(t(minute)));
  scenario.write(change);
  return change;
}

const recorded = (scenario: Scenario, id: number): RecordJob =>
  scenario.records.get(String(id))?.jobs.get('job1') as RecordJob;

describe('a batch that we opened and another program', () => {
  test('closed: its record and the coverage say so, once, up to the end that was told', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20', emit_to_date: true, lag_minutes: 30 } });
    const { batchId } = scenario.open(t(0));
    endByOlderProgram(scenario, 'success', 5);
    const change = touch(scenario, 6);
    expect(change?.journal).toMatchObject([{ jobs: [{ before: { status: 'open' }, after: { status: 'success' } }] }]);
    expect(change?.records[0]?.jobs.get('job1')?.copy?.get('status')).toBe('success');
    expect(recorded(scenario, batchId)).toMatchObject({ status: 'success', batchEnd: at(t(5)) });
    expect(provenWindow('batch', recorded(scenario, batchId))).toEqual({
      from: at('2026-11-20'),
      until: at('2026-11-21T09:30:00'),
    });
    expect(touch(scenario, 7)).toBeNull();
    scenario.open(t(8));
    expect(scenario.from()).toBe('2026-11-21T09:30:00.000000');
  });

  test('failed: its record says so, also where the next open is what looks first', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20' } });
    const { batchId } = scenario.open(t(0));
    endByOlderProgram(scenario, 'failure', 5);
    scenario.open(t(8));
    expect(recorded(scenario, batchId)).toMatchObject({ status: 'failed', batchEnd: at(t(5)) });
    expect(scenario.from()).toBe('2026-11-20T00:00:00.000000');
  });

  test('superseded: nobody takes its window for loaded, and its late client is fenced off', () => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20', require_fence: true } });
    const { batchId } = scenario.open(t(0));
    const theirs = batchId + 60;
    scenario.foreign('job1', { ...scenario.state()['job1'], batch_id: theirs, batch_start: t(1) });
    touch(scenario, 2);
    expect(recorded(scenario, batchId)).toEqual({
      status: 'failed',
      fromDate: at('2026-11-20'),
      until: at(t(0)),
      batchStart: at(t(0)),
      batchEnd: null,
      reason: 'another program took its place',
      endedBy: 'another program',
    });
    expect(scenario.records.get(String(theirs))).toMatchObject({ opening: { kind: 'foreign' } });
    expect(refusal(() => scenario.close(t(3), { batchId }))).toBe('stale-batch');
    expect(refusal(() => scenario.close(t(3)))).toBe('fence-required');
    expect(touch(scenario, 4)).toBeNull();
  });

  test.each(['at once', 'when it is next opened'])('replaced by a configuration of its own, seen %s', (when) => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20' } });
    const { batchId } = scenario.open(t(0));
    scenario.foreign('job1', { from_date: '2026-11-19', require_fence: true });
    if (when === 'at once') touch(scenario, 2);
    scenario.open(t(3));
    expect(recorded(scenario, batchId)).toMatchObject({ status: 'failed', reason: 'another program took its place' });
    // The client of the batch that was replaced may still be alive.
    expect(refusal(() => scenario.close(t(4)))).toBe('fence-required');
  });

  test('took out of the hash: its record does not stay open for ever', () => {
    const scenario = createScenario({ job1: {}, job2: {} });
    const { batchId } = scenario.open(t(0));
    scenario.forget('job1');
    touch(scenario, 2);
    expect(recorded(scenario, batchId)).toMatchObject({ status: 'failed' });
    expect(touch(scenario, 3)).toBeNull();
  });
});

test.each(['replace', 'merge'] as const)(
  'where another program removed the whole hash, a load (%s) ends the record',
  (mode) => {
    const scenario = createScenario({ job1: { from_date: '2026-11-20' } });
    const { batchId } = scenario.open(t(0));
    scenario.forget('job1');
    scenario.load(t(2), { job1: { from_date: '2026-11-20' } }, { mode });
    expect(recorded(scenario, batchId)).toMatchObject({ status: 'failed', reason: 'another program took its place' });
    expect(scenario.open(t(3)).batchId).toBeGreaterThan(batchId);
    expect(scenario.from()).toBe('2026-11-20T00:00:00.000000');
  },
);

describe('a batch that another program opened', () => {
  test('and closed after we saw it open: its record follows, its copy stays that program’s', () => {
    const scenario = createScenario({ job1: {} });
    const head = { status: 'open', batch_id: 1795255000, from_date: '2026-11-20', batch_start: t(0), batch_end: null };
    scenario.foreign('job1', head);
    touch(scenario, 1);
    expect(recorded(scenario, 1795255000)).toMatchObject({ status: 'open' });
    endByOlderProgram(scenario, 'success', 5);
    const change = touch(scenario, 6);
    expect(change?.records[0]?.jobs.get('job1')?.copy).toBeNull();
    expect(provenWindow('foreign', recorded(scenario, 1795255000))).toEqual({
      from: at('2026-11-20'),
      until: at(t(0)),
    });
    expect(touch(scenario, 7)).toBeNull();
  });
});
