import { expect, it } from 'vitest';

import { BatchyError } from '../../src/domain/errors.ts';
import { stringifyJson } from '../../src/domain/json.ts';
import { maxDepth, parseJsonBody } from '../../src/http/json-body.ts';

function refusal(text: string): string {
  try {
    parseJsonBody(text);
  } catch (error) {
    expect(error).toBeInstanceOf(BatchyError);
    expect((error as BatchyError).code).toBe('invalid-body');
    return (error as BatchyError).detail;
  }
  throw new Error('the body was taken');
}

it.each([
  '{"job1":{"rows":1.0,"id":9223372036854775807,"none":null}}',
  '{"a":{"x":1},"b":{"x":1}}',
  '{"a":[{"x":1},{"x":1}],"x":1}',
  '{"a":"{\\"a\\":1,\\"a\\":2}"}',
  '{"__proto__":{"polluted":true}}',
  '[]',
  '0.10',
])('takes %s as it stands', (text) => {
  expect(stringifyJson(parseJsonBody(text))).toBe(text);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

it.each([
  ['{"a":1,"a":2}', '"a" stands twice'],
  ['{"a":1,"\\u0061":2}', '"a" stands twice'],
  ['{"a":{"b":1,"c":{"b":1},"b":2}}', '"b" stands twice'],
  ['[{"a":1 , "a"\n:\t2}]', '"a" stands twice'],
  ['{"__proto__":1,"__proto__":2}', '"__proto__" stands twice'],
])('refuses %s, of which parsers make different things', (text, expected) => {
  expect(refusal(text)).toContain(expected);
});

it.each(['{', '{"a":1', "{'a':1}", '{"a":NaN}', '{"a":01}', '{"a":1}{}', '"\u0000"', '{"a" 1}', 'yes'])(
  'refuses %s, which is no JSON',
  (text) => {
    expect(refusal(text)).toContain('no JSON');
  },
);

it('takes what is nested as deep as allowed, and nothing deeper', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  expect(stringifyJson(parseJsonBody(nested(maxDepth)))).toBe(nested(maxDepth));
  expect(refusal(nested(maxDepth + 1))).toContain(`deeper than ${maxDepth}`);
  expect(refusal('{"a":'.repeat(100_000))).toContain(`deeper than ${maxDepth}`);
});

it('ends at once with a string that nothing closes, however many quotes it holds', () => {
  expect(refusal(`"${'\\"'.repeat(500_000)}`)).toContain('no JSON');
  expect(refusal(`{"a":"${'\\"'.repeat(500_000)}\\`)).toContain('no JSON');
});

it('takes a string of many megabytes', () => {
  const text = `{"a":"${'x'.repeat(30_000_000)}","b":"\\\\"}`;
  expect(stringifyJson(parseJsonBody(text)) === text).toBe(true);
});
