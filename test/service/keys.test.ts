import { describe, expect, it } from 'vitest';

import { parseInstant } from '../../src/domain/time.ts';
import { addKey, findKey, revokeKey, rotateKey } from '../../src/service/keys.ts';

const at = (text: string): bigint => parseInstant(text) ?? 0n;

describe('a key that was rotated', () => {
  const made = addKey([], 'loader', 'operate', 'first secret', '2026-11-21T00:00:00');
  const rotated = rotateKey(made, 'loader', 'second secret', '2026-11-22T12:00:00');
  const whose = (secret: string, now: string) => findKey(rotated, secret, at(now))?.name;

  it('counts at once, and the one before it until its time, no longer', () => {
    for (const now of ['2026-11-21T00:00:01', '2026-11-22T12:00:00', '2027-11-22T12:00:00'])
      expect(whose('second secret', now)).toBe('loader');
    expect(whose('first secret', '2026-11-22T11:59:59.999999')).toBe('loader');
    expect(whose('first secret', '2026-11-22T12:00:00')).toBeUndefined();
    expect(whose('first secret', '2026-11-23T00:00:00')).toBeUndefined();
  });

  it('leaves no more than two at a time', () => {
    const again = rotateKey(rotated, 'loader', 'third secret', '2026-11-23T12:00:00');
    const now = at('2026-11-22T00:00:00');
    expect(['first', 'second', 'third'].map((each) => findKey(again, `${each} secret`, now)?.name)).toEqual([
      undefined,
      'loader',
      'loader',
    ]);
  });

  it('is none any more once it is revoked', () => {
    const now = at('2026-11-22T00:00:00');
    for (const secret of ['first secret', 'second secret'])
      expect(findKey(revokeKey(rotated, 'loader'), secret, now)).toBeNull();
  });
});
