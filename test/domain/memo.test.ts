import { describe, expect, it } from 'vitest';

import { createMemo, createNotes } from '../../src/domain/memo.ts';

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

  it('keeps as much as the weights allow, and nothing that would push out the rest', () => {
    const memo = createMemo<string, string>(100, (_key, value) => value.length);
    memo.set('small', 'x'.repeat(20));
    memo.set('too much', 'x'.repeat(26));
    expect([memo.get('small')?.length, memo.get('too much')]).toEqual([20, undefined]);
    for (let key = 0; key < 50; key += 1) {
      memo.set(`other ${key}`, 'x'.repeat(20));
      const kept = Array.from({ length: key + 1 }, (_each, place) => memo.get(`other ${place}`)?.length ?? 0);
      expect(kept.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(100);
    }
  });

  it('does not give what was there before something that is not kept', () => {
    const memo = createMemo<string, string>(100, (_key, value) => value.length);
    memo.set('grown', 'x'.repeat(20));
    memo.set('grown', 'x'.repeat(30));
    expect(memo.get('grown')).toBeUndefined();
  });
});

describe('notes', () => {
  it('tell what was noted last of that very object, and of no other', () => {
    const [first, second] = [createNotes<object, string>(), createNotes<object, string>()];
    const subject = Object.freeze(new Map([['a', 1]]));
    expect(first.of(subject)).toBeUndefined();
    first.note(subject, 'one');
    first.note(subject, 'another');
    expect([first.of(subject), second.of(subject), first.of(new Map(subject))]).toEqual([
      'another',
      undefined,
      undefined,
    ]);
  });

  it('are seen by nobody else', () => {
    const notes = createNotes<object, string>();
    const subject = { a: 1 };
    notes.note(subject, 'secret');
    expect([Reflect.ownKeys(subject), JSON.stringify(subject), { ...subject }]).toStrictEqual([
      ['a'],
      '{"a":1}',
      { a: 1 },
    ]);
  });
});
