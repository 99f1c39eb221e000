import { describe, expect, it } from 'vitest';

import { jsonCopy } from '../../src/domain/json-copy.ts';

const circle: Record<string, unknown> = {};
circle['self'] = [circle];

describe('a copy of JSON', () => {
  it('leaves out keys without a value', () => {
    expect(jsonCopy({ a: undefined, b: [1, { c: null }] }, 'x')).toEqual({ b: [1, { c: null }] });
  });

  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [{ a: [{ b: () => 1 }] }, 'function at /a/0/b'],
    [{ a: { ok: [1] }, 'b/c': new Map() }, 'a Map at /b~1c'],
    [[1, undefined, 3], 'undefined at /1'],
    // eslint-disable-next-line no-sparse-arrays -- what is left empty is no JSON either
    [{ list: [1, , 3] }, 'undefined at /list/1'],
    [circle, 'an object that holds itself at /self/0'],
    [{ ['k'.repeat(1000)]: Number.NaN }, `NaN at /${'k'.repeat(199)}…`],
  ])('is refused with the place of what is none: %o', (value, found) => {
    expect(() => jsonCopy(value, 'what it returns')).toThrow(
      new TypeError(`what it returns must be JSON (text, number, boolean, null, array or plain object), not ${found}.`),
    );
  });
});
