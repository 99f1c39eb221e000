import { BatchyError } from '../domain/errors.ts';
import type { JobParameters } from '../domain/execution.ts';
import { runIdParameter } from '../domain/given-parameters.ts';
import type { JobDefinition } from '../domain/job.ts';
import { isJsonObject, type Json } from '../domain/json.ts';
import { quoteBriefly } from '../domain/names.ts';
import { readLaunchParameters } from '../domain/parameters.ts';
import { firingParameter } from '../domain/schedule.ts';
import { unknownTemplateNames } from '../domain/template.ts';
import { formatInstant, type Instant } from '../domain/time.ts';
import { declaredWithWindow } from '../domain/window-parameters.ts';

/**
 * The parameters of a launch. One by a schedule is told which firing it is of: by that it is an instance of its own, unless the job
 * makes each launch one anyway, by its window or `newInstancePerLaunch`.
 * @param firing `null` for a launch that somebody asks for
 * @throws BatchyError `invalid-parameters`
 */
export function readLaunch(definition: JobDefinition, body: Json | undefined, firing: Instant | null): JobParameters {
  const declared = definition.bond === null ? definition : declaredWithWindow(definition);
  const parameters =
    firing === null
      ? readLaunchParameters(body, declared)
      : readLaunchParameters(withFiring(body, definition, firing), declaredWithFiring(declared));
  refuseRunId(definition, parameters);
  refuseUnknownNames(definition, parameters);
  return parameters;
}

function withFiring(body: Json = {}, { bond, newInstancePerLaunch }: JobDefinition, firing: Instant): Json {
  if (!isJsonObject(body)) return body;
  const identifying = bond === null && !newInstancePerLaunch;
  return { ...body, [firingParameter]: { value: formatInstant(firing), identifying } };
}

/** It is given to jobs that declare their parameters and this one not, too. */
function declaredWithFiring(
  declared: Pick<JobDefinition, 'parameters' | 'additionalParameters'>,
): Pick<JobDefinition, 'parameters' | 'additionalParameters'> {
  if (declared.parameters.has(firingParameter)) return declared;
  const parameter = { type: 'date', required: false, identifying: true, description: null } as const;
  return { ...declared, parameters: new Map([...declared.parameters, [firingParameter, parameter]]) };
}

/** @throws BatchyError `invalid-parameters` */
function refuseRunId({ name, newInstancePerLaunch }: JobDefinition, parameters: JobParameters): void {
  if (!newInstancePerLaunch || !parameters.has(runIdParameter)) return;
  throw new BatchyError(
    'invalid-parameters',
    `Job ${quoteBriefly(name)} numbers its launches itself (newInstancePerLaunch): leave ${runIdParameter} out.`,
    { places: [{ pointer: `/${runIdParameter}`, detail: `${runIdParameter} is given by the service` }] },
  );
}

/**
 * Only where each launch is an instance of its own: elsewhere an instance would count as complete, and its window as loaded, whose
 * steps never ran.
 * @throws BatchyError `invalid-request`
 */
export function checkDeselected(definition: JobDefinition, deselected: readonly string[]): void {
  if (deselected.length === 0) return;
  const name = quoteBriefly(definition.name);
  if (!definition.newInstancePerLaunch || definition.bond !== null)
    throw new BatchyError(
      'invalid-request',
      `Job ${name} runs whole: steps can be left out only where each launch is an instance of its own (newInstancePerLaunch).`,
    );
  if (definition.isFlow === true)
    throw new BatchyError(
      'invalid-request',
      `Job ${name} is a flow: what its tasks are is known when it is picked up, so that none of them can be left out.`,
    );
  const known = new Set(definition.steps.map((step) => step.name));
  const unknown = deselected.filter((step) => !known.has(step));
  if (unknown.length > 0)
    throw new BatchyError(
      'invalid-request',
      `Job ${name} has no ${unknown.map((step) => quoteBriefly(step)).join(', ')} that could be left out.`,
    );
  if (known.size === new Set(deselected).size)
    throw new BatchyError('invalid-request', `Of job ${name} nothing would be left to run.`);
}

/** @throws BatchyError `invalid-parameters` */
function refuseUnknownNames(definition: JobDefinition, parameters: JobParameters): void {
  const unknown = unknownTemplateNames(definition, parameters.keys());
  if (unknown.length === 0) return;
  throw new BatchyError(
    'invalid-parameters',
    `Steps of job ${quoteBriefly(definition.name)} take ${unknown.map((name) => `{{${name}}}`).join(', ')}: give ${unknown.length === 1 ? 'a parameter' : 'parameters'} of that name.`,
    { places: unknown.map((name) => ({ pointer: `/${name}`, detail: `${name} is taken by a step` })) },
  );
}
