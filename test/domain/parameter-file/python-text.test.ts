import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/domain/json.ts';
import { pythonDatetime, pythonRepr, pythonStr } from '../../../src/domain/parameter-file/python-text.ts';
import { parseInstant } from '../../../src/domain/time.ts';

describe('str() and repr() of Python 3', () => {
  // The right-hand sides were printed by CPython 3.11.
  it.each([
    ['true', 'True'],
    ['false', 'False'],
    ['null', 'None'],
    ['17', '17'],
    ['1.0', '1.0'],
    ['9223372036854775807', '9223372036854775807'],
    ['[]', '[]'],
    ['{}', '{}'],
    ['{"a": 1, "b": [1, 2.0, null, true]}', "{'a': 1, 'b': [1, 2.0, None, True]}"],
    [`["it's", "say \\"x\\"", "it's \\"x\\""]`, `["it's", 'say "x"', 'it\\'s "x"']`],
    ['["a\\\\b", "\\n\\r\\t", "\\u0000\\u001f\\u007f"]', String.raw`['a\\b', '\n\r\t', '\x00\x1f\x7f']`],
    ['["é", "日本", "😀"]', "['é', '日本', '😀']"],
    [
      String.raw`["\u0085\u00a0\u00ad", "\u2028\u200b\ufeff\ue000", "\ud800", "\ud83f\udfff"]`,
      String.raw`['\x85\xa0\xad', '\u2028\u200b\ufeff\ue000', '\ud800', '\U0001ffff']`,
    ],
  ])('of %s', (json, text) => {
    expect(pythonRepr(parseJson(json))).toBe(text);
  });

  it('leaves a text at the top as it is', () => {
    expect(pythonStr("it's")).toBe("it's");
    expect(pythonStr(null)).toBe('None');
  });

  it.each([
    ['2026-11-21T19:53:34.254951', '2026-11-21 19:53:34.254951'],
    ['2026-11-21T19:53:34', '2026-11-21 19:53:34'],
    ['2026-11-21T19:53:34.000001', '2026-11-21 19:53:34.000001'],
    ['0001-01-01', '0001-01-01 00:00:00'],
  ])('of the time %s', (time, text) => {
    expect(pythonDatetime(parseInstant(time) ?? 0n)).toBe(text);
  });
});
