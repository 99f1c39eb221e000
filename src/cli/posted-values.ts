import { isJsonObject, type Json, type JsonObject, parseJson } from '../domain/json.ts';
import type { ParameterType } from '../domain/job.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { jsonOrText } from './user-parameters.ts';

/** What a parameter takes, by its name; `null`: whatever it is given. */
export type DeclaredTypes = ReadonlyMap<string, ParameterType | null>;

/**
 * Reads `--attempts 5 --size=10`: what is declared as its type says, anything else as `-p` reads it.
 * @throws CommandFailure for what is no such pair, and for what is given twice
 */
export function readValues(words: readonly string[], declared: DeclaredTypes): ReadonlyMap<string, Json> {
  const values = new Map<string, Json>();
  for (let place = 0; place < words.length; place += 1) {
    const word = words[place] as string;
    const [, given = '', inWord] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (given === '') throw usage(`${JSON.stringify(word)} is no --name value.`);
    const name = declaredName(given, declared);
    const type = declared.get(name) ?? null;
    const following = inWord ?? valueIn(words[place + 1], type);
    if (following === undefined && type !== 'boolean')
      throw usage(`--${given} needs a value (--${given}=--text for one that begins with --).`);
    if (following !== undefined && inWord === undefined) place += 1;
    if (values.has(name)) throw usage(`--${name} is given twice.`);
    values.set(name, following === undefined ? true : readValue(following, type));
  }
  return values;
}

/**
 * Reads `{"size": 10}`, or the file of `@store.json`.
 * @throws CommandFailure for what is no JSON object
 */
export function readStore(text: string, readFile: (name: string) => string): JsonObject {
  const source = text.startsWith('@') ? text.slice(1) : null;
  const where = source ?? '--store';
  try {
    const store = parseJson(source === null ? text : readFile(source));
    if (isJsonObject(store)) return store;
  } catch (cause) {
    throw usage(`${where} cannot be read: ${(cause as Error).message}`, cause);
  }
  throw usage(`${where}: expected a JSON object, for example '{"size": 10}'.`);
}

/** `--volume-size` is `volume_size`, where that is declared. */
function declaredName(given: string, declared: DeclaredTypes): string {
  const underlined = given.replaceAll('-', '_');
  return !declared.has(given) && declared.has(underlined) ? underlined : given;
}

/** A switch has a value only where it is one. */
function valueIn(next: string | undefined, type: ParameterType | null): string | undefined {
  if (next === undefined || next.startsWith('--')) return undefined;
  return type === 'boolean' && !['true', 'false'].includes(next) ? undefined : next;
}

function readValue(text: string, type: ParameterType | null): Json {
  return type === 'string' || type === 'date' ? text : jsonOrText(text);
}

function usage(detail: string, cause?: unknown): CommandFailure {
  return new CommandFailure(exits.usage, detail, { cause });
}
