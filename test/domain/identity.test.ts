import { isDeepStrictEqual } from 'node:util';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { canonicalIdentity } from '../../src/domain/identity.ts';
import { parseJson } from '../../src/domain/json.ts';
import { readLaunchParameters } from '../../src/domain/parameters.ts';

const undeclared = { parameters: new Map(), additionalParameters: true };

function identityOf(jobName: string, body: string): string {
  return canonicalIdentity(jobName, readLaunchParameters(parseJson(body), undeclared));
}

/** What a value means; how it is written is chosen apart, so that two ways of writing it can be compared. */
type Meaning =
  | { readonly string: string }
  | { readonly integer: bigint }
  /** `digits` times ten to the `power`; `digits` does not end in 0. */
  | { readonly float: readonly [digits: bigint, power: number] }
  | { readonly constant: 'true' | 'false' | 'null' | '"2024-01-01"' | '"2024-01-01T00:00"' }
  | { readonly list: readonly Meaning[] }
  | { readonly object: Readonly<Record<string, Meaning>> };

interface Parameter {
  readonly meaning: Meaning;
  readonly identifying: boolean;
}

/** Few and awkward, so that equal and nearly equal values turn up often. */
const awkwardText = fc.string({
  unit: fc.constantFrom('"', ',', ']', '[', '\\', ':', '1', 'e', '.', ' '),
  maxLength: 3,
});
const digits = fc.bigInt({ min: -12n, max: 12n }).filter((value) => value === 0n || value % 10n !== 0n);
const { meaning } = fc.letrec<{ meaning: Meaning }>((tie) => ({
  meaning: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    awkwardText.map((string) => ({ string })),
    fc.bigInt({ min: -20n, max: 20n }).map((integer) => ({ integer })),
    fc
      .tuple(digits, fc.integer({ min: -2, max: 2 }))
      .map(([value, power]) => ({ float: [value, value === 0n ? 0 : power] as const })),
    fc.constantFrom('true', 'false', 'null', '"2024-01-01"', '"2024-01-01T00:00"').map((constant) => ({ constant })),
    fc.array(tie('meaning'), { maxLength: 2 }).map((list) => ({ list })),
    fc
      .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', '"', '__proto__', '10', '9'), tie('meaning')), {
        maxLength: 2,
        selector: ([key]) => key,
      })
      // Objects like any other, so that two of them are compared by their keys alone.
      .map((entries) => Object.fromEntries(entries))
      .map((object) => ({ object })),
  ),
}));
const parameters = fc.dictionary(
  fc.constantFrom('a', 'b', 'B', 'é', '1', 'a.b'),
  fc.record({ meaning, identifying: fc.boolean() }),
  { maxKeys: 3 },
);
const launch = fc.record({ jobName: fc.constantFrom('Job', 'job', 'Job2'), parameters });

/** @param way 0 writes keys as they come and floats shortest; others otherwise, meaning the same */
function write(value: Meaning, way: number): string {
  if ('string' in value) return JSON.stringify(value.string);
  if ('integer' in value) return value.integer === 0n && way === 2 ? '-0' : String(value.integer);
  if ('constant' in value) return value.constant;
  if ('float' in value) return writeFloat(value.float, way);
  if ('list' in value) return `[${value.list.map((item) => write(item, way)).join(way === 0 ? ',' : ' , ')}]`;
  const entries = Object.entries(value.object).map(([key, item]) => `${JSON.stringify(key)}:${write(item, way)}`);
  return `{${(way === 0 ? entries : entries.toReversed()).join(',')}}`;
}

function writeFloat([value, power]: readonly [bigint, number], way: number): string {
  if (way === 0) return `${value}e${power}`;
  if (way === 1) return `${value}.00E${power}`;
  const sign = value < 0n ? '-' : '';
  const text = String(value < 0n ? -value : value);
  return `${sign}0.0${text}e+${power + text.length + 1}`.replace('e+-', 'e-');
}

function body(given: Readonly<Record<string, Parameter>>, way: number): string {
  const entries = Object.entries(given).map(
    ([name, { meaning, identifying }]) =>
      `${JSON.stringify(name)}:{"value":${write(meaning, way)},"identifying":${identifying}}`,
  );
  return `{${(way === 0 ? entries : entries.toReversed()).join(',')}}`;
}

function identifyingPart(given: Readonly<Record<string, Parameter>>): Record<string, Meaning> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, { meaning, identifying }]) => (identifying ? [[name, meaning]] : [])),
  );
}

describe('the identity of an instance', () => {
  test('is the same text for the same meaning, however it is written', () => {
    fc.assert(
      fc.property(launch, fc.integer({ min: 1, max: 2 }), ({ jobName, parameters }, way) => {
        expect(identityOf(jobName, body(parameters, way))).toBe(identityOf(jobName, body(parameters, 0)));
      }),
    );
  });

  test('is another text for another name or other identifying parameters', () => {
    fc.assert(
      fc.property(launch, launch, (one, other) => {
        const same =
          one.jobName === other.jobName &&
          isDeepStrictEqual(identifyingPart(one.parameters), identifyingPart(other.parameters));
        const texts = [one, other].map(({ jobName, parameters }) => identityOf(jobName, body(parameters, 0)));
        expect(texts[0] === texts[1]).toBe(same);
      }),
      { numRuns: 1000 },
    );
  });

  test('is another text when one value is another', () => {
    fc.assert(
      fc.property(meaning, meaning, (one, other) => {
        const texts = [one, other].map((value) =>
          identityOf('Job', body({ x: { meaning: value, identifying: true } }, 0)),
        );
        expect(texts[0] === texts[1]).toBe(isDeepStrictEqual(one, other));
      }),
      { numRuns: 1000 },
    );
  });

  test('does not hold what does not identify', () => {
    fc.assert(
      fc.property(launch, ({ jobName, parameters }) => {
        const identifying = Object.fromEntries(Object.entries(parameters).filter(([, given]) => given.identifying));
        expect(identityOf(jobName, body(parameters, 0))).toBe(identityOf(jobName, body(identifying, 0)));
      }),
    );
  });

  test.each([
    ['{"a":1}', '{"a":"1"}'],
    ['{"a":1}', '{"a":1.0}'],
    ['{"a":1}', '{"a":true}'],
    ['{"a":null}', '{}'],
    ['{"a":[1]}', '{"a":[1.0]}'],
    ['{"a":[1,2]}', '{"a":[2,1]}'],
    ['{"a":9007199254740993}', '{"a":9007199254740992}'],
    ['{"a":0.1}', '{"a":0.1000000000000000055}'],
    ['{"a":"2024-01-01"}', '{"a":"2024-01-01T00:00:00"}'],
    ['{"a":"[]"}', '{"a":[]}'],
  ])('%s and %s are two instances', (one, other) => {
    expect(identityOf('Job', one)).not.toBe(identityOf('Job', other));
  });

  test.each([
    ['{"a":1,"b":2}', '{"b":2,"a":1}'],
    ['{"a":1.0}', '{"a":1.00}'],
    ['{"a":0.0}', '{"a":-0e7}'],
    ['{"a":{"x":1,"y":2}}', '{"a":{"y":2,"x":1}}'],
    ['{"a":1}', '{"a":1,"b":{"value":2,"identifying":false}}'],
  ])('%s and %s are one instance', (one, other) => {
    expect(identityOf('Job', one)).toBe(identityOf('Job', other));
  });

  test('an integer given for a float is that float', () => {
    const schema = { type: 'float' as const, required: false, identifying: true, description: null };
    const declared = { parameters: new Map([['x', schema]]), additionalParameters: true };
    const [one, other] = ['{"x":1}', '{"x":1.0}'].map((text) =>
      canonicalIdentity('Job', readLaunchParameters(parseJson(text), declared)),
    );
    expect(one).toBe(other);
  });

  /** Stored instances have the hash of this text: when it changes, each launch would be taken for a new instance. */
  test('keeps its form', () => {
    const text = '{"rate":0.50,"day":"2024-01-01","n":-7,"on":true,"x":{"b":[1.0,null],"a":"é"},"none":null}';
    expect(identityOf('Load.Orders', text)).toBe(
      String.raw`["batchy-instance",1,"Load.Orders",[["day","date","\"2024-01-01\""],["n","integer","-7"],` +
        String.raw`["none","null","null"],["on","boolean","true"],["rate","float","5e-1"],` +
        String.raw`["x","json","{\"a\":\"é\",\"b\":[1e0,null]}"]]]`,
    );
    expect(identityOf('Job', '{}')).toBe('["batchy-instance",1,"Job",[]]');
  });
});
