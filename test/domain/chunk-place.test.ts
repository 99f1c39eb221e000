import { describe, expect, it, test } from 'vitest';

import { beginningOf, type ChunkPlace, decodePlace, encodePlace, placeProblem } from '../../src/domain/chunk-place.ts';
import { parseJson, stringifyJson } from '../../src/domain/json.ts';

const place: ChunkPlace = {
  ...beginningOf(7, 'stamp', 100),
  items: 250,
  reader: { line: 251 },
  writer: { length: 9 },
  asked: 50,
  oneByOne: true,
};

describe('where a chunk step stands', () => {
  it('is read as it was stored', () => {
    for (const each of [place, beginningOf(7, 'stamp', 100)]) {
      const stored = parseJson(stringifyJson(encodePlace(each)));
      expect(decodePlace(stored)).toEqual(each);
      expect(placeProblem(stored)).toBeNull();
    }
  });

  test.each([
    ['a number for its origin', { origin: 7, items: 250, reader: null, writer: null }, 'another version of Batchy'],
    ['no size', { origin: '7', items: 250, reader: null, writer: null }, 'another version of Batchy'],
    ['a text where a count is', { ...(encodePlace(place) as object), asked: 'x' }, 'another version of Batchy'],
    ['the ranges of a partitioned step', { origin: 7, ranges: [1, 2] }, 'of no chunk step'],
    ['something else', 'line 5', 'of no chunk step'],
  ])('with %s is told apart, and what to do about it', (_what, checkpoint, why) => {
    expect(placeProblem(checkpoint)).toContain(why);
    expect(() => decodePlace(checkpoint)).toThrow(why);
    expect(() => decodePlace(checkpoint)).toThrow('force=true');
  });
});
