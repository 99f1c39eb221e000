import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderTemplate, templateNames, templateProblem, templateValues } from '../../src/domain/template.ts';

const values = new Map<string, unknown>([
  ['day', '2026-01-01'],
  ['n', 1.5],
  ['big', 9_223_372_036_854_775_807n],
  ['none', null],
  ['yes', true],
  ['list', [1, 'a']],
  ['tricky', '{{day}} $& $1'],
]);
const valueOf = (name: string): unknown => values.get(name);

describe('a template', () => {
  it.each([
    ['plain', 'plain'],
    ['a {{day}}/{{ day }}.csv', 'a 2026-01-01/2026-01-01.csv'],
    ['{{n}} {{big}} {{none}} {{yes}} {{list}}', '1.5 9223372036854775807 null true [1,"a"]'],
    ['{{tricky}}', '{{day}} $& $1'],
    ['{day} }} {', '{day} }} {'],
  ])('%j becomes %j', (text, expected) => {
    expect(renderTemplate(text, valueOf)).toBe(expected);
  });

  it('names what is not there', () => {
    expect(() => renderTemplate('{{day}} {{gone}} {{lost}}', valueOf)).toThrow(/takes \{\{gone\}\}, \{\{lost\}\}/);
  });

  it('knows its names, each once', () => {
    expect(templateNames('{{b}} {{ a }} {{b}} {{x-y.z}}')).toEqual(['b', 'a', 'x-y.z']);
  });

  it.each([
    ['{{}}', true],
    ['{{a b}}', true],
    ['{{a', true],
    ['{{{a}}}', false],
    ['{{a}} }}', false],
    ['{"a": {}}', false],
  ])('%j is wrong: %s', (text, wrong) => {
    expect(templateProblem(text) !== null).toBe(wrong);
  });

  it('puts any text in as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(renderTemplate('<{{x}}>', () => text)).toBe(`<${text}>`);
      }),
    );
  });

  it('takes parameters before values of the context', () => {
    const of = templateValues({
      parameters: { a: 1 },
      context: { has: (key) => key === 'a' || key === 'b', get: (key) => `context ${key}` },
    });
    expect([of('a'), of('b'), of('c'), of('toString')]).toEqual([1, 'context b', undefined, undefined]);
  });
});
