import { describe, expect, test } from 'vitest';

import { createScenario, refusal } from './scenario.ts';

const two = { a: { from_date: '2026-11-20' }, b: { from_date: '2026-11-20' } };
const t = (minute: number): string => `2026-11-21T10:${String(minute).padStart(2, '0')}:00`;

describe('the fence', () => {
  test('a stale id is refused and changes nothing (acceptance 9)', () => {
    const scenario = createScenario(two);
    const { batchId } = scenario.open(t(0));
    scenario.open(t(1));
    const before = scenario.texts();
    expect(refusal(() => scenario.close(t(2), { batchId }))).toBe('stale-batch');
    expect(refusal(() => scenario.fail(t(2), { batchId, force: true, reason: 'really' }))).toBe('stale-batch');
    expect(scenario.texts()).toEqual(before);
  });

  test('another program opens the same job under the id that we gave', () => {
    const scenario = createScenario(two);
    const { batchId } = scenario.open(t(0));
    scenario.foreign('a', {
      from_date: '2026-11-20',
      status: 'open',
      batch_id: batchId,
      batch_start: '2026-11-21 10:00:30',
    });
    expect(refusal(() => scenario.close(t(2), { jobs: ['a'], batchId }))).toBe('stale-batch');
    scenario.close(t(2), { batchId });
    expect([scenario.status('a'), scenario.status('b')]).toEqual(['open', 'success']);
    expect(refusal(() => scenario.close(t(3), { jobs: ['a'], batchId }))).toBe('stale-batch');
  });

  test('another program opens another job under the id that we gave', () => {
    const scenario = createScenario(two);
    const { batchId } = scenario.open(t(0), { jobs: ['a'] });
    scenario.foreign('b', {
      from_date: '2026-11-20',
      status: 'open',
      batch_id: batchId,
      batch_start: '2026-11-21 10:00:30',
    });
    scenario.close(t(2), { batchId });
    expect([scenario.status('a'), scenario.status('b')]).toEqual(['success', 'open']);
    scenario.open(t(3), { jobs: ['a'] });
    expect(
      refusal(() => scenario.close(t(4), { batchId })),
      'our record tells, after the ledger has moved on',
    ).toBe('stale-batch');
    expect(scenario.status('b')).toBe('open');
  });

  test('the id of another program’s batch is one, too', () => {
    const scenario = createScenario(two);
    scenario.foreign('a', {
      from_date: '2026-11-20',
      status: 'open',
      batch_id: 1763719230,
      batch_start: '2026-11-21 10:00:30',
    });
    scenario.close(t(2), { batchId: 1763719230 });
    expect(scenario.status('a')).toBe('success');
    expect(scenario.records.get('1763719230')).toMatchObject({ opening: { kind: 'foreign' } });
  });

  describe('where it is required', () => {
    const required = { job1: { from_date: '2026-11-20', require_fence: true } };
    const begun = () => {
      const scenario = createScenario(required);
      scenario.open(t(0));
      return scenario;
    };
    const refused = (scenario: ReturnType<typeof begun>): void => {
      expect(refusal(() => scenario.close(t(8)))).toBe('fence-required');
      expect(refusal(() => scenario.close(t(8), { jobs: ['job1'], force: true, reason: 'late' }))).toBe(
        'fence-required',
      );
    };

    test('a batch that superseded none may be closed without', () => {
      const scenario = begun();
      scenario.close(t(1));
      scenario.open(t(2));
      scenario.close(t(3));
      expect(scenario.status()).toBe('success');
    });

    test.each([
      ['an open', (scenario: ReturnType<typeof begun>) => scenario.open(t(1))],
      [
        'an open whose batch then failed',
        (scenario: ReturnType<typeof begun>) => {
          scenario.open(t(1));
          scenario.fail(t(2));
          scenario.open(t(3));
        },
      ],
      [
        'a forced edit',
        (scenario: ReturnType<typeof begun>) => {
          scenario.edit(t(1), { set: { from_date: '2026-11-19' }, force: true });
          scenario.open(t(2));
        },
      ],
      [
        'a forced edit, and another',
        (scenario: ReturnType<typeof begun>) => {
          scenario.edit(t(1), { set: { from_date: '2026-11-19' }, force: true });
          scenario.edit(t(1), { set: { from_date: '2026-11-18' } });
          scenario.open(t(2));
        },
      ],
      [
        'a forced load',
        (scenario: ReturnType<typeof begun>) => {
          scenario.load(t(1), required, { force: true });
          scenario.open(t(2));
        },
      ],
      [
        'another program',
        (scenario: ReturnType<typeof begun>) => {
          scenario.foreign('job1', { ...required.job1, status: 'open', batch_id: 1795255300, batch_start: t(1) });
        },
      ],
    ])('superseded by %s: refused', (_name, supersede) => {
      const scenario = begun();
      supersede(scenario);
      refused(scenario);
      scenario.close(t(9), { batchId: scenario.state()['job1']?.['batch_id'] as number });
      expect(scenario.status()).toBe('success');
    });

    test('by the server, of every job; a failure needs none', () => {
      const scenario = createScenario({ job1: {} });
      scenario.open(t(0));
      scenario.open(t(1));
      expect(refusal(() => scenario.close(t(2), { requireFence: true }))).toBe('fence-required');
      scenario.fail(t(2), { requireFence: true });
      expect(scenario.status()).toBe('failed');
    });

    test('a success ends the story', () => {
      const scenario = begun();
      const { batchId } = scenario.open(t(1));
      scenario.close(t(2), { batchId });
      scenario.fail(t(3), { batchId });
      scenario.open(t(4));
      scenario.close(t(5));
      expect(scenario.status()).toBe('success');
    });
  });
});
