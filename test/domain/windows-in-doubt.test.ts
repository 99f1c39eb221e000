import { describe, expect, it } from 'vitest';

import {
  decodeDoubts,
  encodeDoubts,
  isInDoubt,
  withDoubts,
  type WindowInDoubt,
} from '../../src/domain/windows-in-doubt.ts';

const doubt = (more: Partial<WindowInDoubt> = {}): WindowInDoubt => ({
  job: 'orders',
  from: 10_000n,
  until: 20_000n,
  lastInstance: 7,
  ...more,
});
const window = { jobs: null, from: 10_000n, until: 20_000n };

describe('what an instance has done of a window', () => {
  it.each([
    ['of that window', doubt(), window, 7, true],
    ['of one that meets it', doubt(), { ...window, from: 19_999n, until: 30_000n }, 1, true],
    ['of the one after it', doubt(), { ...window, from: 20_000n, until: 30_000n }, 1, false],
    ['of the one before it', doubt(), { ...window, from: 1n, until: 10_000n }, 1, false],
    ['since then', doubt(), window, 8, false],
    ['of that job', doubt(), { ...window, jobs: ['items', 'orders'] }, 7, true],
    ['of other jobs', doubt(), { ...window, jobs: ['items'] }, 7, false],
    ['of a window without a known beginning', doubt({ from: null }), { ...window, from: 0n, until: 1n }, 7, true],
    ['of a window without a known end', doubt({ until: null }), { ...window, from: 90_000n, until: 99_000n }, 7, true],
  ])('%s', (_name, known, done, instance, expected) => {
    expect(isInDoubt([doubt({ job: 'nobody' }), known], done, instance)).toBe(expected);
  });
});

it('windows declared failed again take the place of those that they cover', () => {
  const wide = { job: 'orders', from: null, until: 20_000n };
  const other = doubt({ job: 'items' });
  const later = doubt({ until: 20_001n });
  expect(withDoubts([doubt(), other, later], [wide], 9)).toEqual([other, later, { ...wide, lastInstance: 9 }]);
  expect(withDoubts([{ ...wide, lastInstance: 9 }], [doubt()], 10)).toHaveLength(2);
});

it('are read as they were written', () => {
  const doubts = [doubt(), doubt({ job: '__proto__', from: null, until: null })];
  expect(decodeDoubts(encodeDoubts(doubts))).toEqual(doubts);
});
