import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readCron } from '../../src/domain/cron.ts';
import {
  type Catchup,
  catchups,
  dueFiring,
  nextFirings,
  pauseSchedule,
  resumeSchedule,
  type Schedule,
  setSchedule,
} from '../../src/domain/schedule.ts';
import { readDueMember, readSchedule, scheduleDocument, scheduleIndexes } from '../../src/domain/schedule-text.ts';
import { formatInstant, type Instant, nanosecondsPerSecond, parseInstant } from '../../src/domain/time.ts';

const at = (text: string): Instant => parseInstant(text) ?? 0n;
const shortly = (instant: Instant | null | undefined): string | null =>
  instant === null || instant === undefined ? null : formatInstant(instant).slice(0, 19);

/** What is launched and left out when somebody looks at these times, and at no other. */
function looks(cron: string, catchup: Catchup, first: string, times: readonly string[]) {
  const launched: string[] = [];
  const leftOut: string[] = [];
  const parsed = readCron(cron, 'UTC');
  let next = parsed.next(at(first));
  for (const time of times) {
    for (;;) {
      const due = dueFiring({ next, catchup }, parsed, at(time));
      if (due === null) break;
      if (due.leftOutSince !== null) leftOut.push(`since ${shortly(due.leftOutSince)}`);
      (due.isLaunched ? launched : leftOut).push(shortly(due.firing) ?? '');
      next = due.next;
    }
  }
  return { launched, leftOut, next: shortly(next) };
}

describe('what is due', () => {
  const hours = ['2026-11-22T01:00:00', '2026-11-22T02:00:00', '2026-11-22T03:00:00'];

  it.each(catchups)('is launched once, whatever the catchup: %s', (catchup) => {
    const times = ['2026-11-22T00:59:59.999', '2026-11-22T01:00:00', '2026-11-22T01:00:30', '2026-11-22T02:00:59'];
    expect(looks('0 * * * *', catchup, '2026-11-22T00:30', times)).toEqual({
      launched: ['2026-11-22T01:00:00', '2026-11-22T02:00:00'],
      leftOut: [],
      next: '2026-11-22T03:00:00',
    });
  });

  it.each([
    ['none', [], ['since 2026-11-22T01:00:00', '2026-11-22T03:00:00']],
    ['last', ['2026-11-22T03:00:00'], ['since 2026-11-22T01:00:00']],
    ['all', hours, []],
  ] as const)('after hours in which nobody looked, with catchup %s', (catchup, launched, leftOut) => {
    expect(looks('0 * * * *', catchup, '2026-11-22T00:30', ['2026-11-22T03:40'])).toEqual({
      launched,
      leftOut,
      next: '2026-11-22T04:00:00',
    });
  });

  it('with catchup none, of those missed none, but what came within the last minute', () => {
    const { launched, leftOut } = looks('*/20 * * * * *', 'none', '2026-11-22T00:00', ['2026-11-22T01:00:10']);
    expect(launched).toEqual(['2026-11-22T00:59:20', '2026-11-22T00:59:40', '2026-11-22T01:00:00']);
    expect(leftOut).toEqual(['since 2026-11-22T00:00:20', '2026-11-22T00:59:00']);
  });

  it('costs the same after a thousand years', () => {
    const parsed = readCron('* * * * * *', 'UTC');
    let asked = 0;
    const counting = { next: (after: Instant) => ((asked += 1), parsed.next(after)) };
    const due = dueFiring({ next: at('2026-11-22'), catchup: 'last' }, counting, at('3026-11-22T00:00:00.5'));
    expect([shortly(due?.firing), shortly(due?.leftOutSince)]).toEqual(['3026-11-21T23:59:00', '2026-11-22T00:00:00']);
    expect(asked).toBeLessThan(60);
  });
});

it('launches each firing once and none but them, whenever somebody looks, with catchup all', () => {
  const expressions = ['*/7 * * * *', '30 2 * * *', '0 */5 * * *', '15 1,2,3 * * 0'];
  fc.assert(
    fc.property(
      fc.constantFrom(...expressions),
      fc.constantFrom('Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe'),
      fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 12 }),
      (expression, zone, pauses) => {
        const cron = readCron(expression, zone);
        const begin = at('2026-03-27T13:00');
        let now = begin;
        let next = cron.next(begin);
        const launched: Instant[] = [];
        for (const seconds of pauses) {
          now += BigInt(seconds) * nanosecondsPerSecond;
          for (let due = dueFiring({ next, catchup: 'all' }, cron, now); due !== null;) {
            expect(due.isLaunched).toBe(true);
            launched.push(due.firing);
            next = due.next;
            due = dueFiring({ next, catchup: 'all' }, cron, now);
          }
        }
        const expected: Instant[] = [];
        for (let each = cron.next(begin); each !== null && each <= now; each = cron.next(each)) expected.push(each);
        expect(launched).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});

describe('a schedule', () => {
  const definition = {
    jobName: 'LoadOrders',
    cron: '0 2 * * *',
    zone: 'Europe/Berlin',
    catchup: 'last',
    parameters: { region: 'eu' },
  } as const;
  const cron = readCron(definition.cron, definition.zone);
  const made = (): Schedule =>
    setSchedule(null, 'nightly', definition, { cron, now: at('2026-11-22T12:00'), by: 'ops' });

  it('fires first after it was made', () => {
    expect(shortly(made().next)).toBe('2026-11-23T01:00:00');
    expect(nextFirings(made(), cron, 2).map(shortly)).toEqual(['2026-11-23T01:00:00', '2026-11-24T01:00:00']);
  });

  it('keeps what is due when it is set again with the same times, and who made it', () => {
    const now = at('2026-11-25T12:00');
    const again = setSchedule(made(), 'nightly', { ...definition, catchup: 'all' }, { cron, now, by: 'deploy' });
    expect(again).toMatchObject({ catchup: 'all', createdBy: 'ops', createdAt: at('2026-11-22T12:00') });
    expect(shortly(again.next)).toBe('2026-11-23T01:00:00');
  });

  it('begins anew when it is set with other times', () => {
    const now = at('2026-11-25T12:00');
    const other = { ...definition, cron: '0 3 * * *' };
    const again = setSchedule(made(), 'nightly', other, { cron: readCron(other.cron, other.zone), now, by: 'deploy' });
    expect(shortly(again.next)).toBe('2026-11-26T02:00:00');
  });

  it('has nothing due while it is paused, and goes on with what comes', () => {
    const paused = pauseSchedule(made());
    expect(dueFiring(paused, cron, at('2026-12-01'))).toBeNull();
    expect(nextFirings(paused, cron, 5)).toEqual([]);
    const set = setSchedule(paused, 'nightly', definition, { cron, now: at('2026-12-01'), by: 'ops' });
    expect([set.isPaused, set.next]).toEqual([true, null]);
    expect(shortly(resumeSchedule(paused, cron, at('2026-12-01T00:30')).next)).toBe('2026-12-01T01:00:00');
  });

  it.each([
    null,
    { kind: 'launched', executionId: 12 },
    { kind: 'refused', code: 'already-running', detail: 'It runs.' },
    { kind: 'left-out' },
  ] as const)('is read as it was written, with %j', (outcome) => {
    const firing = at('2026-11-22T01:00');
    const last = outcome === null ? null : { firing, at: firing + 1000n, leftOutSince: firing - 1000n, outcome };
    const schedule = { ...made(), last };
    expect(readSchedule(scheduleDocument(schedule).text)).toEqual(schedule);
  });

  it('is found by its name, and by its next firing unless it is paused', () => {
    const due = `2026-11-23T01:00:00.000000 nightly`;
    expect(scheduleDocument(made()).members).toEqual([
      { index: scheduleIndexes.all, member: 'nightly' },
      { index: scheduleIndexes.due, member: due },
    ]);
    expect(readDueMember(due)).toEqual({ name: 'nightly', firing: '2026-11-23T01:00:00.000000' });
    expect(scheduleDocument(pauseSchedule(made())).members).toEqual([
      { index: scheduleIndexes.all, member: 'nightly' },
    ]);
  });
});
