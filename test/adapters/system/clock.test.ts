import { describe, expect, it } from 'vitest';
import { createSystemClock } from '../../../src/adapters/system/clock.ts';

/** A clock over sources that the test moves. */
function clockAt(milliseconds: number) {
  const sources = { wall: milliseconds, counter: 7_000_000n };
  const clock = createSystemClock({
    wallMilliseconds: () => sources.wall,
    monotonicNanoseconds: () => sources.counter,
  });
  return {
    now: () => clock.now(),
    /** Lets time pass, of which the wall clock shows whole milliseconds. */
    pass(microseconds: number, shownMilliseconds: number): void {
      sources.counter += BigInt(microseconds) * 1000n;
      sources.wall += shownMilliseconds;
    },
  };
}

describe('the system clock', () => {
  it('tells microseconds within the millisecond that the machine shows', async () => {
    const clock = clockAt(1_000);
    expect(await clock.now()).toBe(1_000_000_000n);
    clock.pass(250, 0);
    expect(await clock.now()).toBe(1_000_250_000n);
    clock.pass(800, 1);
    expect(await clock.now()).toBe(1_001_050_000n);
  });

  it('never leaves the millisecond that the machine shows', async () => {
    const clock = clockAt(1_000);
    await clock.now();
    clock.pass(30_000, 10);
    expect(await clock.now()).toBe(1_010_999_000n);
    clock.pass(10, 500);
    expect(await clock.now()).toBe(1_510_000_000n);
  });

  it('gives each caller a later instant, also while the machine’s clock stands or is slowed', async () => {
    const clock = clockAt(1_000);
    const first = await clock.now();
    const second = await clock.now();
    clock.pass(1, -2);
    const third = await clock.now();
    expect([second - first, third - second]).toEqual([1_000n, 1_000n]);
  });

  it('follows a clock that was set back', async () => {
    const clock = clockAt(100_000);
    await clock.now();
    clock.pass(10, -60_000);
    expect(await clock.now()).toBe(40_000_000_000n);
  });

  it('agrees with the machine', async () => {
    const before = BigInt(Date.now()) * 1_000_000n;
    const now = await createSystemClock().now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThan(BigInt(Date.now() + 1) * 1_000_000n);
  });
});
