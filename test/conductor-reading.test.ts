import { expect, it } from 'vitest';

import { createReading } from '../src/conductor-reading.ts';
import { createManualTimers } from './runner/manual-timers.ts';

it('tells of the job file that takes long to be read, and later that it never ends', () => {
  const timers = createManualTimers();
  const told: string[] = [];
  const reading = createReading({
    timers,
    onSlow: (file, seconds) => told.push(`${file} after ${seconds} s`),
    onStuck: (file) => told.push(`${file} is stuck`),
  });
  reading.begin('quick.ts');
  timers.advance(4000);
  reading.begin('slow.ts');
  timers.advance(4000);
  expect([told, reading.file, reading.isSlow]).toEqual([[], 'slow.ts', false]);
  timers.advance(1000);
  expect([told, reading.file, reading.isSlow]).toEqual([['slow.ts after 5 s'], 'slow.ts', true]);
  reading.begin('stuck.ts');
  expect(reading.isSlow).toBe(false);
  timers.advance(5000);
  timers.advance(24_999);
  expect(told).toEqual(['slow.ts after 5 s', 'stuck.ts after 5 s']);
  timers.advance(1);
  expect(told.at(-1)).toBe('stuck.ts is stuck');
  reading.end();
  expect([reading.file, reading.isSlow, timers.waiting()]).toEqual([null, false, 0]);
});
