/**
 * JSON in which a number keeps its source text.
 *
 * A team's parameters are carried verbatim: `1.0` must not become `1`, nor a 64-bit integer lose its last digits. A number
 * whose JavaScript rendering differs from its source is therefore held as a raw JSON fragment
 * (`JSON.rawJSON`, TC39 proposal "JSON.parse source text access"), which `JSON.stringify` writes back as it was read.
 */
export interface ExactNumber {
  readonly rawJSON: string;
}

export type Json = null | boolean | number | string | ExactNumber | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** What the language has since Node 22 and the type library does not know yet. */
interface SourceTextAccess {
  parse(
    text: string,
    reviver: (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): ExactNumber;
  isRawJSON(value: unknown): value is ExactNumber;
}
const sourceText = JSON as unknown as SourceTextAccess;

/** The number that `source` (a JSON number literal) denotes: plain where JavaScript would print it alike, else exact. */
export function numberFromSource(source: string): number | ExactNumber {
  const value = Number(source);
  return String(value) === source ? value : sourceText.rawJSON(source);
}

export function isExactNumber(value: unknown): value is ExactNumber {
  return sourceText.isRawJSON(value);
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value);
}

/** The source text of a number, or `undefined` for a value that is none. */
export function numberSource(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  return isExactNumber(value) ? value.rawJSON : undefined;
}

/**
 * A copy in which numbers are plain wherever that loses nothing but how they were written: `1.0` is 1. Integers beyond 2^53, and what
 * no float can hold, stay as they were written.
 */
export function withPlainNumbers(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (isExactNumber(value)) {
    const number = Number(value.rawJSON);
    const isLost = /^-?\d+$/.test(value.rawJSON) ? !Number.isSafeInteger(number) : !Number.isFinite(number);
    return isLost ? value : number;
  }
  if (!isJsonObject(value)) return value.map(withPlainNumbers);
  // fromEntries defines keys: `__proto__` becomes a key like any other.
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withPlainNumbers(item)]));
}

/**
 * A number, where one may stand, that another one could print as: with a fraction or an exponent, negative and zero, or of more
 * digits than are exact. In a text it harms nothing.
 */
const mayLose = /(?:^|"\s*:|[,[])\s*(?:-0|-?\d+[.eE]|-?\d{16})/;

/**
 * Parses JSON that we or another program stored. Duplicate keys: the last wins, as with every JSON parser in use.
 * @throws SyntaxError when the text is no JSON
 */
export function parseJson(text: string): Json {
  const plain = JSON.parse(text) as Json;
  // What prints as the very same text has lost nothing either, and looking at each number by itself costs ten times as much.
  if (!mayLose.test(text) || JSON.stringify(plain) === text) return plain;
  return sourceText.parse(text, (_key, value, context) =>
    typeof value === 'number' && context.source !== undefined ? numberFromSource(context.source) : value,
  ) as Json;
}

/** The JSON text of a value; exact numbers appear as they were read. */
export function stringifyJson(value: Json): string {
  return JSON.stringify(value);
}

/** Whether two values have the same JSON text (the order of keys counts: what is compared was read from one source). */
export function sameJson(one: Json | undefined, other: Json | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return stringifyJson(one) === stringifyJson(other);
}
