import { describe, expect, test } from 'vitest';

import { parseJson } from '../../src/domain/json.ts';
import { readParameterSchema } from '../../src/domain/parameter-schema.ts';
import { refusedPlaces } from './refused-places.ts';

const read = (text: string) => readParameterSchema(parseJson(text), '/parameters');

describe('a schema of parameters', () => {
  test('has settings for each name, all optional', () => {
    const text =
      '{"chunk":{"type":"integer","default":1000,"identifying":false},"day":{"type":"date","required":true,' +
      '"description":"which day"},"any":{},"bare":null,"nothing":{"default":null},"rate":{"type":"float","default":1}}';
    const plain = { type: null, required: false, identifying: true, description: null };
    expect(read(text)).toEqual(
      new Map(
        Object.entries({
          chunk: { ...plain, type: 'integer', default: 1000, identifying: false },
          day: { ...plain, type: 'date', required: true, description: 'which day' },
          any: plain,
          bare: plain,
          nothing: { ...plain, default: null },
          rate: { ...plain, type: 'float', default: 1 },
        }),
      ),
    );
    expect(read('{}')).toEqual(new Map());
  });

  test.each(['[]', 'null', '"chunk"'])('%s is none', (text) => {
    expect(refusedPlaces('invalid-job', () => read(text))).toEqual([
      ['/parameters', 'parameters: expected an object of parameters by name'],
    ]);
  });

  test.each([
    ['{"x":{"type":"int"}}', '/x/type', 'type: expected one of string, integer, float, boolean, date, json'],
    ['{"x":{"type":"null"}}', '/x/type', 'type: expected one of'],
    ['{"x":{"typ":"date"}}', '/x/typ', '"typ" is no setting; there are type, default'],
    ['{"x":{"required":"yes"}}', '/x/required', 'required: expected true or false, got string'],
    ['{"x":{"identifying":1}}', '/x/identifying', 'identifying: expected true or false, got integer'],
    ['{"x":{"description":1}}', '/x/description', 'description: expected a text, got integer'],
    ['{"x":"string"}', '/x', 'expected an object with type, default'],
    ['{"x y":{}}', '/x y', 'the name of a parameter has letters'],
    ['{"x":{"type":"integer","default":1.5}}', '/x/default', 'default: expected integer, got float'],
    ['{"x":{"type":"integer","default":null}}', '/x/default', 'default: expected integer, got null'],
    ['{"x":{"type":"date","default":"2024-02-30"}}', '/x/default', 'default: expected date, got string'],
    ['{"x":{"default":[1e400]}}', '/x/default/0', 'it is beyond what a float can hold'],
    ['{"x":{"default":1,"required":true}}', '/x/default', 'say one of both'],
  ])('%s is refused', (text, pointer, problem) => {
    const places = refusedPlaces('invalid-job', () => read(text));
    expect(places).toEqual([[`/parameters${pointer}`, expect.stringContaining(problem)]]);
  });

  test('all that is wrong is told at once', () => {
    const places = refusedPlaces('invalid-job', () => read('{"a":{"type":"int","oops":1},"b":{"required":0}}'));
    expect(places.map(([pointer]) => pointer)).toEqual([
      '/parameters/a/oops',
      '/parameters/a/type',
      '/parameters/b/required',
    ]);
  });
});
