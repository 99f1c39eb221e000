import { describe, expect, it, test } from 'vitest';

import { type Instant, parseInstant } from '../../src/domain/time.ts';
import { type Delay, waitingOf } from '../../src/domain/urgency.ts';

const at = (text: string): Instant => parseInstant(text) as Instant;
const now = at('2026-11-22T10:00:00');

describe('what waits', () => {
  test.each([
    ['as most do: nothing is said of it', {}, {}, {}],
    ['as its job says', { queue: 'etl', priority: 'low' }, {}, { queue: 'etl', priority: 'low' }],
    ['as its launch says', { priority: 'low' }, { priority: 'very_high' }, { priority: 'very_high' }],
    ['as most do by its launch', { priority: 'low' }, { priority: 'normal' }, {}],
    ['as most do, though its job says so', { queue: 'default', priority: 'normal' }, {}, {}],
  ] as const)('%s', (_how, definition, urgency, expected) => {
    expect(waitingOf(definition, urgency, now)).toEqual(expected);
  });

  test.each([
    [0, null],
    [90, '2026-11-22T10:01:30'],
    [0.25, '2026-11-22T10:00:00.25'],
    ['2026-11-22T09:59:59', null],
    ['2026-11-22T10:00:00.000001', '2026-11-22T10:00:00.000001'],
  ])('until %j', (given, expected) => {
    const delay: Delay =
      typeof given === 'number' ? { kind: 'seconds', seconds: given } : { kind: 'until', instant: at(given) };
    expect(waitingOf({}, { delay }, now)).toEqual(expected === null ? {} : { notBefore: at(expected) });
  });

  it('is stored to the microsecond, and never too early', () => {
    expect(waitingOf({}, { delay: { kind: 'seconds', seconds: 1 } }, now + 1n).notBefore).toBe(
      at('2026-11-22T10:00:01.000001'),
    );
  });
});
