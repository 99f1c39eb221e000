import { isExactNumber } from '../../domain/json.ts';

/**
 * What both databases take alike. A date is stored as its ISO text in UTC, an object or an array as JSON, a number that a
 * plain JavaScript number cannot hold as its digits.
 * @throws TypeError for what no database can store
 */
export function commonStorable(value: unknown): null | string | number | bigint | boolean | Uint8Array {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return value;
    case 'undefined':
      return null;
    case 'object':
      return value === null ? null : storableObject(value);
    default:
      throw new TypeError(`a ${typeof value} cannot be stored`);
  }
}

function storableObject(value: object): string | Uint8Array {
  if (isExactNumber(value)) return value.rawJSON;
  if (value instanceof Uint8Array) return value;
  if (!(value instanceof Date)) return JSON.stringify(value);
  if (Number.isNaN(value.getTime())) throw new TypeError('an invalid Date cannot be stored');
  return value.toISOString();
}

/** An integer as `number` where it is exact, else as `bigint`. */
export function exactInteger(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
