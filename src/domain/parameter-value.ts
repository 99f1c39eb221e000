import type { ErrorPlace } from './errors.ts';
import { isExactNumber, isJsonObject, type Json, numberSource } from './json.ts';
import type { ParameterDefinition, ParameterType } from './job.ts';
import { escapePointer } from './special-parameters.ts';
import { parseInstant } from './time.ts';

/** What a parameter's value is: JSON has one kind of number and no dates, parameters have. */

/** Stricter than what `parseInstant` reads: only `T`, no space, an offset with its colon, and none without a time. */
const datePattern = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;
/** Longest literal of a number, in characters: longer ones are a mistake, and arithmetic on them costs the square. */
const longestNumber = 1000;

/** The type that a value has by itself. `1.0` and `1e5` are floats, `1` is an integer: the source text decides. */
export function parameterTypeOf(value: Json): ParameterType {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return isDate(value) ? 'date' : 'string';
  const source = numberSource(value);
  if (source === undefined) return 'json';
  return isIntegerSource(source) ? 'integer' : 'float';
}

/**
 * The type that a value has where `declared` is expected, or `null` where it does not fit. A text that looks like a date fits a
 * string, an integer fits a float; nothing else is converted.
 */
export function typeWhereDeclared(value: Json, declared: ParameterDefinition['type']): ParameterType | null {
  const found = parameterTypeOf(value);
  if (declared === null || found === declared) return found;
  const fits = (declared === 'string' && found === 'date') || (declared === 'float' && found === 'integer');
  return fits ? declared : null;
}

/** Numbers in `value`, however deep, that no program could compute with. `at` is the pointer of the value. */
export function numberProblems(value: Json, at: string): ErrorPlace[] {
  const source = numberSource(value);
  if (source !== undefined) {
    const detail = numberProblem(source);
    return detail === null ? [] : [{ pointer: at, detail }];
  }
  if (isJsonObject(value))
    return Object.entries(value).flatMap(([key, item]) => numberProblems(item, `${at}/${escapePointer(key)}`));
  if (isList(value)) return value.flatMap((item, index) => numberProblems(item, `${at}/${index}`));
  return [];
}

function numberProblem(source: string): string | null {
  if (source.length > longestNumber) return `a number has at most ${longestNumber} characters; send it as a string`;
  if (!isIntegerSource(source) && !Number.isFinite(Number(source)))
    return 'it is beyond what a float can hold; send it as a string';
  return null;
}

/** The value as a program takes it: integers beyond 2^53 as bigint, other numbers as numbers, also within arrays and objects. */
export function plainValue(value: Json, type: ParameterType): unknown {
  const source = numberSource(value);
  if (source !== undefined) return type === 'float' ? Number(source) : plainNumber(source);
  return plainJson(value);
}

function plainJson(value: Json): unknown {
  const source = numberSource(value);
  if (source !== undefined) return plainNumber(source);
  // fromEntries defines keys: `__proto__` becomes a key like any other.
  if (isJsonObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainJson(item)]));
  return isList(value) ? value.map(plainJson) : value;
}

function plainNumber(source: string): number | bigint {
  if (!isIntegerSource(source)) return Number(source);
  const integer = BigInt(source);
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}

/** Whether a JSON number literal has neither fraction nor exponent. */
export function isIntegerSource(source: string): boolean {
  return /^-?\d+$/.test(source);
}

export function isList(value: Json): value is readonly Json[] {
  return typeof value === 'object' && value !== null && !isJsonObject(value) && !isExactNumber(value);
}

function isDate(text: string): boolean {
  return datePattern.test(text) && parseInstant(text) !== null;
}
