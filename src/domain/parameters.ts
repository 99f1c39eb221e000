import { BatchyError, type ErrorPlace } from './errors.ts';
import type { JobParameter, JobParameters } from './execution.ts';
import type { JobDefinition, ParameterDefinition, ParameterType } from './job.ts';
import { isJsonObject, type Json, type JsonObject, stringifyJson } from './json.ts';
import { quoteBriefly } from './names.ts';
import { parameterNameProblem } from './parameter-name.ts';
import { numberProblems, parameterTypeOf, plainValue, typeWhereDeclared } from './parameter-value.ts';
import { escapePointer } from './special-parameters.ts';

/** What of a job's definition decides about the parameters of its launches. */
type Declared = Pick<JobDefinition, 'parameters' | 'additionalParameters'>;

/** How many of the wrong places the one sentence tells, and how many are listed beside it: a body may have very many. */
const mostPlacesTold = 5;
const mostPlacesListed = 100;

/**
 * The parameters of a launch: what the body gives, in its order, then the defaults of what it does not name.
 *
 * A value is either the value itself or the long form, an object with exactly the keys `value` and `identifying`. Any other
 * object, one with only `value` too, is a JSON value like any other; whoever wants to pass an object that looks like the long
 * form wraps it in the long form. What the body says about `identifying` counts more than the schema.
 * @param body `undefined` where the launch has none
 * @throws BatchyError `invalid-parameters` with a JSON pointer into the body for each that does not fit, the first hundred
 */
export function readLaunchParameters(body: Json | undefined, declared: Declared): JobParameters {
  const given = body === undefined ? {} : body;
  const { parameters, places } = readGiven(given, declared, '');
  for (const [name, definition] of declared.parameters) {
    if (isJsonObject(given) && Object.hasOwn(given, name)) continue;
    const byDefault = defaultParameter(definition);
    if (byDefault !== null) parameters.set(name, byDefault);
    else if (definition.required)
      places.push({
        pointer: `/${escapePointer(name)}`,
        detail: `${name} is required: expected ${definition.type ?? 'a value'}, got nothing`,
      });
  }
  if (places.length > 0) throw refusal(places);
  return parameters;
}

/**
 * What is given and no more: without defaults, and whatever is required.
 * @param at where in the request's body it stands, as a JSON pointer
 * @throws BatchyError as `readLaunchParameters`
 */
export function readGivenParameters(given: Json, declared: Declared, at: string): JobParameters {
  const { parameters, places } = readGiven(given, declared, at);
  if (places.length > 0) throw refusal(places);
  return parameters;
}

interface Given {
  readonly parameters: Map<string, JobParameter>;
  readonly places: ErrorPlace[];
}

function readGiven(given: Json, declared: Declared, at: string): Given {
  if (!isJsonObject(given))
    throw refusal([{ pointer: at, detail: `expected an object of parameters, got ${kindOf(given)}` }]);
  const places: ErrorPlace[] = [];
  const parameters = new Map<string, JobParameter>();
  for (const [name, value] of Object.entries(given)) {
    const read = readParameter(name, value, declared, at);
    if (Array.isArray(read)) for (const place of read) places.push(place);
    else parameters.set(name, read);
  }
  return { parameters, places };
}

function readParameter(name: string, given: Json, declared: Declared, at: string): JobParameter | ErrorPlace[] {
  const pointer = `${at}/${escapePointer(name)}`;
  const definition = declared.parameters.get(name);
  const nameProblem = parameterNameProblem(name);
  if (nameProblem !== null) return [{ pointer, detail: `${quoteBriefly(name)}: ${nameProblem}` }];
  if (definition === undefined && !declared.additionalParameters)
    return [{ pointer, detail: `${name} is no parameter of this job, which takes ${namesOf(declared)}` }];
  if (!isLongForm(given)) return typed(name, given, definition?.identifying ?? true, definition, pointer);
  const { value = null, identifying } = given;
  const problems =
    typeof identifying === 'boolean'
      ? []
      : [
          {
            pointer: `${pointer}/identifying`,
            detail: `${name}: identifying: expected true or false, got ${kindOf(identifying)}`,
          },
        ];
  const read = typed(name, value, identifying === true, definition, `${pointer}/value`);
  if (Array.isArray(read)) return [...problems, ...read];
  return problems.length > 0 ? problems : read;
}

function typed(
  name: string,
  value: Json,
  identifying: boolean,
  definition: ParameterDefinition | undefined,
  pointer: string,
): JobParameter | ErrorPlace[] {
  const problems = numberProblems(value, pointer).map((place) => ({ ...place, detail: `${name}: ${place.detail}` }));
  if (problems.length > 0) return problems;
  const type = typeWhereDeclared(value, definition?.type ?? null);
  // The value itself may be a secret; its type says enough.
  if (type === null)
    return [{ pointer, detail: `${name}: expected ${definition?.type ?? 'a value'}, got ${parameterTypeOf(value)}` }];
  return { type, value, identifying };
}

function defaultParameter(definition: ParameterDefinition): JobParameter | null {
  if (definition.default === undefined) return null;
  const type = typeWhereDeclared(definition.default, definition.type);
  // The schema was read with its defaults checked.
  return type === null ? null : { type, value: definition.default, identifying: definition.identifying };
}

function isLongForm(value: Json): value is JsonObject {
  return (
    isJsonObject(value) &&
    Object.keys(value).length === 2 &&
    Object.hasOwn(value, 'value') &&
    Object.hasOwn(value, 'identifying')
  );
}

function namesOf({ parameters }: Declared): string {
  return parameters.size === 0 ? 'none' : `only ${[...parameters.keys()].join(', ')}`;
}

function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  const type = parameterTypeOf(value);
  if (type !== 'json') return type;
  return isJsonObject(value) ? 'an object' : 'an array';
}

function refusal(places: readonly ErrorPlace[]): BatchyError {
  const told = places.slice(0, mostPlacesTold).map(({ detail }) => detail);
  const more = places.length > mostPlacesTold ? [`and ${places.length - mostPlacesTold} more`] : [];
  return new BatchyError(
    'invalid-parameters',
    `The parameters do not fit: ${[...told, ...more].join('; ')}. Nothing was changed; mend them and try again.`,
    { places: places.slice(0, mostPlacesListed) },
  );
}

/** A parameter as routes answer it: of the four values the one that the type has, the others `null`. */
export interface ParameterRow extends JsonObject {
  /** Counted from 1 within the instance, in the order in which the parameters were given. */
  readonly id: number;
  readonly job_instance_id: number;
  readonly key_name: string;
  readonly type: ParameterType;
  readonly identifying: boolean;
  /** A string; `true` or `false`; an array or object as JSON text. All four are `null` for null. */
  readonly string_value: string | null;
  /** The text that was given. */
  readonly date_value: Json;
  /** Exact, also beyond 2^53. */
  readonly long_value: Json;
  /** As it was written. */
  readonly double_value: Json;
}

export function parameterTable(parameters: JobParameters, instanceId: number): ParameterRow[] {
  return [...parameters].map(([name, { type, value, identifying }], index) => ({
    id: index + 1,
    job_instance_id: instanceId,
    key_name: name,
    type,
    identifying,
    string_value: stringValue(type, value),
    date_value: type === 'date' ? value : null,
    long_value: type === 'integer' ? value : null,
    double_value: type === 'float' ? value : null,
  }));
}

function stringValue(type: ParameterType, value: Json): string | null {
  if (type === 'string' && typeof value === 'string') return value;
  return type === 'boolean' || type === 'json' ? stringifyJson(value) : null;
}

/**
 * What a step is given (`StepContext.parameters`): integers beyond 2^53 as bigint, also within arrays and objects; a date as
 * the text that was given. Without a prototype, so that `parameters.constructor` is there only where somebody gave it.
 */
export function stepParameters(parameters: JobParameters): Record<string, unknown> {
  const values = Object.create(null) as Record<string, unknown>;
  // No launch can name what holds a colon: it is Batchy's own.
  for (const [name, { type, value }] of parameters) if (!name.includes(':')) values[name] = plainValue(value, type);
  return values;
}
