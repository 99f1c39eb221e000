import { BatchyError } from '../domain/errors.ts';
import { type Json, parseJson } from '../domain/json.ts';
import { scanJson } from '../domain/json-scan.ts';

/** Deepest nesting of arrays and objects that a body may have. */
export const maxDepth = 64;

/**
 * Parses a request's body: numbers keep their source text; a key that stands twice (which parsers resolve differently) and
 * nesting beyond `maxDepth` are refused rather than guessed at.
 * @throws BatchyError `invalid-body`
 */
export function parseJsonBody(text: string): Json {
  const { repeatedKeys, isTooDeep } = scanJson(text, maxDepth);
  if (isTooDeep) throw new BatchyError('invalid-body', `The body is nested deeper than ${maxDepth} levels.`);
  let value: Json;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new BatchyError('invalid-body', `The body is no JSON: ${(cause as Error).message}`, { cause });
  }
  const [repeated] = repeatedKeys;
  if (repeated !== undefined)
    throw new BatchyError(
      'invalid-body',
      `The body is ambiguous: the key ${JSON.stringify(repeated.key)} stands twice in one object.`,
    );
  return value;
}
