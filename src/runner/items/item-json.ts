/** Items as JSON texts. Integers beyond 2^53, which a number cannot hold, are bigints: as step parameters are. */

interface SourceTextAccess {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
}
const sourceText = JSON as unknown as SourceTextAccess;

/** @throws SyntaxError */
export function parseItem(text: string): unknown {
  // Looking at each number by itself costs ten times as much; few texts hold one that is so long.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return sourceText.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value,
  );
}

/** @throws TypeError for what is no JSON: a function, nothing, an object that holds itself */
export function itemText(item: unknown): string {
  const text = JSON.stringify(item, bigintAsNumber) as string | undefined;
  if (text !== undefined) return text;
  throw new TypeError(
    `An item that is ${item === undefined ? 'undefined' : `a ${typeof item}`} cannot be written as JSON.`,
  );
}

function bigintAsNumber(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? sourceText.rawJSON(String(value)) : value;
}
