import { expect, it } from 'vitest';

import { joinedFailures } from '../../src/domain/joined-failures.ts';

it.each([0, 1, 2, 20])('tells all of %i failures', (count) => {
  const texts = Array.from({ length: count }, (_each, place) => `t${place}: x`);
  expect(joinedFailures(texts)).toBe(texts.join('; '));
});

it('counts what is beyond twenty', () => {
  const texts = Array.from({ length: 10_000 }, (_each, place) => `t${place}: x`);
  expect(joinedFailures(texts)).toMatch(/^t0: x; t1: x; .*; t19: x; and 9980 more$/);
});
