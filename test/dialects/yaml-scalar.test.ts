import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPlainScalar, readTaggedScalar } from '../../src/dialects/yaml-scalar.ts';
import { type Json, stringifyJson } from '../../src/domain/json.ts';

function jsonText(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : stringifyJson(value);
}

describe('plain scalars', () => {
  it.each(['yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'])('%s is true', (text) => {
    expect(readPlainScalar(text)).toBe(true);
  });

  it.each(['no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'])('%s is false', (text) => {
    expect(readPlainScalar(text)).toBe(false);
  });

  it.each(['', '~', 'null', 'Null', 'NULL'])('%j is null', (text) => {
    expect(readPlainScalar(text)).toBeNull();
  });

  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['+0', '0'],
    ['+1', '1'],
    ['-17', '-17'],
    ['007', '7'],
    ['010', '8'],
    ['-010', '-8'],
    ['0_', '0'],
    ['0x1F', '31'],
    ['-0x1f', '-31'],
    ['0b11', '3'],
    ['+0b1_0', '2'],
    ['1_000', '1000'],
    ['9223372036854775807', '9223372036854775807'],
    ['-123456789012345678901234567890', '-123456789012345678901234567890'],
    ['0x7fffffffffffffff', '9223372036854775807'],
    ['1.0', '1.0'],
    ['-1.50', '-1.50'],
    ['-0.0', '-0.0'],
    ['+1.5', '1.5'],
    ['.5', '0.5'],
    ['1.', '1.0'],
    ['01.5', '1.5'],
    ['00.5', '0.5'],
    ['1_0.5_0', '10.50'],
    ['1.0e+3', '1.0e+3'],
    ['1.e-3', '1.0e-3'],
    ['0.1234567890123456789', '0.1234567890123456789'],
  ])('%s is the number %s', (text, json) => {
    expect(jsonText(readPlainScalar(text))).toBe(json);
    expect(() => JSON.parse(json) as unknown).not.toThrow();
  });

  // What PyYAML reads as text, too: the words and notations that only other YAML parsers know.
  it.each([
    'y',
    'n',
    'Y',
    'N',
    'yEs',
    'nULL',
    '08',
    '0o17',
    '0x',
    '0b',
    '-.5',
    '1e3',
    '1.5e3',
    '1e+3',
    '1234e56',
    '1.2.3',
    '._1',
    '1,5',
    '-',
    '+',
    '.',
    '_1',
    'nan',
    'inf',
  ])('%s is text', (text) => {
    expect(readPlainScalar(text)).toBe(text);
  });

  // Where we differ from PyYAML, which reads base 60, dates, or fails: what was written stays.
  it.each([
    '12:30:00',
    '1:30',
    '190:20:30.15',
    '2016-01-01',
    '2016-01-01 23:59:00',
    '2016-01-01T23:59:00.5Z',
    '=',
    '<<',
  ])('%s stays text', (text) => {
    expect(readPlainScalar(text)).toBe(text);
  });

  it.each(['.inf', '-.Inf', '+.INF', '.nan', '.NaN', '.NAN'])('%s has no JSON', (text) => {
    expect(readPlainScalar(text)).toBeUndefined();
  });

  it('a whole number of any size keeps its digits', () => {
    fc.assert(
      fc.property(fc.bigInt(), (number) => {
        expect(jsonText(readPlainScalar(String(number)))).toBe(String(number));
      }),
    );
  });
});

describe('tagged scalars', () => {
  it.each([
    ['010', 'str', '"010"'],
    ['yes', 'str', '"yes"'],
    ['5', 'int', '5'],
    ['5', 'float', '5.0'],
    ['2.50', 'float', '2.50'],
    ['on', 'bool', 'true'],
    ['Off', 'bool', 'false'],
    ['~', 'null', 'null'],
  ] as const)('%s as !!%s is %s', (text, tag, json) => {
    expect(jsonText(readTaggedScalar(text, tag))).toBe(json);
  });

  it.each([
    ['x', 'int'],
    ['1.5', 'int'],
    ['x', 'float'],
    ['.inf', 'float'],
    ['1', 'bool'],
    ['0', 'null'],
  ] as const)('%s is no !!%s', (text, tag) => {
    expect(readTaggedScalar(text, tag)).toBeUndefined();
  });
});
