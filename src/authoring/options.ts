import type { ErrorPlace } from '../domain/errors.ts';
import { quoteBriefly } from '../domain/names.ts';
import { escapePointer } from '../domain/special-parameters.ts';

/** Where what is wrong with a definition is gathered, so that all of it is told at once. */
export type Problems = ErrorPlace[];

/** Extends a JSON pointer by a key or an index. */
export function pointerTo(pointer: string, key: string | number): string {
  return `${pointer}/${escapePointer(String(key))}`;
}

interface NumberRange {
  /** Smallest accepted value; 0 if not said. */
  readonly atLeast?: number;
  /** Fractions are accepted, too. */
  readonly fraction?: boolean;
}

/**
 * Options as an author wrote them, perhaps in plain JavaScript or YAML: nothing about their types is known. What is wrong is
 * gathered, and something of the right type given in its stead, so that the reading goes on.
 */
export class Options {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #pointer: string;
  readonly #problems: Problems;

  /**
   * @param what how messages call the whole
   * @param known the keys that there are; others are problems
   */
  constructor(value: unknown, pointer: string, what: string, known: readonly string[], problems: Problems) {
    this.#pointer = pointer;
    this.#problems = problems;
    this.#values = isRecord(value) ? value : {};
    if (!isRecord(value)) this.#add(null, `${what} must be an object of options, but it is ${describe(value)}`);
    for (const key of Object.keys(this.#values)) {
      if (!known.includes(key))
        this.#add(key, `${quoteBriefly(key)} is no option of ${what}; there are ${known.join(', ')}`);
    }
  }

  /** The value as it is; `undefined` where there is none. A key whose value is `undefined` counts as left out. */
  raw(key: string): unknown {
    return this.#values[key];
  }

  text(key: string): string | null {
    const value = this.#values[key];
    if (value === undefined || (typeof value === 'string' && value.trim() !== '')) return value ?? null;
    this.#add(key, `must be a text that is not empty, but it is ${describe(value)}`);
    return null;
  }

  requiredText(key: string): string {
    if (this.#values[key] === undefined) this.#add(key, `${key} is missing`);
    return this.text(key) ?? '';
  }

  flag(key: string, byDefault: boolean): boolean {
    const value = this.#values[key] ?? byDefault;
    if (typeof value === 'boolean') return value;
    this.#add(key, `must be true or false, but it is ${describe(value)}`);
    return byDefault;
  }

  number<Default extends number | null>(key: string, byDefault: Default, range: NumberRange = {}): number | Default {
    const value = this.#values[key];
    if (value === undefined || (value === null && byDefault === null)) return byDefault;
    const { atLeast = 0, fraction = false } = range;
    if (
      typeof value === 'number' &&
      value >= atLeast &&
      (fraction ? Number.isFinite(value) : Number.isSafeInteger(value))
    )
      return value;
    const kind = fraction ? 'a number' : 'a whole number';
    this.#add(key, `must be ${kind} of at least ${atLeast}, but it is ${describe(value)}`);
    return byDefault;
  }

  /** Seconds, fractions allowed; `null` where there is no limit. */
  seconds(key: string): number | null {
    return this.number(key, null, { fraction: true, atLeast: 0.001 });
  }

  oneOf<const Choice extends string>(key: string, choices: readonly Choice[], byDefault: Choice): Choice {
    const value = this.#values[key] ?? byDefault;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.#add(key, `must be one of ${choices.join(', ')}, but it is ${describe(value)}`);
    return found ?? byDefault;
  }

  /** A list of texts, or `null` where there is none. */
  texts(key: string): readonly string[] | null {
    const value = this.#values[key];
    if (value === undefined || value === null) return null;
    if (!Array.isArray(value)) {
      this.#add(key, `must be a list of texts, but it is ${describe(value)}`);
      return null;
    }
    value.forEach((item: unknown, index) => {
      if (typeof item !== 'string') this.addAt([key, index], `must be a text, but it is ${describe(item)}`);
    });
    return value.filter((item) => typeof item === 'string');
  }

  /** Texts by name; none where the key is left out. */
  textMap(key: string): Readonly<Record<string, string>> {
    const value = this.#values[key] ?? {};
    if (!isRecord(value)) {
      this.#add(key, `must be an object of texts, but it is ${describe(value)}`);
      return {};
    }
    const texts: Record<string, string> = {};
    for (const [name, text] of Object.entries(value)) {
      if (typeof text === 'string') texts[name] = text;
      else this.addAt([key, name], `must be a text, but it is ${describe(text)}`);
    }
    return texts;
  }

  addAt(path: readonly (string | number)[], detail: string): void {
    const pointer = path.reduce<string>(pointerTo, this.#pointer);
    this.#problems.push({ pointer, detail });
  }

  #add(key: string | null, detail: string): void {
    this.addAt(key === null ? [] : [key], detail);
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value of any kind, briefly, for a message. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return quoteBriefly(value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : `${value as number}`;
}
