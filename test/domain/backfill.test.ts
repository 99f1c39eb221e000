import { expect, test } from 'vitest';

import { endBackfill, openBackfill } from '../../src/domain/backfill.ts';
import { type BatchRecord, provenWindow, type RecordJob } from '../../src/domain/change.ts';
import type { EndRequest } from '../../src/domain/end-batch.ts';
import { at, createScenario, refusal } from './scenario.ts';

const t = (minute: number): string => `2026-11-21T10:${String(minute).padStart(2, '0')}:00`;

const ending: Omit<EndRequest, 'outcome' | 'batchId'> = {
  jobs: null,
  force: false,
  reason: null,
  requireFence: true,
  parameters: new Map(),
  now: at(t(2)),
  by: 'test',
  owner: null,
  recordedStarts: null,
};

function begun() {
  const scenario = createScenario({ a: { from_date: '2026-11-20', rows: 0 }, b: {} });
  scenario.open(t(0));
  scenario.close(t(1));
  const head = scenario.texts().head;
  const request = {
    jobs: null,
    from: at('2026-10-01'),
    until: at('2026-10-02'),
    now: at(t(1)),
    reason: 'lost',
    by: 'test',
    owner: null,
  };
  const backfill = openBackfill(scenario.workflow(), request);
  scenario.write(backfill.change);
  const record = () => scenario.records.get(String(backfill.batchId)) as BatchRecord;
  const end = (outcome: EndRequest['outcome'], more: Partial<EndRequest> = {}) => {
    const whole: EndRequest = { ...ending, outcome, batchId: backfill.batchId, ...more };
    const ended = endBackfill(scenario.workflow(), record(), backfill.opened, whole);
    scenario.write(ended.change);
    return ended;
  };
  return { scenario, head, request, backfill, record, end };
}

test('has an id and a record of its own, tells the window, and never touches the head', () => {
  const { scenario, head, backfill, record, end } = begun();
  expect(backfill.batchId).toBeGreaterThan(scenario.state()['a']?.['batch_id'] as number);
  expect(Object.fromEntries(backfill.opened.get('b') ?? [])).toMatchObject({
    from_date: '2026-10-01T00:00:00.000000',
    to_date: '2026-10-02T00:00:00.000000',
    status: 'open',
    batch_id: backfill.batchId,
  });
  end('success');
  expect(record().opening.kind).toBe('backfill');
  expect(provenWindow('backfill', record().jobs.get('a') as RecordJob)).toEqual({
    from: at('2026-10-01'),
    until: at('2026-10-02'),
  });
  expect(scenario.texts().head).toEqual(head);
  expect(scenario.open(t(3)).batchId).toBeGreaterThan(backfill.batchId);
  expect(scenario.from('a')).toBe('2026-11-21T10:00:00.000000');
});

test('ends by the table of transitions, each job by itself, a name given twice once', () => {
  const { record, end } = begun();
  expect(end('failed', { jobs: ['b', 'b'] }).change?.journal[0]?.jobs).toHaveLength(1);
  end('success');
  expect([...record().jobs.values()].map(({ status }) => status)).toEqual(['success', 'failed']);
  expect(end('success', { jobs: ['a'] }).change).toBeNull();
  expect(refusal(() => end('success', { jobs: ['b'] }))).toBe('override-required');
  end('success', { jobs: ['b'], force: true, reason: 'it was there' });
  end('failed', { jobs: ['a'] });
  expect([...record().jobs.values()].map(({ status }) => status)).toEqual(['failed', 'success']);
});

test('that an execution owns is ended by others only with force, as long as it is open', () => {
  const { scenario, request } = begun();
  const owned = openBackfill(scenario.workflow(), { ...request, owner: '7' });
  scenario.write(owned.change);
  const end = (outcome: EndRequest['outcome'], more: Partial<EndRequest>) => {
    const record = scenario.records.get(String(owned.batchId)) as BatchRecord;
    const whole = { ...ending, batchId: owned.batchId, outcome, ...more };
    const { change, undone, undoneWindows } = endBackfill(scenario.workflow(), record, owned.opened, whole);
    scenario.write(change);
    expect(undoneWindows).toEqual(undone === null ? [] : [{ job: 'a', from: request.from, until: request.until }]);
    return undone;
  };
  for (const outcome of ['success', 'failed'] as const)
    for (const owner of [null, '8']) expect(refusal(() => end(outcome, { owner }))).toBe('owned');
  expect(end('success', { jobs: ['a'], owner: '7' })).toBeNull();
  expect(end('failed', { jobs: ['b'], force: true })).toBeNull();
  expect(end('failed', { jobs: ['a'] })).toBe(owned.batchId);
  const { jobs } = scenario.records.get(String(owned.batchId)) as BatchRecord;
  expect([...jobs.values()].map(({ status }) => status)).toEqual(['failed', 'failed']);
});

test('takes the user’s parameters along, not special ones', () => {
  const { end } = begun();
  expect(refusal(() => end('success', { parameters: new Map([['a', { to_date: 'x' }]]) }))).toBe('invalid-body');
  expect(refusal(() => end('success', { parameters: new Map([['c', { rows: 1 }]]) }))).toBe('invalid-body');
  expect(refusal(() => end('success', { jobs: ['c'] }))).toBe('unknown-job');
  expect(
    end('success', { parameters: new Map([['a', { rows: 9 }]]) })
      .jobs.get('a')
      ?.get('rows'),
  ).toBe(9);
});

test.each([
  ['empty', { from: at('2026-10-02') }],
  ['backwards', { from: at('2026-10-03') }],
  ['in the future', { until: at('2026-11-21T10:01:00.000001') }],
])('a window that is %s is refused', (_name, window) => {
  const { scenario, request } = begun();
  expect(refusal(() => openBackfill(scenario.workflow(), { ...request, ...window }))).toBe('invalid-body');
});

test('a job that is not there is refused', () => {
  const { scenario, request } = begun();
  expect(refusal(() => openBackfill(scenario.workflow(), { ...request, jobs: ['c'] }))).toBe('unknown-job');
});
