import type { JobParameters } from './execution.ts';
import { isJsonObject, type Json, numberSource, stringifyJson } from './json.ts';
import { isIntegerSource, isList } from './parameter-value.ts';

/** Grows when the text below changes its form: an instance that is stored keeps the key that it has. */
const version = 1;

/**
 * What an instance is known by, as text: the job's name with the identifying parameters sorted by name, each with its type. Two
 * launches are of one instance if and only if their texts are equal; a hash of it is the instance's key.
 *
 * `1`, `"1"`, `1.0` and `true` differ. Numbers count by their exact decimal value: `1.0`, `1.00` and `1e0` are one float. Dates
 * count by their text, since that is what steps receive: `2024-01-01` and `2024-01-01T00:00` differ. The order of keys counts
 * nowhere, the order in arrays does.
 */
export function canonicalIdentity(jobName: string, parameters: JobParameters): string {
  const identifying = [...parameters]
    .filter(([, parameter]) => parameter.identifying)
    .map(([name, { type, value }]) => [name, type, type === 'float' ? canonicalFloat(value) : canonicalJson(value)])
    .sort(([one = ''], [other = '']) => compareCodeUnits(one, other));
  // Strings in JSON: whatever a name or a value holds, it cannot be taken for another.
  return JSON.stringify(['batchy-instance', version, jobName, identifying]);
}

/** JSON with sorted keys and each number written in one way only; a float always has an exponent, an integer never. */
function canonicalJson(value: Json): string {
  const source = numberSource(value);
  if (source !== undefined) return isIntegerSource(source) ? source.replace(/^-0$/, '0') : normalDecimal(source);
  if (isJsonObject(value)) {
    const entries = Object.entries(value).sort(([one], [other]) => compareCodeUnits(one, other));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  return isList(value) ? `[${value.map(canonicalJson).join(',')}]` : stringifyJson(value);
}

/** Where a float is declared, an integer may be given: it is the same float. */
function canonicalFloat(value: Json): string {
  return normalDecimal(numberSource(value) ?? '');
}

/** A JSON number as digits without zeros around them and an exponent: `-0.50` is `-5e-1`. Exact, whatever its length. */
function normalDecimal(source: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source);
  if (match === null) throw new TypeError(`no number: ${source}`);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  let first = 0;
  while (digits[first] === '0') first += 1;
  if (first === digits.length) return '0e0';
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - end);
  return `${sign}${digits.slice(first, end)}e${power}`;
}

function compareCodeUnits(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
