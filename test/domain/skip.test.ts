import { expect, test } from 'vitest';

import { decideSkip } from '../../src/domain/skip.ts';

const bad = new RangeError('bad row');
const isSkippable = (error: unknown): boolean => error instanceof RangeError;

test.each([
  ['the first', { limit: 2, isSkippable }, 0, bad, { kind: 'skip' }],
  ['the last that may be', { limit: 2, isSkippable }, 1, bad, { kind: 'skip' }],
  ['one too many', { limit: 2, isSkippable }, 2, bad, { kind: 'fail', because: 'limit' }],
  ['none at all', { limit: 0, isSkippable }, 0, bad, { kind: 'fail', because: 'limit' }],
  ['any number', { limit: Number.POSITIVE_INFINITY, isSkippable }, 1e9, bad, { kind: 'skip' }],
  [
    'another error',
    { limit: 2, isSkippable },
    0,
    new TypeError('a defect'),
    { kind: 'fail', because: 'not-skippable' },
  ],
] as const)('an item is left out or fails the step: %s', (_name, rule, skipped, error, decision) => {
  expect(decideSkip(rule, skipped, error)).toEqual(decision);
});
