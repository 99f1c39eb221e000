import { isExactNumber, type Json } from './json.ts';
import { escapePointer } from './special-parameters.ts';

/** JSON that a text of more characters would hold is cut, so that no document grows beyond what a store takes. */
export const longestKept = 100_000;

/**
 * A copy of a value that must be JSON, so that whoever changes the value later does not change what is stored. A key whose value is `undefined`
 * is left out; in a list that is refused, a place that was left empty too.
 * @param what how the message calls it: `context value "path"`
 * @throws TypeError for `undefined`, a function, a class's instance, a bigint, NaN, a cycle; it names the place within, as a JSON pointer
 */
export function jsonCopy(value: unknown, what: string): Json {
  return copy(value, { what, above: [], keys: [] });
}

/** Where the copying is: it changes on the way, since a copy for each value would cost more than the value. */
interface Way {
  readonly what: string;
  readonly above: object[];
  readonly keys: (string | number)[];
}

function copy(value: unknown, way: Way): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || isExactNumber(value)) return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object') throw notJson(way, typeof value === 'number' ? String(value) : typeof value);
  if (way.above.includes(value)) throw notJson(way, 'an object that holds itself');
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== null && prototype !== Object.prototype)
    throw notJson(way, `a ${(value.constructor as { name?: string } | undefined)?.name ?? 'class'}`);
  way.above.push(value);
  // fromEntries defines keys: `__proto__` becomes a key like any other.
  const copied = Array.isArray(value)
    ? Array.from(value, (item: unknown, index) => copyPart(item, index, way))
    : Object.fromEntries(
        Object.entries(value)
          .filter(([, item]) => item !== undefined)
          .map(([key, item]) => [key, copyPart(item, key, way)]),
      );
  way.above.pop();
  return copied;
}

function copyPart(part: unknown, key: string | number, way: Way): Json {
  way.keys.push(key);
  const copied = copy(part, way);
  way.keys.pop();
  return copied;
}

function notJson({ what, keys }: Way, found: string): TypeError {
  const pointer = keys.map((key) => `/${escapePointer(String(key))}`).join('');
  const place = keys.length === 0 ? '' : ` at ${pointer.length > 200 ? `${pointer.slice(0, 200)}…` : pointer}`;
  return new TypeError(
    `${what} must be JSON (text, number, boolean, null, array or plain object), not ${found}${place}.`,
  );
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
