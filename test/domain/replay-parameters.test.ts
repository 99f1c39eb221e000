import { expect, it } from 'vitest';

import type { JobExecution, JobParameters } from '../../src/domain/execution.ts';
import type { ParameterDefinition } from '../../src/domain/job.ts';
import { changedParameters } from '../../src/domain/replay-parameters.ts';

const parameter = (value: string | number, identifying: boolean) =>
  ({ type: typeof value === 'string' ? 'string' : 'integer', value, identifying }) as const;
const parameters: JobParameters = new Map([
  ['region', parameter('EU', true)],
  ['fail_at', parameter(500, false)],
]);
const size: ParameterDefinition = { type: 'integer', required: true, identifying: true, description: null };
const definition = { parameters: new Map([['size', size]]), additionalParameters: true };
const batch = {} as JobExecution['batch'];
const valuesOf = (changed: JobParameters) => Object.fromEntries([...changed].map(([name, { value }]) => [name, value]));

it('of a bound job all but the window and what the workflow is named by may be others', () => {
  const changed = changedParameters({ id: 1, parameters, batch }, definition, { fail_at: 0, size: 5 });
  expect(valuesOf(changed)).toEqual({ region: 'EU', fail_at: 0, size: 5 });
  expect([...changed].filter(([, { identifying }]) => identifying)).toHaveLength(1);
  for (const given of [{ region: 'US' }, { batch_id: 3 }])
    expect(() => changedParameters({ id: 1, parameters, batch }, definition, given)).toThrow('do not identify');
});

it('of any other job what would identify is refused, unless it is said not to', () => {
  const of = { id: 1, parameters, batch: null };
  expect(() => changedParameters(of, definition, { size: 5 })).toThrow('identifying');
  expect(valuesOf(changedParameters(of, definition, { size: { value: 5, identifying: false }, fail_at: 1 }))).toEqual({
    region: 'EU',
    fail_at: 1,
    size: 5,
  });
  const long = { region: { value: 'US', identifying: false } };
  expect(() => changedParameters(of, definition, long)).toThrow('identifies execution 1');
  expect(() => changedParameters(of, definition, [])).toThrow('expected an object');
  expect(changedParameters(of, definition, undefined)).toBe(parameters);
});
