import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';

import { BatchyError, type ErrorCode, type ErrorPlace } from '../domain/errors.ts';
import { bestFit, type Violation } from './best-fit.ts';

interface PropertySchema {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/**
 * Checks parts of a request against their schemas. Text in a URL becomes the boolean or number that the schema asks for, and
 * only where it is exactly that; bodies and headers are never converted; nothing unknown is dropped, it is refused.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  const { properties = {} } = schema as { properties?: Record<string, PropertySchema> };
  const isUrl = httpPart === 'querystring' || httpPart === 'params';
  const hasOtherThanText = Object.values(properties).some(({ type }) => type !== undefined && type !== 'string');
  return (input: unknown) => {
    const value = isUrl && hasOtherThanText ? fromUrl(input as Record<string, unknown>, properties) : input;
    if (check.Check(value)) return { value };
    return { error: invalidPart(httpPart ?? 'body', check.Errors(value), properties) };
  };
};

function fromUrl(input: Record<string, unknown>, properties: Record<string, PropertySchema>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => [
      name,
      typeof value === 'string' ? fromText(value, properties[name]?.type) : value,
    ]),
  );
}

function fromText(text: string, type: string | undefined): unknown {
  if (type === 'boolean') return { true: true, '1': true, false: false, '0': false }[text] ?? text;
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (type === 'number' && /^-?\d{1,15}(\.\d{1,9})?$/.test(text)) return Number(text);
  return text;
}

/** What was sent does not come back whole. */
const longestPointer = 100;
/** Whoever has mended so many asks again. */
const mostPlaces = 8;
// The checker stops at a few, which need not be those of what was meant, nor all the words of a choice.
Settings.Set({ maxErrors: 200 });

function invalidPart(
  part: string,
  violations: readonly Violation[],
  properties: Readonly<Record<string, PropertySchema>>,
): BatchyError {
  const places = choicesOf(bestFit(violations))
    .flatMap((violation) => placesOf(violation, part, properties))
    .slice(0, mostPlaces);
  const detail = `${partNames[part] ?? part}: ${places.map((place) => `${place.pointer === '' ? '' : `${place.pointer} `}${place.detail}`).join('; ')}.`;
  const code = codeOf(part, places, properties);
  const advice = code === 'invalid-id' ? ' Ids are whole numbers: GET /executions and GET /instances list them.' : '';
  return new BatchyError(code, `${detail}${advice}`, { places });
}

/** A number that stands in the path is an id. */
function codeOf(
  part: string,
  places: readonly ErrorPlace[],
  properties: Readonly<Record<string, PropertySchema>>,
): ErrorCode {
  if (part === 'body') return 'invalid-body';
  const isId = part === 'params' && places.some(({ pointer }) => properties[pointer.slice(1)]?.type === 'integer');
  return isId ? 'invalid-id' : 'invalid-request';
}

const partNames: Readonly<Record<string, string>> = {
  querystring: 'Query',
  params: 'Path',
  body: 'Body',
  headers: 'Header',
};

/** A name that is none of those that tell ways of writing apart is told with all of them, once. */
function choicesOf(violations: readonly Violation[]): readonly Violation[] {
  const choices = Map.groupBy(
    violations.filter(({ keyword }) => keyword === 'const'),
    ({ instancePath }) => instancePath,
  );
  return violations.flatMap((violation) => {
    const ofOne = choices.get(violation.instancePath);
    if (ofOne === undefined || violation.keyword !== 'const') return [violation];
    if (violation !== ofOne[0]) return [];
    const values = ofOne.map(({ params }) => JSON.stringify((params as { allowedValue: unknown }).allowedValue));
    return [{ ...violation, message: `must be ${values.length === 1 ? '' : 'one of '}${values.join(', ')}` }];
  });
}

function placesOf(
  { keyword, schemaPath, instancePath, message }: Violation,
  part: string,
  properties: Readonly<Record<string, PropertySchema>>,
): ErrorPlace[] {
  const pointer = instancePath.slice(0, longestPointer);
  const range = keyword === 'type' && part === 'querystring' ? rangeOf(properties[pointer.slice(1)]) : null;
  if (range !== null) return [{ pointer, detail: range }];
  // The checker tells of each unknown property, as one whose schema is false, and then of all of them at once.
  if (keyword === 'additionalProperties') return [];
  if (!schemaPath.endsWith('/additionalProperties')) return [{ pointer, detail: message }];
  const hint = part === 'querystring' ? ` (known: ${Object.keys(properties).join(', ') || 'none'})` : '';
  return [{ pointer, detail: `is not known${hint}` }];
}

/** Whoever writes `1e9` wants the most that there is. */
function rangeOf({ type, minimum, maximum }: PropertySchema = {}): string | null {
  if (type !== 'integer' || minimum === undefined || maximum === undefined) return null;
  return `must be a whole number from ${minimum} to ${maximum}, written in digits`;
}
