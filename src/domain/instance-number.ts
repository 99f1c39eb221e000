import type { JobParameter, JobParameters } from './execution.ts';
import { runIdParameter } from './given-parameters.ts';
import type { JobDefinition } from './job.ts';

/**
 * What numbers the instances of one window. `:` keeps it apart from every parameter that a launch can name; it is not for steps
 * to see.
 */
export const generationParameter = 'batchy:generation';

/** The number of the instance that a launch makes where there was none. */
export const firstInstance = 1;

/** Parameters that number instances and are part of no launch: to find the newest instance, look for one without them. */
export function withoutInstanceNumber(definition: JobDefinition, parameters: JobParameters): JobParameters {
  const number = numberParameter(definition);
  if (!parameters.has(number)) return parameters;
  return new Map([...parameters].filter(([name]) => name !== number));
}

/**
 * The parameter that tells a numbered instance from the others with its parameters: `run_id`, which steps see, or the generation of
 * a window, which they do not.
 * @returns `null` where none is needed: for the first instance of a job that does not number them
 */
export function instanceParameter(definition: JobDefinition, number: number): [string, JobParameter] | null {
  if (number === firstInstance && !definition.newInstancePerLaunch) return null;
  return [numberParameter(definition), { type: 'integer', value: number, identifying: true }];
}

function numberParameter({ newInstancePerLaunch }: JobDefinition): string {
  return newInstancePerLaunch ? runIdParameter : generationParameter;
}

/** The number that an instance has among those with its parameters. */
export function instanceNumber(definition: JobDefinition, parameters: JobParameters): number {
  const given = parameters.get(numberParameter(definition))?.value;
  return typeof given === 'number' ? given : firstInstance;
}
