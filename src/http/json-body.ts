import { BatchyError } from '../domain/errors.ts';
import { type Json, parseJson } from '../domain/json.ts';

/** Deepest nesting of arrays and objects that a body may have. */
export const maxDepth = 64;

/**
 * Parses a request's body: numbers keep their source text; a key that stands twice (which parsers resolve differently) and
 * nesting beyond `maxDepth` are refused rather than guessed at.
 * @throws BatchyError `invalid-body`
 */
export function parseJsonBody(text: string): Json {
  const duplicate = scan(text);
  let value: Json;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new BatchyError('invalid-body', `The body is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (duplicate !== null)
    throw new BatchyError('invalid-body', `The body is ambiguous: the key ${duplicate} stands twice in one object.`);
  return value;
}

const token = /"(?:[^"\\]|\\.)*"|[[\]{}]/gs;
const colon = /\s*:/y;

/** The first key that stands twice (only meaningful for valid JSON), or `null`. @throws BatchyError beyond `maxDepth` */
function scan(text: string): string | null {
  const keysOfOpenObjects: (Set<string> | null)[] = [];
  for (const match of text.matchAll(token)) {
    const [found] = match;
    if (found === '{' || found === '[') {
      keysOfOpenObjects.push(found === '{' ? new Set() : null);
      if (keysOfOpenObjects.length > maxDepth)
        throw new BatchyError('invalid-body', `The body is nested deeper than ${maxDepth} levels.`);
    } else if (found === '}' || found === ']') {
      keysOfOpenObjects.pop();
    } else {
      colon.lastIndex = match.index + found.length;
      const keys = keysOfOpenObjects.at(-1);
      if (!keys || !colon.test(text)) continue;
      const key = decodeKey(found);
      if (keys.has(key)) return JSON.stringify(key);
      keys.add(key);
    }
  }
  return null;
}

/** `"a"` and `"\u0061"` are one key. What is no valid string is left to the parser to refuse. */
function decodeKey(literal: string): string {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal;
  }
}
