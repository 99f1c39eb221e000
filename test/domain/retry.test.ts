import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import { decideRetry, type RetryRule } from '../../src/domain/retry.ts';

const rule = (more: Partial<RetryRule> = {}): RetryRule => ({
  maxRetries: 3,
  delaySeconds: 2,
  backoff: 'fixed',
  ...more,
});
const failure = new Error('no connection');

describe('a failed attempt', () => {
  it('is followed by others, as many as there may be', () => {
    const kinds = [1, 2, 3, 4, 5].map((attempts) => decideRetry(rule(), attempts, failure, 0).kind);
    expect(kinds).toEqual(['retry', 'retry', 'retry', 'fail', 'fail']);
    expect(decideRetry(rule({ maxRetries: 0 }), 1, failure, 0)).toEqual({ kind: 'fail' });
  });

  it('is the last where no other would help', () => {
    const isRetryable = (error: unknown): boolean => error !== failure;
    expect(decideRetry(rule({ isRetryable }), 1, failure, 0).kind).toBe('fail');
    expect(decideRetry(rule({ isRetryable }), 1, new Error('other'), 0).kind).toBe('retry');
  });
});

describe('the delay', () => {
  const delay = (more: Partial<RetryRule>, attempts: number, random: number): number => {
    const decision = decideRetry(rule({ maxRetries: 5000, ...more }), attempts, failure, random);
    return decision.kind === 'retry' ? decision.delaySeconds : expect.fail('no retry');
  };

  it('that is fixed is as it was said', () => {
    expect([1, 2, 9].map((attempts) => delay({}, attempts, 0.9))).toEqual([2, 2, 2]);
  });

  it('that grows doubles, up to five minutes', () => {
    const grown = [1, 2, 3, 4, 8, 9, 5000].map((attempts) => delay({ backoff: 'exponential' }, attempts, 0));
    expect(grown).toEqual([2, 4, 8, 16, 256, 300, 300]);
  });

  test.each([
    [0, 0],
    [900, 900],
  ])('of %s s grows to %s s', (delaySeconds, most) => {
    expect(delay({ backoff: 'exponential', delaySeconds }, 5000, 0)).toBe(most);
  });

  it('that grows is shortened by at most a half, and differs', () => {
    const some = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 50 }), (random, attempts) => {
        const longest = delay({ backoff: 'exponential' }, attempts, 0);
        const shortened = delay({ backoff: 'exponential' }, attempts, random);
        expect(shortened).toBeLessThanOrEqual(longest);
        expect(shortened).toBeGreaterThanOrEqual(longest / 2);
      }),
    );
    expect(delay({ backoff: 'exponential' }, 1, 0.5)).toBe(1.5);
  });
});
