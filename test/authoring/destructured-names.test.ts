import { describe, expect, it, test } from 'vitest';

import { type DestructuredNames, destructuredNames } from '../../src/authoring/destructured-names.ts';

/* oxlint-disable no-unused-vars, no-empty-pattern, typescript/no-explicit-any, func-names -- the functions are only looked at */
type Work = (...given: never[]) => unknown;
/** What a compiler or a formatter would change. */
// eslint-disable-next-line typescript/no-implied-eval -- the texts are ours
const evaluated = (source: string): Work => new Function(`return ${source}`)() as Work;
const boundOne = Function.prototype.bind.call(({ a }: any) => a, null) as Work;
const names = (required: string[], optional: string[] = []): DestructuredNames => ({ required, optional });

describe('what a function destructures', () => {
  test.each<[string, Work, DestructuredNames]>([
    ['an arrow function', ({ size }: any) => size, names(['size'])],
    ['defaults', ({ message, port = 8080 }: any) => [message, port], names(['message'], ['port'])],
    ['an async one', async ({ a, b }: any) => [a, b], names(['a', 'b'])],
    [
      'a function with a name and a second parameter',
      function create({ a }: any, context: any) {
        return [a, context];
      },
      names(['a']),
    ],
    ['a method', evaluated('{ run({ $a, _b = 2 }) { return [$a, _b]; } }.run'), names(['$a'], ['_b'])],
    [
      'other names and parts of parts',
      ({ a: b, c: { d, e = [1, 2] }, f: [g] = [1], h: i = { j: 1 } }: any) => [b, d, e, g, i],
      names(['a', 'c'], ['f', 'h']),
    ],
    [
      'defaults that hold all kinds of brackets',
      ({ a = { b: [1, 2 + 3] }, c = 'x}, y', d = (x: number) => x, e = `,}` }: any) => [a, c, d, e],
      names([], ['a', 'c', 'd', 'e']),
    ],
    ['a default for the whole', ({ a, b = 1 }: any = {}) => [a, b], names(['a'], ['b'])],
    ['nothing', () => 1, names([])],
    ['an empty pattern', ({}: any) => 1, names([])],
    ['letters of other languages', ({ größe }: any) => größe, names(['größe'])],
  ])('%s', (_what, work, expected) => {
    expect(destructuredNames(work)).toEqual(expected);
  });

  it('is found in spite of comments and line breaks', () => {
    const work = evaluated('async function* (\n/* first */ {\n a, // }\n b /* , c */ = /* d */ 1,\n } ) {}');
    expect(destructuredNames(work)).toEqual(names(['a'], ['b']));
  });

  test.each<[string, Work]>([
    ['a parameter that is not destructured', (values: any) => values.size],
    ['one without brackets', evaluated('values => values.size')],
    ['a list', ([a]: any) => a],
    ['the rest', ({ a, ...rest }: any) => [a, rest]],
    ['computed keys', ({ ['a']: b }: any) => b],
    ['keys in quotes', evaluated(`({ 'a-b': c }) => c`)],
    ['a regular expression as default', ({ a = /}/ }: any) => a],
    ['a template with an expression', ({ a = `${Math.PI}` }: any) => a],
    ['a function that is bound', boundOne],
    ['a function of the language', Math.max],
    [
      'a class',
      class {
        a = 1;
      } as unknown as Work,
    ],
  ])('cannot be told of %s', (_what, work) => {
    expect(destructuredNames(work)).toBeNull();
  });
});
