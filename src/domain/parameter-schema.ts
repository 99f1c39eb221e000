import { BatchyError, type ErrorPlace } from './errors.ts';
import { type ParameterDefinition, type ParameterSchema, parameterTypes } from './job.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { quoteBriefly } from './names.ts';
import { parameterNameProblem } from './parameter-name.ts';
import { numberProblems, parameterTypeOf, typeWhereDeclared } from './parameter-value.ts';
import { escapePointer } from './special-parameters.ts';

const settings = ['type', 'default', 'required', 'identifying', 'description'] as const;
const declarable = parameterTypes.filter((type) => type !== 'null');

/**
 * Reads the parameters that a job declares: an object of name to `{type, default, required, identifying, description}`, all of
 * them optional; `null` for a name stands for none of them.
 * @param at JSON pointer of `value` in the job's definition, `/parameters`
 * @throws BatchyError `invalid-job` with a place for all that is wrong
 */
export function readParameterSchema(value: Json, at: string): ParameterSchema {
  const places: ErrorPlace[] = [];
  const schema = new Map<string, ParameterDefinition>();
  if (isJsonObject(value)) {
    for (const [name, definition] of Object.entries(value))
      schema.set(name, readDefinition(name, definition, `${at}/${escapePointer(name)}`, places));
  } else {
    places.push({ pointer: at, detail: 'parameters: expected an object of parameters by name' });
  }
  if (places.length > 0)
    throw new BatchyError(
      'invalid-job',
      `The parameters that the job declares cannot be used: ${places.map(({ detail }) => detail).join('; ')}.`,
      { places },
    );
  return schema;
}

function readDefinition(name: string, value: Json, at: string, places: ErrorPlace[]): ParameterDefinition {
  const before = places.length;
  const shown = quoteBriefly(name);
  const refuse = (pointer: string, problem: string): void => {
    places.push({ pointer, detail: `${shown}: ${problem}` });
  };
  const nameProblem = parameterNameProblem(name);
  if (nameProblem !== null) refuse(at, nameProblem);
  const fields: JsonObject = isJsonObject(value) ? value : {};
  if (!isJsonObject(value) && value !== null) refuse(at, `expected an object with ${settings.join(', ')}`);
  for (const key of Object.keys(fields))
    if (!settings.some((known) => known === key))
      refuse(`${at}/${escapePointer(key)}`, `${quoteBriefly(key)} is no setting; there are ${settings.join(', ')}`);
  const flag = (key: 'required' | 'identifying', byDefault: boolean): boolean => {
    const given = fields[key];
    if (given === undefined || typeof given === 'boolean') return given ?? byDefault;
    refuse(`${at}/${key}`, `${key}: expected true or false, got ${parameterTypeOf(given)}`);
    return byDefault;
  };
  const definition = {
    type: readType(fields, at, refuse),
    required: flag('required', false),
    identifying: flag('identifying', true),
    description: readDescription(fields, at, refuse),
  };
  const byDefault = fields['default'];
  if (byDefault === undefined) return definition;
  if (definition.required)
    refuse(`${at}/default`, 'it is required, so its default would never be taken; say one of both');
  places.push(
    ...numberProblems(byDefault, `${at}/default`).map((place) => ({ ...place, detail: `${shown}: ${place.detail}` })),
  );
  if (places.length === before && typeWhereDeclared(byDefault, definition.type) === null)
    refuse(`${at}/default`, `default: expected ${definition.type ?? 'a value'}, got ${parameterTypeOf(byDefault)}`);
  return { ...definition, default: byDefault };
}

type Refuse = (pointer: string, problem: string) => void;

function readType(fields: JsonObject, at: string, refuse: Refuse): ParameterDefinition['type'] {
  const given = fields['type'];
  if (given === undefined) return null;
  const type = declarable.find((known) => known === given);
  if (type === undefined) refuse(`${at}/type`, `type: expected one of ${declarable.join(', ')}`);
  return type ?? null;
}

function readDescription(fields: JsonObject, at: string, refuse: Refuse): string | null {
  const given = fields['description'];
  if (given === undefined || typeof given === 'string') return given ?? null;
  refuse(`${at}/description`, `description: expected a text, got ${parameterTypeOf(given)}`);
  return null;
}
