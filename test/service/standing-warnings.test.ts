import { expect, it } from 'vitest';

import { createStandingWarnings } from '../../src/service/standing-warnings.ts';
import { createManualTimers } from '../runner/manual-timers.ts';

it('warns of what stands for a while, tells it once until it is over, and says it as it is now', async () => {
  const timers = createManualTimers();
  const told: string[] = [];
  let found: ReadonlyMap<string, string> = new Map();
  const standing = createStandingWarnings({
    find: async () => found,
    timers,
    afterSeconds: 10,
    tell: (warning) => told.push(warning),
  });
  const after = async (seconds: number): Promise<readonly string[]> => {
    timers.advance(seconds * 1000);
    await standing.look();
    return standing.warnings();
  };
  expect(await after(60)).toEqual([]);
  found = new Map([['etl', '1 waits']]);
  expect(await after(60)).toEqual([]);
  expect(await after(9)).toEqual([]);
  // Somebody has come, and has gone again.
  found = new Map();
  expect(await after(5)).toEqual([]);
  found = new Map([['etl', '1 waits']]);
  expect(await after(5)).toEqual([]);
  expect(await after(10)).toEqual(['1 waits']);
  found = new Map([
    ['etl', '2 wait'],
    ['reports', '7 wait'],
  ]);
  expect(await after(10)).toEqual(['2 wait']);
  expect(await after(10)).toEqual(['2 wait', '7 wait']);
  expect(told).toEqual(['1 waits', '7 wait']);
  found = new Map();
  expect(await after(1)).toEqual([]);
  found = new Map([['etl', '3 wait']]);
  await after(1);
  await after(10);
  expect(told).toEqual(['1 waits', '7 wait', '3 wait']);
});
