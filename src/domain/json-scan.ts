/** What a parser does not tell of a JSON text; means something only where the text is JSON. */
export interface JsonScan {
  /** Keys that their object has already, in the order of the text: parsers resolve them differently. */
  readonly repeatedKeys: readonly RepeatedKey[];
  /** Arrays and objects are nested deeper than was allowed; the scan ended there. */
  readonly isTooDeep: boolean;
}

export interface RepeatedKey {
  readonly key: string;
  /** Offset into the text. */
  readonly at: number;
}

const token = /["[\]{}]/g;
const colon = /\s*:/y;

/** One way through the text, whatever it is: where nothing closes a string, that string reaches to the end. */
export function scanJson(text: string, maxDepth: number): JsonScan {
  const keysOfOpenObjects: (Set<string> | null)[] = [];
  const repeatedKeys: RepeatedKey[] = [];
  let next = 0;
  for (;;) {
    token.lastIndex = next;
    const match = token.exec(text);
    if (match === null) return { repeatedKeys, isTooDeep: false };
    const [found] = match;
    const at = match.index;
    next = found === '"' ? endOfString(text, at) : at + 1;
    if (found === '{' || found === '[') {
      keysOfOpenObjects.push(found === '{' ? new Set() : null);
      if (keysOfOpenObjects.length > maxDepth) return { repeatedKeys, isTooDeep: true };
    } else if (found === '}' || found === ']') {
      keysOfOpenObjects.pop();
    } else {
      colon.lastIndex = next;
      const keys = keysOfOpenObjects.at(-1);
      if (!keys || !colon.test(text)) continue;
      const key = decodeKey(text.slice(at, next));
      if (keys.has(key)) repeatedKeys.push({ key, at });
      keys.add(key);
    }
  }
}

const quote = '"'.charCodeAt(0);
const backslash = '\\'.charCodeAt(0);

/** Behind the quote that closes the string which begins at `begin`. Not by a pattern, whose stack long strings exceed. */
function endOfString(text: string, begin: number): number {
  let at = begin + 1;
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return Math.min(at + 1, text.length);
}

/** `"a"` and `"\u0061"` are one key. What is no valid string is left to the parser to refuse. */
function decodeKey(literal: string): string {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal;
  }
}
