import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import { matchesPattern } from '../../src/domain/exit-code-pattern.ts';

describe('an exit code pattern', () => {
  test.each([
    ['FAILED', 'FAILED', true],
    ['FAILED', 'FAILED!', false],
    ['FAILED', 'failed', false],
    ['*', '', true],
    ['*', 'anything at all', true],
    ['', '', true],
    ['', 'a', false],
    ['C*T', 'CONTENT', true],
    ['C*T', 'CT', true],
    ['C*T', 'CONTENTS', false],
    ['c?t', 'cat', true],
    ['c?t', 'ct', false],
    ['c?t', 'c😀t', true],
    ['*a*b', 'aab', true],
    ['*a*b', 'aba', false],
    ['a**b', 'ab', true],
    ['.+', 'ab', false],
  ])('%j and %j: %s', (pattern, text, fits) => {
    expect(matchesPattern(pattern, text)).toBe(fits);
  });

  it('means what the regular expression with the same signs means', () => {
    const sign = fc.constantFrom('a', 'b', '*', '?');
    const letter = fc.constantFrom('a', 'b');
    fc.assert(
      fc.property(fc.array(sign, { maxLength: 8 }), fc.array(letter, { maxLength: 12 }), (pattern, text) => {
        const expression = pattern.join('').replaceAll('*', '.*').replaceAll('?', '.');
        expect(matchesPattern(pattern.join(''), text.join(''))).toBe(new RegExp(`^${expression}$`).test(text.join('')));
      }),
    );
  });

  it('is cheap where a regular expression would not be', () => {
    expect(matchesPattern(`${'*a'.repeat(60)}b`, 'a'.repeat(2000))).toBe(false);
  });
});
