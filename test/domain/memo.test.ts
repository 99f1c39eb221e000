import { describe, expect, it } from 'vitest';

import { createMemo } from '../../src/domain/memo.ts';

describe('a memo', () => {
  it('gives what was set, never more than it may keep', () => {
    const memo = createMemo<number, number>(10);
    for (let key = 0; key < 100; key += 1) memo.set(key, key * 2);
    const kept = Array.from({ length: 100 }, (_each, key) => memo.get(key)).filter((value) => value !== undefined);
    expect(kept.length).toBeLessThanOrEqual(10);
    expect(kept).toContain(198);
  });

  it('keeps what is asked for again', () => {
    const memo = createMemo<string, number>(4);
    memo.set('asked', 1);
    for (let key = 0; key < 100; key += 1) {
      memo.set(`other ${key}`, key);
      expect(memo.get('asked')).toBe(1);
    }
  });

  it('does not keep what is not worth it', () => {
    const memo = createMemo<string, number>(4, (key) => key.length < 3);
    memo.set('long', 1);
    memo.set('ok', 2);
    expect([memo.get('long'), memo.get('ok')]).toEqual([undefined, 2]);
  });
});
