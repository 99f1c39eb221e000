import { describe, expect, test } from 'vitest';

import type { ParameterDefinition } from '../../src/domain/job.ts';
import { parseJson, stringifyJson } from '../../src/domain/json.ts';
import { parameterTable, readLaunchParameters, stepParameters } from '../../src/domain/parameters.ts';
import { refusedPlaces } from './refused-places.ts';

const undeclared = { parameters: new Map<string, ParameterDefinition>(), additionalParameters: true };

function declare(parameters: Readonly<Record<string, Partial<ParameterDefinition>>>, additionalParameters = true) {
  const complete = (definition: Partial<ParameterDefinition>): ParameterDefinition => ({
    type: null,
    required: false,
    identifying: true,
    description: null,
    ...definition,
  });
  return {
    parameters: new Map(Object.entries(parameters).map(([name, definition]) => [name, complete(definition)])),
    additionalParameters,
  };
}

/** The launch's parameters as `name: type value`, a `-` before those that do not identify. */
function launched(text: string, declared = undeclared): string[] {
  return [...readLaunchParameters(parseJson(text), declared)].map(
    ([name, { type, value, identifying }]) => `${identifying ? '' : '-'}${name}: ${type} ${stringifyJson(value)}`,
  );
}

describe('the body of a launch', () => {
  test('may be absent or empty', () => {
    expect(readLaunchParameters(undefined, undeclared)).toEqual(new Map());
    expect(launched('{}')).toEqual([]);
  });

  test.each([
    ['null', 'null'],
    ['[]', 'an array'],
    ['"a"', 'string'],
    ['1', 'integer'],
    ['true', 'boolean'],
  ])('%s is no object', (text, got) => {
    expect(refusedPlaces('invalid-parameters', () => launched(text))).toEqual([
      ['', `expected an object of parameters, got ${got}`],
    ]);
  });

  test.each([
    ['""', 'string'],
    ['"SUCCESS"', 'string'],
    ['1', 'integer'],
    ['-0', 'integer'],
    ['9223372036854775807', 'integer'],
    ['1.0', 'float'],
    ['0.95', 'float'],
    ['1e5', 'float'],
    ['1E2', 'float'],
    ['true', 'boolean'],
    ['null', 'null'],
    ['[]', 'json'],
    ['[1.0,{"a":null}]', 'json'],
    ['{"value":1}', 'json'],
    ['{"identifying":false}', 'json'],
    ['{"value":1,"identifying":false,"type":"integer"}', 'json'],
    ['"2024-01-01"', 'date'],
    ['"2024-02-29"', 'date'],
    ['"2024-01-01T10:00"', 'date'],
    ['"2024-01-01T10:00:00"', 'date'],
    ['"2024-01-01T10:00:00.5"', 'date'],
    ['"2024-01-01T10:00:00.123456789Z"', 'date'],
    ['"2024-01-01T10:00Z"', 'date'],
    ['"2024-01-01T10:00:00+02:00"', 'date'],
    ['"2024-02-30"', 'string'],
    ['"2023-02-29"', 'string'],
    ['"2024-13-01"', 'string'],
    ['"2024-01-01 10:00"', 'string'],
    ['"2024-01-01T10"', 'string'],
    ['"2024-01-01T24:00"', 'string'],
    ['"2024-01-01T10:00:60"', 'string'],
    ['"2024-01-01T10:00:00."', 'string'],
    ['"2024-01-01T10:00:00+0200"', 'string'],
    ['"2024-01-01T10:00:00 Z"', 'string'],
    ['"2024-01-01Z"', 'string'],
    ['"2024-01-01t10:00"', 'string'],
    ['" 2024-01-01"', 'string'],
    ['"2024-01-01\\n"', 'string'],
    ['"20240101"', 'string'],
    ['"0000-01-01"', 'string'],
  ])('%s is of type %s and kept as it is', (text, type) => {
    expect(launched(`{"x":${text}}`)).toEqual([`x: ${type} ${text}`]);
  });

  test('the long form says whether a parameter identifies, and may hold what looks like it', () => {
    const body =
      '{"a":{"value":1.0,"identifying":false},"b":{"identifying":true,"value":null},' +
      '"c":{"value":{"value":2,"identifying":false},"identifying":true}}';
    expect(launched(body)).toEqual(['-a: float 1.0', 'b: null null', 'c: json {"value":2,"identifying":false}']);
  });

  test('all that is wrong is told at once, with pointers', () => {
    const body =
      '{"ok":1,"a/b":1,"":1,"__proto__":1,"two words":1,"big":1e400,"deep":{"list":[1,-1e999]},' +
      `"long":${'9'.repeat(1001)},"flag":{"value":1e400,"identifying":"no"},"${'n'.repeat(101)}":1}`;
    expect(refusedPlaces('invalid-parameters', () => launched(body))).toEqual([
      ['/a~1b', expect.stringContaining('"a/b": the name of a parameter has letters')],
      ['/', '"": a parameter needs a name'],
      ['/__proto__', '"__proto__": no parameter may be called __proto__'],
      ['/two words', expect.stringContaining('the name of a parameter has letters')],
      ['/big', 'big: it is beyond what a float can hold; send it as a string'],
      ['/deep/list/1', 'deep: it is beyond what a float can hold; send it as a string'],
      ['/long', 'long: a number has at most 1000 characters; send it as a string'],
      ['/flag/identifying', 'flag: identifying: expected true or false, got string'],
      ['/flag/value', 'flag: it is beyond what a float can hold; send it as a string'],
      [`/${'n'.repeat(101)}`, expect.stringContaining('at most 100 characters')],
    ]);
  });

  test('the sentence tells the first five and how many more', () => {
    const body = JSON.stringify(Object.fromEntries('abcdefg'.split('').map((name) => [`${name} `, 1])));
    expect(() => launched(body)).toThrow(/"e ".*; and 2 more\. Nothing was changed/);
  });

  test('a body with very many mistakes is refused like any other', () => {
    const body = `{"x":[${'1e999,'.repeat(150_000)}1]}`;
    expect(refusedPlaces('invalid-parameters', () => launched(body))).toHaveLength(100);
    expect(() => launched(body)).toThrow(/and 149995 more/);
  });

  test.each(['größe', 'run.id', 'a-b', '_x', '1', 'constructor', 'n'.repeat(100)])('%s is a name', (name) => {
    expect(launched(JSON.stringify({ [name]: 1 }))).toEqual([`${name}: integer 1`]);
  });
});

describe('a schema', () => {
  test('fills in defaults and says what identifies; the body has the last word', () => {
    const declared = declare({
      chunk: { type: 'integer', default: 1000, identifying: false },
      rate: { type: 'float', default: 1 },
      region: { identifying: false },
      unset: { type: 'string' },
    });
    expect(launched('{}', declared)).toEqual(['-chunk: integer 1000', 'rate: float 1']);
    expect(launched('{"region":"EU","chunk":5,"rate":0.5}', declared)).toEqual([
      '-region: string "EU"',
      '-chunk: integer 5',
      'rate: float 0.5',
    ]);
    expect(launched('{"region":{"value":"EU","identifying":true}}', declared)[0]).toBe('region: string "EU"');
    expect(launched('{"rate":{"value":2,"identifying":false}}', declared)[0]).toBe('-rate: float 2');
  });

  test.each([
    ['string', '"a"', 'string'],
    ['string', '"2024-01-01"', 'string'],
    ['float', '1', 'float'],
    ['float', '1.5', 'float'],
    ['date', '"2024-01-01"', 'date'],
    ['json', '[]', 'json'],
    ['boolean', 'false', 'boolean'],
  ] as const)('%s takes %s as %s', (type, text, expected) => {
    expect(launched(`{"x":${text}}`, declare({ x: { type } }))).toEqual([`x: ${expected} ${text}`]);
  });

  test.each([
    ['integer', '1.0', 'float'],
    ['integer', '"1"', 'string'],
    ['integer', 'null', 'null'],
    ['float', '"1.5"', 'string'],
    ['boolean', '1', 'integer'],
    ['boolean', '"true"', 'string'],
    ['date', '"2024-02-30"', 'string'],
    ['string', '1', 'integer'],
    ['json', '"[]"', 'string'],
  ] as const)('%s does not take %s', (type, text, got) => {
    expect(refusedPlaces('invalid-parameters', () => launched(`{"x":${text}}`, declare({ x: { type } })))).toEqual([
      ['/x', `x: expected ${type}, got ${got}`],
    ]);
    const long = `{"x":{"value":${text},"identifying":true}}`;
    expect(refusedPlaces('invalid-parameters', () => launched(long, declare({ x: { type } })))).toEqual([
      ['/x/value', `x: expected ${type}, got ${got}`],
    ]);
  });

  test('names what is missing and what is too much', () => {
    const declared = declare({ day: { type: 'date', required: true }, any: { required: true } }, false);
    expect(refusedPlaces('invalid-parameters', () => launched('{"dya":"2024-01-01"}', declared))).toEqual([
      ['/dya', 'dya is no parameter of this job, which takes only day, any'],
      ['/day', 'day is required: expected date, got nothing'],
      ['/any', 'any is required: expected a value, got nothing'],
    ]);
    expect(launched('{"day":"2024-01-01","any":null}', declared)).toEqual(['day: date "2024-01-01"', 'any: null null']);
    expect(refusedPlaces('invalid-parameters', () => launched('{"x":1}', declare({}, false)))).toEqual([
      ['/x', 'x is no parameter of this job, which takes none'],
    ]);
  });

  test('never tells the value that does not fit', () => {
    expect(() => launched('{"x":"hunter2"}', declare({ x: { type: 'integer' } }))).toThrow(
      /^(?!.*hunter2).*got string/,
    );
  });
});

describe('the table of parameters', () => {
  test('has a row for each, its value in the column of its type', () => {
    const body =
      '{"start_date":"2024-01-01","batch_size":100,"threshold":0.95,"big":12345678901234567890,"one":1.0,' +
      '"on":{"value":true,"identifying":false},"none":null,"list":[1.0],"text":"x"}';
    const rows = parameterTable(readLaunchParameters(parseJson(body), undeclared), 7);
    expect(rows[0]).toEqual({
      id: 1,
      job_instance_id: 7,
      key_name: 'start_date',
      type: 'date',
      identifying: true,
      string_value: null,
      date_value: '2024-01-01',
      long_value: null,
      double_value: null,
    });
    const values = rows.map(({ id, key_name: name, identifying, string_value, date_value, long_value, double_value }) =>
      stringifyJson([id, name, identifying, string_value, date_value, long_value, double_value]),
    );
    expect(values).toEqual([
      '[1,"start_date",true,null,"2024-01-01",null,null]',
      '[2,"batch_size",true,null,null,100,null]',
      '[3,"threshold",true,null,null,null,0.95]',
      '[4,"big",true,null,null,12345678901234567890,null]',
      '[5,"one",true,null,null,null,1.0]',
      '[6,"on",false,"true",null,null,null]',
      '[7,"none",true,null,null,null,null]',
      '[8,"list",true,"[1.0]",null,null,null]',
      '[9,"text",true,"x",null,null,null]',
    ]);
  });
});

describe('what steps are given', () => {
  test('values are typed', () => {
    const body =
      '{"text":"a","day":"2024-01-01","count":3,"zero":-0,"big":9007199254740993,"edge":9007199254740991,"one":1.0,' +
      '"rate":1e3,"on":true,"none":null,"list":[1,1.0,9007199254740993,{"k":null}]}';
    const given = stepParameters(readLaunchParameters(parseJson(body), undeclared));
    expect({ ...given }).toEqual({
      text: 'a',
      day: '2024-01-01',
      count: 3,
      zero: 0,
      big: 9007199254740993n,
      edge: 9007199254740991,
      one: 1,
      rate: 1000,
      on: true,
      none: null,
      list: [1, 1, 9007199254740993n, { k: null }],
    });
  });

  test('an integer given for a float is a number, however large', () => {
    const declared = declare({ x: { type: 'float' } });
    const given = stepParameters(readLaunchParameters(parseJson('{"x":9007199254740993}'), declared));
    expect(given['x']).toBe(9007199254740992);
  });

  test('nothing is there that was not given, and no key changes what an object is', () => {
    const given = stepParameters(readLaunchParameters(parseJson('{"x":{"__proto__":{"admin":true}}}'), undeclared));
    expect(given['constructor']).toBeUndefined();
    const nested = given['x'] as Record<string, unknown>;
    expect(nested['admin']).toBeUndefined();
    expect(Object.getPrototypeOf(nested)).toBe(Object.prototype);
    expect(Object.keys(nested)).toEqual(['__proto__']);
    const direct = stepParameters(new Map([['__proto__', { type: 'json', value: { admin: 1 }, identifying: true }]]));
    expect(direct['admin']).toBeUndefined();
    expect(Object.keys(direct)).toEqual(['__proto__']);
  });
});
