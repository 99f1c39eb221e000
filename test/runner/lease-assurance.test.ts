import { describe, expect, it } from 'vitest';

import { createLeaseAssurance } from '../../src/runner/lease-assurance.ts';
import { createManualTimers } from './manual-timers.ts';

function assured(milliseconds: number) {
  const timers = createManualTimers();
  let suspended = 0;
  const wall = () => timers.wall() + BigInt(suspended) * 1_000_000n;
  const assurance = createLeaseAssurance({ ...timers, wall }, milliseconds);
  return { assurance, timers, suspend: (by: number) => (suspended += by) };
}

describe('the word of the store that an execution is ours', () => {
  it('counts from when it was asked, for as long as was said', () => {
    const { assurance, timers } = assured(1000);
    expect(assurance.isFresh()).toBe(false);
    const asked = assurance.now();
    timers.advance(400);
    assurance.given(asked);
    expect(assurance.isFresh()).toBe(true);
    timers.advance(600);
    expect(assurance.isFresh()).toBe(true);
    timers.advance(1);
    expect(assurance.isFresh()).toBe(false);
  });

  it.each([5000, -5000])('does not count where the wall clock has moved by %i ms and the other stood still', (by) => {
    const { assurance, suspend } = assured(1000);
    assurance.given(assurance.now());
    suspend(by);
    expect(assurance.isFresh()).toBe(false);
  });
});
