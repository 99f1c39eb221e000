import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import '../property-seed.ts';
import { admit, type Admission, type Gate, type Passed } from '../../src/domain/gate.ts';
import { gateDocument, queueBookDocument, readGate, readQueueBook } from '../../src/domain/gate-text.ts';
import {
  limitQueue,
  type QueueSettings,
  rulesFor,
  usualSettings,
  withSettings,
} from '../../src/domain/queue-settings.ts';
import { type Instant, parseInstant } from '../../src/domain/time.ts';

const at = (text: string): Instant => parseInstant(text) as Instant;
const now = at('2026-11-22T10:00:00');
const second = 1_000_000_000n;

function gate(more: Partial<Omit<Gate, 'passed'>> & { readonly passed?: Partial<Passed> } = {}): Gate {
  return {
    title: 'queue etl',
    pause: null,
    ...more,
    limits: { places: null, rate: null, ...more.limits },
    passed: { holders: [], takings: [], ...more.passed },
  };
}

function asked(more: Partial<Admission> = {}): Admission {
  return { executionId: 9, hasBegun: false, isTakeover: false, isLive: () => true, now, ...more };
}

const places = (count: number, holders: readonly number[]): Gate =>
  gate({ limits: { places: count, rate: null }, passed: { holders } });
const pause = { by: 'ann', since: now, reason: null };

describe('a place', () => {
  it('is had while there is one, and held from then on', () => {
    expect(admit(places(2, [1]), asked())).toEqual({ kind: 'in', passed: { holders: [1, 9], takings: [] } });
  });

  it('is waited for when all are held: until somebody ends, whenever that is', () => {
    expect(admit(places(2, [1, 2]), asked())).toEqual({
      kind: 'wait',
      reason: 'queue etl: 2 of 2 run',
      untilMilliseconds: null,
    });
  });

  it('is held no more by what is over, which is forgotten', () => {
    const isLive = (id: number): boolean => id !== 1;
    expect(admit(places(2, [1, 2]), asked({ isLive }))).toMatchObject({ kind: 'in', passed: { holders: [2, 9] } });
  });

  it('stays with who holds it, in a takeover and after it was handed back; nothing changes then', () => {
    const full = places(1, [9]);
    for (const isTakeover of [true, false])
      expect(admit(full, asked({ hasBegun: true, isTakeover }))).toEqual({ kind: 'in', passed: full.passed });
    const again = admit(full, asked());
    expect(again.kind === 'in' && again.passed === full.passed).toBe(true);
  });

  it('is needed by what has begun before there were so few, too', () => {
    expect(admit(places(1, [1]), asked({ hasBegun: true, isTakeover: true })).kind).toBe('wait');
  });

  it('is waited for by as many as there are too many, where fewer may run than do', () => {
    expect(admit(places(1, [1, 2, 3]), asked({ isLive: (id) => id !== 3 }))).toMatchObject({
      reason: 'queue etl: 2 of 1 run',
    });
  });
});

describe('a pause', () => {
  test.each([
    [{ title: 'queue etl', pause }, 'queue etl is paused by ann'],
    [
      { title: 'all queues', pause: { ...pause, reason: 'the target moves' } },
      'all queues are paused by ann: the target moves',
    ],
  ])('lets nobody in: %#', (paused, reason) => {
    expect(admit(gate(paused), asked())).toEqual({ kind: 'wait', reason, untilMilliseconds: null });
  });

  it('holds back what was handed back, though it has a place, and not what goes on after its owner has died', () => {
    const paused = gate({ pause, limits: { places: 1, rate: null }, passed: { holders: [9] } });
    expect(admit(paused, asked({ hasBegun: true })).kind).toBe('wait');
    expect(admit(paused, asked({ hasBegun: true, isTakeover: true })).kind).toBe('in');
  });
});

describe('a rate', () => {
  const rate = { max: 2, seconds: 60 };
  const limited = (...ago: number[]): Gate =>
    gate({ limits: { places: null, rate }, passed: { takings: ago.map((seconds) => now - BigInt(seconds) * second) } });

  it('lets in as many as it says, each of which counts for its time', () => {
    expect(admit(limited(90, 12), asked())).toEqual({
      kind: 'in',
      passed: { holders: [], takings: [now - 12n * second, now] },
    });
  });

  it('has the next wait until the first of them counts no more', () => {
    expect(admit(limited(48, 1), asked())).toEqual({
      kind: 'wait',
      reason: 'queue etl: rate 2 per 60 s: at the earliest in 12 s',
      untilMilliseconds: 12_000,
    });
    expect(admit(limited(50, 48, 1), asked())).toMatchObject({ untilMilliseconds: 12_000 });
  });

  it('is not asked by what has begun before, and counts it not', () => {
    expect(admit(limited(2, 1), asked({ hasBegun: true }))).toEqual({ kind: 'in', passed: limited(2, 1).passed });
  });

  it('counts what lies ahead since the clock was put back a little, and nobody waits longer than two windows for it', () => {
    expect(admit(limited(-30, -29), asked())).toMatchObject({ kind: 'wait', untilMilliseconds: 89_000 });
  });

  it('forgets what lies ahead by more than its window: the clock was put back by an hour', () => {
    expect(admit(limited(-3600, -3599), asked())).toEqual({ kind: 'in', passed: { holders: [], takings: [now] } });
  });

  it('is kept to in every window while time goes on, and whoever waits as told gets in', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 10 }),
        fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 1, maxLength: 60 }),
        (max, seconds, gaps) => {
          let time = now;
          let passed: Passed = { holders: [], takings: [] };
          const taken: Instant[] = [];
          const ask = () =>
            admit(gate({ limits: { places: null, rate: { max, seconds } }, passed }), asked({ now: time }));
          for (const gap of gaps) {
            time += BigInt(gap) * 1_000_000n;
            let answer = ask();
            if (answer.kind === 'wait') {
              time += BigInt(answer.untilMilliseconds ?? 0) * 1_000_000n;
              answer = ask();
            }
            expect(answer.kind).toBe('in');
            if (answer.kind === 'wait') continue;
            ({ passed } = answer);
            taken.push(time);
            expect(passed.takings.length).toBeLessThanOrEqual(max);
          }
          for (const end of taken)
            expect(
              taken.filter((taking) => taking <= end && taking > end - BigInt(seconds) * second).length,
            ).toBeLessThanOrEqual(max);
        },
      ),
    );
  });
});

describe('what concerns an execution', () => {
  const limits = { places: 3, rate: null };
  const book = withSettings(withSettings(new Map(), 'etl', limitQueue(usualSettings, limits, now, 1)), 'all', {
    ...usualSettings,
    pause,
  });

  it.each([
    ['nothing, mostly', {}, 'default', new Map(), []],
    ['its job', { maxRunning: 2 }, 'default', new Map(), ['job:orders']],
    ['its queue, and all of them together', {}, 'etl', book, ['queue:etl', 'queue:all']],
    ['no other queue', {}, 'default', book, ['queue:all']],
    ['all three', { maxRunning: 2 }, 'etl', book, ['job:orders', 'queue:etl', 'queue:all']],
  ])('is %s', (_what, job, queue, decided, ids) => {
    expect(rulesFor({ name: 'orders', ...job }, queue, decided).map(({ id }) => id)).toEqual(ids);
  });

  it('is stored as it is read', () => {
    expect(readQueueBook(queueBookDocument(book).text)).toEqual(book);
    const stored = { holders: [3, 4], takings: [now], term: '2026-11-22T10:00:00.000000' };
    expect(readGate(gateDocument('queue:etl', stored).text)).toEqual(stored);
  });

  it('is forgotten once nothing of it is out of the usual', () => {
    const one = withSettings(new Map(), 'etl', limitQueue(usualSettings, limits, now, 1));
    const none = limitQueue(one.get('etl') as QueueSettings, { places: null, rate: null }, now, 2);
    expect(withSettings(one, 'etl', none)).toEqual(new Map());
  });

  const termOf = (settings: QueueSettings): string | undefined =>
    rulesFor({ name: 'orders' }, 'etl', new Map([['etl', settings]]))[0]?.term;

  it('counts who holds a place anew where a limit is set again, though the clock shows the same', () => {
    const first = limitQueue(usualSettings, limits, now, 1);
    const changed = limitQueue(first, { places: 9, rate: null }, now + 1n, 2);
    expect([changed.placesSince, termOf(changed)], 'one and the same').toEqual([now, termOf(first)]);
    const taken = limitQueue(changed, { places: null, rate: { max: 1, seconds: 1 } }, now, 3);
    expect(termOf(taken)).toBe('');
    expect(termOf(limitQueue(taken, limits, now, 4))).not.toBe(termOf(first));
  });

  it('is read as an older version has stored it, its limit one and the same', () => {
    const older =
      '{"queues":[{"name":"etl","concurrency":3,"concurrency_since":"2026-11-22T10:00:00.000000","rate":null,"paused":null}]}';
    const settings = readQueueBook(older).get('etl') as QueueSettings;
    // By what it has stored with those who have passed.
    expect(termOf(settings)).toBe('2026-11-22T10:00:00.000000');
    expect(termOf(limitQueue(settings, { places: 4, rate: null }, now, 7))).toBe(termOf(settings));
    expect(queueBookDocument(new Map([['etl', settings]])).text).toBe(older);
  });
});
