import { type Json, stringifyJson } from '../../domain/json.ts';
import { quoteBriefly } from '../../domain/names.ts';

/**
 * What a value of the context may have as JSON in UTF-8, in bytes: the context is stored anew with each change. Python sends what is not ASCII in
 * up to three times as much, which one message can still hold. Python's side has the same number.
 */
const longestValue = 4 * 1024 * 1024;

/** @throws RangeError for a value of the context that is too large; it names the key, the size and the limit */
export function refuseTooLarge(key: string, value: Json): void {
  const size = Buffer.byteLength(stringifyJson(value));
  if (size > longestValue)
    throw new RangeError(
      `The context value ${quoteBriefly(key)} has ${size} bytes as JSON, and may have ${longestValue}: keep it in a file or a table, and its name in the context.`,
    );
}
