import { describe, expect, test } from 'vitest';

import { endBatch, type EndRequest } from '../../src/domain/end-batch.ts';
import { batchEvents, batchTransitions, type Status, statuses, worstStatus } from '../../src/domain/transitions.ts';
import { workflowStatus } from '../../src/domain/workflow.ts';
import { formatInstant } from '../../src/domain/time.ts';
import type { UndoneWindow } from '../../src/domain/windows-in-doubt.ts';
import { at, createScenario, refusal } from './scenario.ts';

const two = { a: { from_date: '2026-11-20' }, b: { from_date: '2026-11-20' } };
const t = (minute: number): string => `2026-11-21T10:${String(minute).padStart(2, '0')}:00`;

/** Whose batch an end would undo, and of which jobs; nothing is written. */
function undoneBy(scenario: ReturnType<typeof createScenario>, request: Partial<EndRequest>): [number | null, string] {
  const given: EndRequest = {
    outcome: 'failed',
    jobs: null,
    batchId: null,
    force: false,
    reason: null,
    requireFence: false,
    parameters: new Map(),
    now: at(t(5)),
    by: 'test',
    owner: null,
    recordedStarts: null,
    ...request,
  };
  const { undone, undoneWindows } = endBatch(scenario.workflow(), given);
  return [undone, undoneWindows.map(told).join()];
}

function told({ job, from, until }: UndoneWindow): string {
  return [job, from, until]
    .map((each) => (typeof each === 'bigint' ? formatInstant(each).slice(8, 16) : each))
    .join(' ');
}

/** A job in each status, after a life that leads there. */
function inStatus(status: Status) {
  const scenario = createScenario({ job1: { from_date: '2026-11-20' } });
  if (status !== 'new') scenario.open(t(0));
  if (status === 'success') scenario.close(t(1));
  if (status === 'failed') scenario.fail(t(1));
  const { head } = scenario.texts();
  const batchId = status === 'new' ? null : (scenario.state()['job1']?.['batch_id'] as number);
  return { scenario, batchId, unchanged: () => expect(scenario.texts().head).toEqual(head) };
}

describe('every entry of the table of transitions', () => {
  const guards = { none: false, force: true, 'force-and-reason': true, 'batch-id-or-force': true } as const;
  test.each(statuses.flatMap((status) => batchEvents.map((event) => [status, event] as const)))(
    '%s, %s',
    (status, event) => {
      const move = batchTransitions[status][event];
      const { scenario, unchanged } = inStatus(status);
      const act = (force: boolean): void => {
        const named = { jobs: ['job1'], force, reason: force ? 'why not' : null };
        if (event === 'open') scenario.open(t(5), { force });
        else if (event === 'edit-watermark') scenario.edit(t(5), { set: { from_date: '2026-11-19' }, force });
        else scenario.end(t(5), event === 'close' ? 'success' : 'failed', named);
      };
      if (move.to === 'refused') {
        expect(refusal(() => act(true))).toBe(move.code);
        unchanged();
      } else if (move.to === 'unchanged') {
        act(true);
        unchanged();
      } else {
        if (guards[move.guard]) {
          expect(refusal(() => act(false))).toBe(status === 'open' ? 'batch-open' : 'override-required');
          unchanged();
        }
        act(guards[move.guard]);
        expect(scenario.status()).toBe(move.to);
      }
    },
  );

  test('failed → success needs both the force and a reason with words in it', () => {
    const { scenario, batchId, unchanged } = inStatus('failed');
    for (const request of [{ force: true }, { force: true, reason: '  ' }, { reason: 'why not' }, { batchId }]) {
      expect(refusal(() => scenario.close(t(5), { jobs: ['job1'], ...request }))).toBe('override-required');
    }
    unchanged();
  });

  test('success → failed by the batch id, and the whole window is run again', () => {
    const { scenario, batchId } = inStatus('success');
    scenario.fail(t(5), { batchId });
    scenario.open(t(6));
    expect(scenario.from()).toBe('2026-11-20T00:00:00.000000');
  });

  test('success → failed says whose batch was undone, where it was one of ours', () => {
    const scenario = createScenario(two);
    const { batchId } = scenario.open(t(0), { owner: '7' });
    expect(scenario.records.get(String(batchId))?.opening.owner).toBe('7');
    expect(undoneBy(scenario, { outcome: 'success', batchId, owner: '7' })).toEqual([null, '']);
    scenario.close(t(1), { owner: '7' });
    expect(undoneBy(scenario, { outcome: 'failed', batchId, jobs: ['b'] })).toEqual([batchId, 'b 20T00:00 21T10:00']);
    scenario.fail(t(2), { batchId, jobs: ['b'] });
    expect(undoneBy(scenario, { outcome: 'failed', batchId })).toEqual([null, '']);
    expect(undoneBy(scenario, { outcome: 'failed', batchId, jobs: ['a', 'b'] })).toEqual([
      batchId,
      'a 20T00:00 21T10:00',
    ]);
    // Another program opens under the same id: what it has loaded was no execution's.
    for (const job of ['a', 'b'])
      scenario.foreign(job, { status: 'success', batch_id: batchId, batch_start: '2026-11-21 10:03:00' });
    expect(undoneBy(scenario, { outcome: 'failed', force: true, jobs: ['a'] })).toEqual([null, 'a  21T10:03']);
  });

  test.each([
    [[], 'new'],
    [['success', 'success'], 'success'],
    [['success', 'new'], 'new'],
    [['new', 'open', 'success'], 'open'],
    [['open', 'failed', 'success'], 'failed'],
  ] as const)('a workflow of %j is %s', (found, worst) => expect(worstStatus(found)).toBe(worst));
});

describe('what an end addresses', () => {
  test('the open jobs; those that had failed stay failed (acceptance 17)', () => {
    const scenario = createScenario(two);
    scenario.open(t(0));
    scenario.fail(t(1), { jobs: ['b'] });
    scenario.close(t(2));
    expect([scenario.status('a'), scenario.status('b')]).toEqual(['success', 'failed']);
    expect(workflowStatus(scenario.workflow())).toBe('failed');
  });

  test('with an id, those that carry it', () => {
    const scenario = createScenario(two);
    const first = scenario.open(t(0), { jobs: ['a'] });
    scenario.open(t(1), { jobs: ['b'] });
    scenario.close(t(2), { batchId: first.batchId });
    expect([scenario.status('a'), scenario.status('b')]).toEqual(['success', 'open']);
  });

  test.each([
    ['nothing is open', () => createScenario(two), {}, 'not-open'],
    ['several ids', () => openedApart(), {}, 'ambiguous'],
    ['several ids among the named', () => openedApart(), { jobs: ['a', 'b'] }, 'ambiguous'],
    [
      'an id that one of the named does not carry',
      () => openedApart(),
      { jobs: ['a', 'b'], batchId: 1 },
      'stale-batch',
    ],
    ['an id that nobody carries', () => openedApart(), { batchId: 7 }, 'stale-batch'],
    ['a job that is not there', () => openedApart(), { jobs: ['c'] }, 'unknown-job'],
    ['a name that every object has', () => openedApart(), { jobs: ['constructor'] }, 'unknown-job'],
    ['a job never opened', () => createScenario(two), { jobs: ['a'] }, 'never-opened'],
    ['of two, one never opened', () => openedA(), { jobs: ['a', 'b'] }, 'never-opened'],
  ] as const)('%s', (_name, begin, request, code) => {
    const scenario = begin();
    const before = scenario.texts();
    for (const outcome of ['success', 'failed'] as const) {
      expect(refusal(() => scenario.end(t(5), outcome, request))).toBe(code);
    }
    expect(scenario.texts()).toEqual(before);
  });

  function openedA() {
    const scenario = createScenario(two);
    scenario.open(t(0), { jobs: ['a'] });
    return scenario;
  }
  function openedApart() {
    const scenario = openedA();
    scenario.open(t(1), { jobs: ['b'] });
    return scenario;
  }

  test('the same outcome again changes nothing; a name given twice counts once', () => {
    const scenario = createScenario(two);
    const { batchId } = scenario.open(t(0));
    expect(scenario.close(t(1), { jobs: ['a', 'a'] })?.journal[0]?.jobs).toHaveLength(1);
    scenario.close(t(2), { batchId });
    const before = scenario.texts();
    expect(scenario.close(t(3), { batchId })).toBeNull();
    expect(scenario.close(t(3), { jobs: ['a', 'b'] })).toBeNull();
    expect(scenario.texts()).toEqual(before);
  });

  test('each changed job keeps its outcome in the record of its batch', () => {
    const scenario = createScenario(two);
    const { batchId } = scenario.open(t(0));
    scenario.fail(t(1), { jobs: ['b'], reason: 'disk full' });
    scenario.close(t(2));
    const record = scenario.records.get(String(batchId));
    expect(record?.jobs.get('a')).toMatchObject({ status: 'success', batchEnd: at(t(2)), until: at(t(0)) });
    expect(record?.jobs.get('b')).toMatchObject({ status: 'failed', reason: 'disk full', endedBy: 'test' });
  });
});

describe('a batch that an execution owns', () => {
  const owned = () => {
    const scenario = createScenario(two);
    scenario.open(t(0), { owner: 'execution-1' });
    return scenario;
  };
  test('others need force, its owner does not', () => {
    const scenario = owned();
    expect(refusal(() => scenario.close(t(1)))).toBe('owned');
    expect(refusal(() => scenario.open(t(1)))).toBe('owned');
    expect(refusal(() => scenario.fail(t(1), { owner: 'execution-2' }))).toBe('owned');
    scenario.close(t(1), { jobs: ['a'], owner: 'execution-1' });
    scenario.close(t(2), { jobs: ['b'], force: true });
    expect([scenario.status('a'), scenario.status('b')]).toEqual(['success', 'success']);
  });
  test('ended, it belongs to nobody', () => {
    const scenario = owned();
    scenario.fail(t(1), { owner: 'execution-1' });
    scenario.open(t(2));
    scenario.close(t(3));
    expect(scenario.status('a')).toBe('success');
  });
});

describe('parameters that come with an end', () => {
  test('are stored with it', () => {
    const scenario = createScenario({ job1: { to_date: 'mine', rows: 1 } });
    scenario.open(t(0));
    scenario.close(t(1), { parameters: new Map([['job1', { rows: 123, to_date: 'still mine', new: [null] }]]) });
    expect(scenario.state()['job1']).toMatchObject({
      rows: 123,
      to_date: 'still mine',
      new: [null],
      status: 'success',
    });
  });

  test.each([
    ['special ones', 'job1', { from_date: '2026-01-01' }],
    ['batch_id', 'job1', { batch_id: 5 }],
    ['to_date of a job that emits', 'emits', { to_date: '2026-01-01' }],
    ['the zone of a truncated day', 'truncates', { timezone: 'UTC' }],
    ['a job that is not addressed', 'other', { rows: 1 }],
    ['a job that is not there', 'nobody', { rows: 1 }],
    ['a job that every object has', '__proto__', { rows: 1 }],
  ])('%s are refused, and nothing is stored', (_name, job, parameters) => {
    const scenario = createScenario({
      job1: {},
      emits: { emit_to_date: true },
      truncates: { trunc_start: true },
      other: {},
    });
    scenario.open(t(0), { jobs: ['job1', 'emits', 'truncates'] });
    const before = scenario.texts();
    expect(refusal(() => scenario.close(t(1), { parameters: new Map([[job, parameters]]) }))).toBe('invalid-body');
    expect(scenario.texts()).toEqual(before);
  });
});
