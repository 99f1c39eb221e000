import '../../property-seed.ts';
import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import { parseJson, stringifyJson } from '../../../src/domain/json.ts';
import type { TypedPlace } from '../../../src/domain/execution.ts';
import { copyOfItem, givenItem, keptItem } from '../../../src/runner/items/kept-item.ts';

/** As a store does: nothing but text survives. */
function throughStore(item: unknown): unknown {
  const { item: json, types, obstacle } = keptItem(item);
  expect(obstacle).toBeNull();
  const stored = parseJson(stringifyJson(json));
  return givenItem({ item: stored, types: JSON.parse(JSON.stringify(types)) as TypedPlace[] });
}

const bytes = fc.uint8Array({ maxLength: 20 });
const anyItem = fc.letrec<{ item: unknown }>((tie) => ({
  item: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21, 5e-324),
    fc.date({ noInvalidDate: false }),
    bytes,
    bytes.map((value) => Buffer.from(value)),
    fc.array(tie('item'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', '0', 'toJSON', 'item')), tie('item'), {
      maxKeys: 4,
    }),
    // Objects of both kinds: a dictionary has a prototype or none.
    fc.dictionary(fc.string(), tie('item'), { maxKeys: 3, noNullPrototype: false }),
  ),
})).item;

describe('an item that is kept', () => {
  it('comes back as the very same, whatever it holds', () => {
    fc.assert(
      fc.property(anyItem, (item) => {
        const back = throughStore(item);
        // Tells 0 from -0, undefined from absent, Buffer from Uint8Array, and looks at prototypes.
        expect(isDeepStrictEqual(back, item)).toBe(true);
        expect(throughStore(back)).toEqual(back);
      }),
      { numRuns: 500 },
    );
  });

  it('is readable as far as JSON goes', () => {
    expect(keptItem({ id: 2n ** 60n, at: new Date(0), raw: Buffer.from('ab'), note: undefined, n: 1 }).item).toEqual({
      id: '1152921504606846976',
      at: '1970-01-01T00:00:00.000Z',
      raw: 'YWI=',
      note: null,
      n: 1,
    });
  });

  class Money {
    amount = 5;
  }
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  test.each([
    ['a class', { price: new Money() }, 'its price is a Money'],
    ['a map', { rows: [1, new Map()] }, 'its rows.1 is a Map'],
    ['a function', () => 1, 'it is function'],
    ['a circle', circle, 'its self is an object that holds itself'],
    [
      'an array with holes',
      { list: Object.assign(Array.from({ length: 2 }), { 1: 1, more: 1 }) },
      'its list is an array',
    ],
    ['symbols', { [Symbol('a')]: 1 }, 'it is an object with symbols'],
    [
      'a number that is kept as text',
      { n: (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('1.0') },
      'its n is a fragment',
    ],
    ['a text that is too long', 'x'.repeat(100_001), 'as JSON it has 100005 characters'],
  ])('says so where it could not come back as it was: %s', (_what, item, why) => {
    const kept = keptItem(item);
    expect(kept.obstacle).toContain(why);
    expect(kept.types).toEqual([]);
    expect(stringifyJson(kept.item).length).toBeLessThan(100_100);
  });

  it('may be nested as deep as it likes', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 20_000; depth += 1) deep = [deep];
    expect(keptItem(deep).obstacle).toBe('it is nested more than 200 levels deep');
    expect(copyOfItem(deep)).toHaveLength(1);
  });
});

describe('a copy of an item', () => {
  it('is equal to it and shares nothing that can be changed', () => {
    fc.assert(
      fc.property(anyItem, (item) => {
        expect(isDeepStrictEqual(copyOfItem(item), item)).toBe(true);
      }),
    );
    const item = { list: [{ n: 1 }], at: new Date(0) };
    const copy = copyOfItem(item) as typeof item;
    item.list[0] = { n: 2 };
    item.at.setTime(5);
    expect(copy).toEqual({ list: [{ n: 1 }], at: new Date(0) });
  });

  it('of one that holds itself ends', () => {
    const circle: Record<string, unknown> = { n: 1 };
    circle['self'] = circle;
    expect((copyOfItem(circle) as typeof circle)['n']).toBe(1);
  });
});
