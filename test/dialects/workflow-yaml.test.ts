import * as fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parseWorkflowYaml, type WorkflowYaml } from '../../src/dialects/workflow-yaml.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { type Json, stringifyJson } from '../../src/domain/json.ts';
import { jobNameProblem } from '../../src/domain/names.ts';

function parse(text: string): WorkflowYaml {
  return parseWorkflowYaml(text, 'wf1.yaml');
}

function refusal(text: string): BatchyError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof BatchyError) return error;
    throw error;
  }
  throw new Error('the text was accepted');
}

function jobText(file: WorkflowYaml, job: string): string {
  return stringifyJson(Object.fromEntries(file.jobs.get(job) ?? []));
}

describe('a workflow file', () => {
  it('gives jobs and parameters in their order, times as text and numbers as written', () => {
    const file = parse(
      'zeta:\n  b: 1.0\n  a: 2016-01-01\n  time: 12:30:00\n  id: 9223372036854775807\nalpha:\n  flag: yes\n',
    );
    expect([...file.jobs.keys()]).toEqual(['zeta', 'alpha']);
    expect(jobText(file, 'zeta')).toBe('{"b":1.0,"a":"2016-01-01","time":"12:30:00","id":9223372036854775807}');
    expect(jobText(file, 'alpha')).toBe('{"flag":true}');
    expect(file.infa).toBeNull();
  });

  it('may leave a job empty', () => {
    expect(parse('job1:\njob2: ~\njob3: {}\n').jobs).toEqual(
      new Map([
        ['job1', new Map()],
        ['job2', new Map()],
        ['job3', new Map()],
      ]),
    );
  });

  it('is read with a byte order mark, Windows line ends, a document mark and comments', () => {
    expect(jobText(parse('\uFEFF# a\r\n%YAML 1.1\r\n---\r\njob1:\r\n  a: x # b\r\n...\r\n'), 'job1')).toBe('{"a":"x"}');
  });

  it('may be written as JSON', () => {
    expect(jobText(parse('{"job1": {"a": [1, {"b": null}], "c": "yes"}}'), 'job1')).toBe(
      '{"a":[1,{"b":null}],"c":"yes"}',
    );
  });

  it('keeps the shape of nested values and quoted texts', () => {
    expect(jobText(parse('j:\n  sql: |\n    select 1\n    from x\n  q: "12"\n  s: \'on\'\n  l: [a, [b]]\n'), 'j')).toBe(
      '{"sql":"select 1\\nfrom x\\n","q":"12","s":"on","l":["a",["b"]]}',
    );
  });

  it('merges with <<: own entries over merged ones, earlier sources over later ones', () => {
    const file = parse(
      'one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\nboth:\n  c: 3\n  <<: [*one, *two]\nchained: &three\n  <<: *two\n  d: 4\nlast:\n  <<: *three\n',
    );
    expect(jobText(file, 'both')).toBe('{"a":1,"b":1,"c":3}');
    expect(jobText(file, 'last')).toBe('{"b":2,"c":2,"d":4}');
  });

  it('takes "<<" in quotes for a name', () => {
    expect(jobText(parse('j: {"<<": 1}'), 'j')).toBe('{"<<":1}');
  });

  it('accepts core tags', () => {
    expect(
      jobText(
        parse('j: {a: !!str 12, b: !!int "12", c: ! 12, d: !!float 1, e: !!seq [x], f: !<tag:yaml.org,2002:str> no}'),
        'j',
      ),
    ).toBe('{"a":"12","b":12,"c":"12","d":1.0,"e":["x"],"f":"no"}');
  });

  it('takes a whole number as a name, as it is written', () => {
    const file = parse('2016:\n  7: x\n  n: {12: y}\n');
    expect([...file.jobs.keys()]).toEqual(['2016']);
    expect(jobText(file, '2016')).toBe('{"7":"x","n":{"12":"y"}}');
  });

  it('carries __proto__ and constructor like any other name', () => {
    const file = parse('j:\n  __proto__: {a: 1}\n  n:\n    __proto__: {polluted: yes}\n    constructor: 1\n');
    expect([...(file.jobs.get('j')?.keys() ?? [])]).toEqual(['__proto__', 'n']);
    const nested = file.jobs.get('j')?.get('n');
    expect(Object.keys(nested as object)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('keeps _infa apart from the jobs', () => {
    const file = parse('j: {a: 1}\n_infa:\n  profile: powercenter\n  headings: {j: [Global, F.WF:w]}\n');
    expect([...file.jobs.keys()]).toEqual(['j']);
    expect(file.infa).toEqual({ profile: 'powercenter', headings: { j: ['Global', 'F.WF:w'] } });
  });
});

const bomb = [
  'a: &a [x, x, x, x, x, x, x, x, x, x]',
  ...Array.from(
    'bcdefghij',
    (name, index) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefghij'[index]}`).join(', ')}]`,
  ),
].join('\n');
const deepAliases = [
  'a0: &a0 [x]',
  ...Array.from({ length: 200 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}]`),
].join('\n');

describe('a refusal', () => {
  it.each([
    ['a mistake of syntax', 'job1:\n  a: [1, 2\njob2: x\n', 3, 1],
    ['a quote without end', 'job1:\n  a: "x\n', 3, 1],
    ['a tab as indentation', 'job1:\n\ta: 1\n', 2, 1],
    ['a tab among the parameters', 'job1:\n  a: 1\n\tb: 2\n', 3, 1],
    ['a Python object', 'job1:\n  a: !!python/object/apply:os.system ["true"]\n', 2, 6],
    ['a tag of the application', 'job1: {a: !secret x}\n', 1, 11],
    ['a date tag', 'job1:\n  a: !!timestamp 2016-01-01\n', 2, 6],
    ['a set', 'job1: !!set {a}\n', 1, 7],
    ['a tag that does not fit', 'job1:\n  a: !!int x\n', 2, 6],
    ['a tag of another kind', 'job1: !!seq {a: 1}\n', 1, 7],
    ['a tag directive', '%TAG ! tag:example.org,2000:\n---\njob1: {}\n', 1, 1],
    ['a job twice', 'job1: {a: 1}\njob2: {}\njob1: {a: 2}\n', 3, 1],
    ['a parameter twice', 'job1:\n  a: 1\n  b: 2\n  a: 3\n', 4, 3],
    ['a nested key twice', 'job1:\n  a:\n    - x: 1\n      x: 2\n', 4, 7],
    ['a key twice in different notation', 'job1:\n  a: 1\n  "a": 2\n', 3, 3],
    ['a merge twice', 'a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n', 4, 3],
    ['a merge of a text', 'b:\n  <<: x\n', 2, 3],
    ['a list at the top', '# c\n- job1\n- job2\n', 2, 1],
    ['a text at the top', '\n\njust text\n', 3, 1],
    ['an empty file', '', 1, 1],
    ['a file of comments', '# nothing\n\n', 1, 1],
    ['an empty document', '---\n', 1, 1],
    ['an empty map', '{}\n', 1, 1],
    ['only settings', '_infa: {profile: batchy}\n', 1, 1],
    ['two documents', 'job1: {a: 1}\n---\njob2: {a: 1}\n', 2, 1],
    ['aliases times 10^9', bomb, 6, 8],
    ['aliases that nest deep', deepAliases, 100, 12],
    ['an alias inside of itself', 'job1: &a\n  x: [*a]\n', 2, 7],
    ['an alias without anchor', 'job1: {x: *y}\n', 1, 11],
    ['too many aliases', `a: {x: &x 1, y: [${'*x,'.repeat(257)}]}`, 1, 786],
    ['nesting beyond any use', `a: ${'['.repeat(200)}${']'.repeat(200)}`, 1, 103],
    ['infinity', 'job1:\n  a: .inf\n', 2, 6],
    ['no number', 'job1:\n  a: [1, .NaN]\n', 2, 10],
    ['a job that is a list', 'job1:\n  - a\n', 2, 3],
    ['a job that is a text', 'job1: {}\njob2: new\n', 2, 7],
    ['a job that is false', 'job1: no\n', 1, 7],
    ['a setting of which there is none', 'job1: {}\n_other: {}\n', 2, 1],
    ['a job without a name', '"": {}\n', 1, 1],
    ['a job with a line break in its name', 'a: {}\n"a\\nb": {}\n', 2, 1],
    ['half a character in a name', '"\\ud800": {}\n', 1, 1],
    ['a job named on', 'on: {a: 1}\n', 1, 1],
    ['a job named null', '~: {a: 1}\n', 1, 1],
    ['a key that YAML takes for a boolean', 'job1:\n  yes: 1\n', 2, 3],
    ['a key that YAML takes for another number', 'job1:\n  010: 1\n', 2, 3],
    ['a key that YAML takes for a fraction', 'job1:\n  1.10: 1\n', 2, 3],
    ['a key that is a list', 'job1:\n  ? [a]\n  : 1\n', 2, 5],
    ['a NUL', 'job1:\n  a: x\0y\n', 2, 7],
    ['an unknown key of _infa', 'job1: {}\n_infa: {profil: batchy}\n', 2, 1],
    ['an unknown profile', 'job1: {}\n_infa: {profile: xml}\n', 2, 1],
    ['a heading for a stranger', 'job1: {}\n_infa: {headings: {job2: Global}}\n', 2, 1],
  ])('of %s says where', (_what, text, line, column) => {
    const error = refusal(text);
    expect(error.code).toBe('invalid-configuration');
    expect(error.detail).toContain(`wf1.yaml, line ${line}, column ${column}: `);
    expect(error.places[0]?.pointer).toBe(`${line}:${column}`);
    expect(error.facts).toMatchObject({ file: 'wf1.yaml', line, column });
  });

  it('says what to do with a name that YAML does not take for a text', () => {
    expect(refusal('on: {}').detail).toContain('put it in quotes');
    expect([...parse('"on": {}').jobs.keys()]).toEqual(['on']);
  });

  it('names the file, not the value, for a file beyond 256 KiB', () => {
    const longest = `job1: {a: ${'x'.repeat(256 * 1024 - 11)}}`;
    expect(parse(longest).jobs.size).toBe(1);
    expect(refusal(`${longest} `).detail).toContain('larger than 256 KiB');
    expect(refusal(`job1: {a: ${'é'.repeat(130 * 1024)}}`).detail).toContain('larger than 256 KiB');
  });

  it('of long texts multiplied by aliases', () => {
    expect(refusal(`j: {a: &a ${'x'.repeat(100_000)}, b: [*a, *a, *a]}`).detail).toContain('more than a file may hold');
  });
});

const jobName = fc
  .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  .filter((name) => jobNameProblem(name) === null);
const parameterValue = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.integer({ min: -10_000, max: 10_000 }).map((hundredths) => hundredths / 100),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(
      'yes',
      'NO',
      '12:30:00',
      '2016-01-01',
      '010',
      '1e3',
      '.5',
      '~',
      '',
      '<<',
      '=',
      ' x ',
      'a: b',
      '#',
      '- x',
      '\t',
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

describe('any text', () => {
  it('of a configuration survives YAML', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.tuple(jobName, fc.dictionary(fc.string(), parameterValue, { maxKeys: 5, noNullPrototype: true })),
          { minLength: 1, maxLength: 4, selector: ([name]) => name },
        ),
        (jobs) => {
          const file = parse(dump(Object.fromEntries(jobs)));
          expect(file.jobs.size).toBe(jobs.length);
          for (const [name, parameters] of jobs) {
            const read = file.jobs.get(name) ?? new Map<string, Json>();
            expect([...read.keys()].sort()).toEqual(Object.keys(parameters).sort());
            for (const [parameter, value] of read)
              expect(JSON.parse(stringifyJson(value))).toEqual(JSON.parse(JSON.stringify(parameters[parameter])));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is read or refused with a place, never anything else', () => {
    const fragment = fc.constantFrom(
      '\n',
      '  ',
      ' ',
      '\t',
      ': ',
      ':',
      '- ',
      '? ',
      '[',
      ']',
      '{',
      '}',
      ',',
      '&a ',
      '*a',
      '!!str ',
      '!x ',
      '"',
      "'",
      '|',
      '>',
      '#',
      '%',
      '---',
      '...',
      '<<',
      '_infa',
      'job1',
      'on',
      '010',
      '1.0',
      '~',
      '\r',
      '\0',
      '\ud800',
      '\\',
      '\uFEFF',
      '@',
      '`',
      '__proto__',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.oneof({ weight: 6, arbitrary: fragment }, { weight: 1, arbitrary: fc.string() }), { maxLength: 40 })
        .map((parts) => parts.join('')),
    );
    let accepted = 0;
    fc.assert(
      fc.property(text, (source) => {
        try {
          for (const parameters of parse(source).jobs.values())
            for (const value of parameters.values()) JSON.parse(stringifyJson(value));
          accepted += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(BatchyError);
          expect((error as BatchyError).places[0]?.pointer).toMatch(/^\d+:\d+$/);
        }
      }),
      { numRuns: 5000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});
