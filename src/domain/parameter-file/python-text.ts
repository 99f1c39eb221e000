import { isJsonObject, type Json, numberSource } from '../json.ts';
import { formatInstant, type Instant } from '../time.ts';

/**
 * What Python 3's `str()` gives for a value read from JSON. A number keeps its source text, which is what Python wrote
 * when it stored it.
 */
export function pythonStr(value: Json): string {
  return typeof value === 'string' ? value : pythonRepr(value);
}

/** What Python 3's `repr()` gives for a value read from JSON. */
export function pythonRepr(value: Json): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return reprOfText(value);
  const source = numberSource(value);
  if (source !== undefined) return source;
  if (isJsonObject(value)) {
    return `{${Object.entries(value)
      .map(([key, entry]) => `${reprOfText(key)}: ${pythonRepr(entry)}`)
      .join(', ')}}`;
  }
  return `[${(value as readonly Json[]).map(pythonRepr).join(', ')}]`;
}

/** Python's `str(datetime)` of a naive UTC time: a space, and six fraction digits unless they are zero. */
export function pythonDatetime(instant: Instant): string {
  return formatInstant(instant)
    .replace('T', ' ')
    .replace(/\.000000$/, '');
}

const namedEscapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** Single quotes, unless the text holds one and no double quote; what Python deems unprintable is escaped (PEP 3138). */
function reprOfText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = Array.from(text, (character) => {
    if (character === quote) return `\\${character}`;
    return (
      namedEscapes.get(character) ?? (isPrintable(character) ? character : escapeCode(character.codePointAt(0) ?? 0))
    );
  });
  return `${quote}${escaped.join('')}${quote}`;
}

/** Python's rule: everything but the categories "other" and "separator", the space excepted. */
function isPrintable(character: string): boolean {
  return character === ' ' || !/[\p{C}\p{Z}]/u.test(character);
}

function escapeCode(code: number): string {
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
