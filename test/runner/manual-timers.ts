import { parseInstant } from '../../src/domain/time.ts';
import type { Timers } from '../../src/ports/timers.ts';

/** Time that passes when a test says so. */
export interface ManualTimers extends Timers {
  /** Lets time pass and calls what has become due. */
  advance(milliseconds: number): void;
  /** How many waits are under way. */
  waiting(): number;
}

export function createManualTimers(): ManualTimers {
  const waits = new Set<{ readonly due: number; readonly call: () => void }>();
  let now = 0;
  return {
    monotonic: () => now,
    wall: () => (parseInstant('2026-11-21T00:00:00') ?? 0n) + BigInt(Math.round(now)) * 1_000_000n,
    after(milliseconds, call) {
      const wait = { due: now + milliseconds, call };
      waits.add(wait);
      return () => waits.delete(wait);
    },
    advance(milliseconds) {
      now += milliseconds;
      for (const wait of [...waits].filter(({ due }) => due <= now).sort((one, other) => one.due - other.due))
        if (waits.delete(wait)) wait.call();
    },
    waiting: () => waits.size,
  };
}

/** Lets seconds pass, one after the other. What each of them leads to settles without time. */
export async function passSeconds(timers: ManualTimers, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    timers.advance(1000);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  }
}

/** Time in which every wait is over as soon as nothing else happens. For waits between attempts, not for timeouts. */
export function createHastyTimers(): Timers {
  const timers = createManualTimers();
  return {
    ...timers,
    after(_milliseconds, call) {
      const immediate = setImmediate(call);
      return () => clearImmediate(immediate);
    },
  };
}
