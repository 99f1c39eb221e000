import { isExactNumber, type Json } from './json.ts';

/** JSON that a text of more characters would hold is cut, so that no document grows beyond what a store takes. */
export const longestKept = 100_000;

/**
 * A copy of a value that must be JSON, so that whoever changes the value later does not change what is stored.
 * @param what how the message calls it: `context value "path"`
 * @throws TypeError for `undefined`, a function, a class's instance, a bigint, NaN, a cycle
 */
export function jsonCopy(value: unknown, what: string): Json {
  return copy(value, what, []);
}

function copy(value: unknown, what: string, above: readonly object[]): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || isExactNumber(value)) return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object') throw notJson(what, typeof value === 'number' ? String(value) : typeof value);
  if (above.includes(value)) throw notJson(what, 'an object that holds itself');
  const within = [...above, value];
  if (Array.isArray(value)) return value.map((item) => copy(item, what, within));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype)
    throw notJson(what, `a ${(value.constructor as { name?: string } | undefined)?.name ?? 'class'}`);
  // fromEntries defines keys: `__proto__` becomes a key like any other.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, copy(item, what, within)]),
  );
}

function notJson(what: string, found: string): TypeError {
  return new TypeError(`${what} must be JSON (text, number, boolean, null, array or plain object), not ${found}.`);
}

/** Any value as JSON as well as may be, for people to look at: what JSON does not know appears as text. */
export function jsonForPeople(value: unknown): Json {
  try {
    const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item));
    if (text === undefined) return String(value);
    return text.length <= longestKept ? (JSON.parse(text) as Json) : `${text.slice(0, longestKept)}…`;
  } catch {
    return textOf(value);
  }
}

/** Of what JSON cannot be made of: it holds itself, or is nested too deeply. */
function textOf(value: unknown): string {
  try {
    return String(value).slice(0, longestKept);
  } catch {
    return `(${typeof value})`;
  }
}
