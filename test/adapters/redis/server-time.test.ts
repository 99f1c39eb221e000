import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createServerTime } from '../../../src/adapters/redis/server-time.ts';

const nanoseconds = (milliseconds: number): bigint => BigInt(Math.round(milliseconds * 1000)) * 1000n;

describe('the time of the server, told between its answers', () => {
  it('is not known before an answer, nor long after one', () => {
    let now = 5;
    const time = createServerTime(() => now);
    expect(time.tell()).toBeNull();
    time.heard(1000n);
    expect(time.tell()).toBe(1000n);
    now += 101;
    expect(time.tell()).toBeNull();
  });

  it('is never ahead of the server, whatever its answers took and whichever of two clocks is faster, and never goes back', () => {
    const happenings = fc.array(
      fc.record({
        passes: fc.double({ min: 0, max: 60, noNaN: true }),
        tookToCome: fc.option(fc.double({ min: 0, max: 40, noNaN: true })),
      }),
      { maxLength: 50 },
    );
    fc.assert(
      fc.property(happenings, fc.double({ min: -5e-4, max: 5e-4, noNaN: true }), (passed, faster) => {
        let elapsed = 0;
        const server = (at: number): bigint => 1_700_000_000_000_000_000n + nanoseconds(at);
        const time = createServerTime(() => elapsed * (1 + faster));
        let before = 0n;
        for (const { passes, tookToCome } of passed) {
          elapsed += passes;
          if (tookToCome !== null) time.heard(server(Math.max(0, elapsed - tookToCome)));
          const told = time.tell();
          if (told === null) continue;
          expect(told <= server(elapsed)).toBe(true);
          expect(told >= before).toBe(true);
          before = told;
        }
      }),
    );
  });

  it('goes back with the clock of the server', () => {
    const time = createServerTime(() => 0);
    time.heard(nanoseconds(3_600_000));
    expect(time.tell()).toBe(nanoseconds(3_600_000));
    time.heard(nanoseconds(1000));
    expect(time.tell()).toBe(nanoseconds(1000));
    // Further than any answer that was long under way.
    time.heard(nanoseconds(850));
    expect(time.tell()).toBe(nanoseconds(850));
  });
});
