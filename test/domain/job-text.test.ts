import { serialize } from 'node:v8';
import { expect, it } from 'vitest';
import { parseJobYaml } from '../../src/dialects/job-yaml.ts';
import { jobDefinitionText, readJobDefinition } from '../../src/domain/job-text.ts';
import { defineFlow, linearFlow } from '../../src/authoring/index.ts';
import { stringifyJson } from '../../src/domain/json.ts';

it('a definition comes out as it went in, its numbers exact', () => {
  const { definition } = parseJobYaml(
    'name: J\nworkflow: w\nparameters:\n  a: {default: 1.0, identifying: false}\n  b: {default: [9223372036854775807], identifying: false}\n  c: {type: date, identifying: false}\nsteps:\n  - {name: A, shell: [echo, "{{a}}"], "on": {X: {end: FAILED}}, timeout: 0.5}\n',
    'j.yaml',
  );
  const text = jobDefinitionText(definition);
  // As it is, it could not be sent to another process.
  expect(() => serialize(definition)).toThrow();
  expect(readJobDefinition(text)).toEqual(definition);
  const read = readJobDefinition(text).parameters;
  expect([...read.values()].map((parameter) => stringifyJson(parameter.default ?? null))).toEqual([
    '1.0',
    '[9223372036854775807]',
    'null',
  ]);
});

it('a flow stays one, without its code', () => {
  const { definition } = defineFlow('f', ({ size }) => linearFlow('l', [size as never]), { maxProcs: 2 });
  expect(readJobDefinition(jobDefinitionText(definition))).toEqual(definition);
  expect(definition).toMatchObject({ isFlow: true, maxProcs: 2, steps: [] });
});
