import { BatchyError } from './errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from './json.ts';
import { isList } from './parameter-value.ts';
import { type Instant, parseInstant } from './time.ts';

/** Reads the fields of an object that we stored. Each throws BatchyError `foreign-data` where the field is not as we write it. */
export interface StoredFields {
  /** Whether it is there: fields that came with a later version are not in what an earlier one wrote. */
  has(name: string): boolean;
  /** A whole number that a plain number holds exactly, 0 or more. */
  count(name: string): number;
  countOrNull(name: string): number | null;
  text(name: string): string;
  textOrNull(name: string): string | null;
  flag(name: string): boolean;
  instant(name: string): Instant;
  instantOrNull(name: string): Instant | null;
  oneOf<Value extends string>(name: string, values: readonly Value[]): Value;
  /** Any JSON, but it must be there. */
  json(name: string): Json;
  textsOrNull(name: string): readonly string[] | null;
  counts(name: string): number[];
  /** Keys and indexes, from the outside inwards. */
  path(name: string): readonly (string | number)[];
  objectOrNull(name: string): StoredFields | null;
  objects(name: string): StoredFields[];
}

/** @param what how messages call it: `a job execution` @throws BatchyError `foreign-data` for anything but a JSON object */
export function parseStoredObject(text: string, what: string): JsonObject {
  let value: Json;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw foreign(what, 'it is no JSON', cause);
  }
  if (!isJsonObject(value)) throw foreign(what, 'it is no JSON object');
  return value;
}

export function storedFields(value: JsonObject, what: string): StoredFields {
  const read = (name: string): Json => {
    const field = Object.hasOwn(value, name) ? value[name] : undefined;
    if (field === undefined) throw foreign(what, `it has no ${name}`);
    return field;
  };
  const refused = (name: string, expected: string): BatchyError => foreign(what, `its ${name} is no ${expected}`);
  const orNull = <Field>(name: string, reader: () => Field): Field | null => (read(name) === null ? null : reader());
  const within = (field: Json | undefined, name: string): StoredFields => {
    if (!isJsonObject(field)) throw refused(name, 'object');
    return storedFields(field, `${what} (${name})`);
  };
  const list = (name: string): readonly Json[] => {
    const field = read(name);
    if (!isList(field)) throw refused(name, 'list');
    return field;
  };
  const fields: StoredFields = {
    has: (name) => Object.hasOwn(value, name),
    count: (name) => {
      const field = read(name);
      if (typeof field !== 'number' || !Number.isSafeInteger(field) || field < 0) throw refused(name, 'count');
      return field;
    },
    text: (name) => {
      const field = read(name);
      if (typeof field !== 'string') throw refused(name, 'text');
      return field;
    },
    flag: (name) => {
      const field = read(name);
      if (typeof field !== 'boolean') throw refused(name, 'boolean');
      return field;
    },
    instant: (name) => {
      const instant = parseInstant(fields.text(name));
      if (instant === null) throw refused(name, 'time');
      return instant;
    },
    oneOf: (name, values) => {
      const field = read(name);
      const found = values.find((value) => value === field);
      if (found === undefined) throw refused(name, `${values.slice(0, 2).join(', ')}, …`);
      return found;
    },
    json: read,
    countOrNull: (name) => orNull(name, () => fields.count(name)),
    textOrNull: (name) => orNull(name, () => fields.text(name)),
    instantOrNull: (name) => orNull(name, () => fields.instant(name)),
    textsOrNull: (name) =>
      orNull(name, () =>
        list(name).map((item) => {
          if (typeof item !== 'string') throw refused(name, 'list of texts');
          return item;
        }),
      ),
    counts: (name) =>
      list(name).map((item) => {
        if (typeof item !== 'number' || !Number.isSafeInteger(item) || item < 0) throw refused(name, 'list of counts');
        return item;
      }),
    path: (name) =>
      list(name).map((part) => {
        if (typeof part !== 'string' && typeof part !== 'number') throw refused(name, 'path');
        return part;
      }),
    objectOrNull: (name) => orNull(name, () => within(read(name), name)),
    objects: (name) => list(name).map((item) => within(item, name)),
  };
  return fields;
}

function foreign(what: string, problem: string, cause?: unknown): BatchyError {
  return new BatchyError(
    'foreign-data',
    `What is stored as ${what} was not written by this version of Batchy: ${problem}. Upgrade this process if a newer one writes to the store; else restore the store from a backup.`,
    { cause },
  );
}
