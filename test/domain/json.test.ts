import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { isExactNumber, type Json, parseJson, stringifyJson, withPlainNumbers } from '../../src/domain/json.ts';

const numbers = fc.oneof(
  fc.constantFrom('1.0', '-0', '0.10', '1e5', '1E-3', '9007199254740993', '1e400', '-12345678901234567890', '0.1'),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);

describe('JSON whose numbers keep their source', () => {
  test('is written as it was read, plain or exact', () => {
    const space = fc.constantFrom('', ' ', '\n');
    fc.assert(
      fc.property(fc.array(numbers), fc.string(), space, (sources, text, gap) => {
        const list = `[${sources.join(`,${gap}`)}]`;
        const json = `{"list":${gap}${list},"text":${JSON.stringify(text)}}`;
        expect(stringifyJson(parseJson(json))).toBe(`{"list":[${sources.join(',')}],"text":${JSON.stringify(text)}}`);
      }),
    );
  });

  test.each([
    ['[1.0]', true],
    ['[-0]', true],
    ['[9007199254740993]', true],
    ['[1]', false],
    ['[0.1]', false],
    ['[ 1 ]', false],
  ])('%s: exact is %s', (text, exact) => {
    expect(isExactNumber((parseJson(text) as readonly Json[])[0])).toBe(exact);
  });

  test.each(['1.0', ' -0', '{"a":1.0}', '{"a" : -0}', '{"a\\"":\n1e5}', '{"a":[[9007199254740993]]}', '{"a:1":1E0}'])(
    '%s loses nothing, wherever the number stands',
    (text) => {
      const bare = text.replaceAll(/\s/g, '');
      expect(stringifyJson(parseJson(text))).toBe(bare);
    },
  );

  test('the last of two equal keys counts', () => {
    expect(stringifyJson(parseJson('{"a":1,"a":2.0}'))).toBe('{"a":2.0}');
  });

  test.each(['', '{', '[1,]', '01', 'undefined'])('%j is no JSON', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});

test('numbers are plain where that loses nothing but how they were written', () => {
  const value = parseJson('[1.0, {"a": [1e5, -1E-3], "__proto__": 0.10}, 9007199254740993, 1e400, "1.0", null]');
  const plain = withPlainNumbers(value) as unknown[];
  expect(plain.slice(0, 2)).toEqual([1, { a: [100_000, -0.001], ['__proto__']: 0.1 }]);
  expect(plain.slice(2, 4).every(isExactNumber)).toBe(true);
  expect(stringifyJson(plain as Json)).toBe(
    '[1,{"a":[100000,-0.001],"__proto__":0.1},9007199254740993,1e400,"1.0",null]',
  );
});
