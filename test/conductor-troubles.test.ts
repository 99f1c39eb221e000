import { expect, it } from 'vitest';

import { createTroubles } from '../src/conductor-troubles.ts';
import { createManualTimers } from './runner/manual-timers.ts';

it('warns of a process that fails again and again, until it stays up', () => {
  const timers = createManualTimers();
  const troubles = createTroubles(timers);
  troubles.add('ended with exit code 1', true);
  timers.advance(10_000);
  troubles.add('ended with exit code 2', true);
  expect(troubles.warning(true)).toBeNull();
  timers.advance(10_000);
  troubles.add('ended with exit code 3', true);
  expect(troubles.warning(true)).toBe(
    'the process that runs jobs has failed 3 times, each less than a minute after the one before; the last time ended with exit code 3. The log has all of them.',
  );
  timers.advance(59_999);
  expect(troubles.warning(true)).not.toBeNull();
  timers.advance(1);
  expect([troubles.warning(true), troubles.warning(false) === null]).toEqual([null, false]);
  troubles.add('ended with exit code 4', true);
  expect([troubles.warning(true), troubles.isRow]).toEqual([null, false]);
});

it('waits longer each time, less where other jobs wait along, and not after single accidents', () => {
  const timers = createManualTimers();
  const troubles = createTroubles(timers);
  const pauses = (hasBeenUp: boolean, times: number): number[] =>
    Array.from({ length: times }, () => troubles.add('ended', hasBeenUp));
  expect(pauses(false, 10)).toEqual([500, 500, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  timers.advance(60_000);
  expect(pauses(true, 8)).toEqual([500, 500, 500, 1000, 2000, 4000, 5000, 5000]);
});
