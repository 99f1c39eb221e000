/** What a function takes out of its first parameter. */
export interface DestructuredNames {
  readonly required: readonly string[];
  /** Those that have a default. */
  readonly optional: readonly string[];
}

/** Up to the parameters of a function, a method or an arrow function, `async` or not. */
const header = /^(?:async\b\s*)?(?:function\b\s*\*?\s*)?(?:[\p{ID_Continue}$]+\s*)?\(/u;
const identifier = /[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const blank = /(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*/y;
const quoted = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"|`(?:[^`\\$]|\\[\s\S])*`/y;
const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/**
 * The names that a function destructures from its first parameter, `({ size, port = 8080 }) => …`, read from its source. It reads what
 * is usual and says so where there is more to it, rather than guess.
 * @returns `null` where the source does not tell: a parameter that is not destructured, `...rest`, computed keys, a function of the
 *   language or one that is bound, defaults with regular expressions or templates that hold expressions
 */
export function destructuredNames(work: (...given: never[]) => unknown): DestructuredNames | null {
  const source = Function.prototype.toString.call(work);
  const begin = header.exec(source);
  // A class or what is native looks like a function without parameters.
  if (begin === null || /^class\b|\[native code\]/.test(source)) return null;
  return new Reader(source, begin[0].length).firstParameter();
}

class Reader {
  readonly #source: string;
  #place: number;

  constructor(source: string, place: number) {
    this.#source = source;
    this.#place = place;
  }

  firstParameter(): DestructuredNames | null {
    const names = { required: new Array<string>(), optional: new Array<string>() };
    this.#skip(blank);
    if (this.#next() === ')') return names;
    if (!this.#take('{')) return null;
    for (;;) {
      this.#skip(blank);
      if (this.#take('}')) return names;
      const name = this.#skip(identifier);
      if (name === '') return null;
      this.#skip(blank);
      // Under another name, or taken apart further.
      if (this.#take(':') && !this.#skipUpTo('=,}')) return null;
      const hasDefault = this.#take('=');
      (hasDefault ? names.optional : names.required).push(name);
      if (hasDefault && !this.#skipUpTo(',}')) return null;
      if (!this.#take(',') && this.#next() !== '}') return null;
    }
  }

  /** @returns whether one of the characters was found, outside of brackets and texts */
  #skipUpTo(ends: string): boolean {
    const open: string[] = [];
    for (;;) {
      this.#skip(blank);
      const next = this.#next();
      if (open.length === 0 && ends.includes(next) && next !== '') return true;
      const close = closing[next];
      if (close !== undefined) open.push(close);
      else if (')]}'.includes(next) && open.pop() !== next) return false;
      else if ('\'"`'.includes(next) && this.#skip(quoted) === '') return false;
      else if (next === '/') return false;
      if (!'\'"`'.includes(next)) this.#place += 1;
    }
  }

  /** The next character; none at the end. */
  #next(): string {
    return this.#source.charAt(this.#place);
  }

  #take(character: string): boolean {
    const isThere = this.#next() === character;
    if (isThere) this.#place += 1;
    return isThere;
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#place;
    const found = pattern.exec(this.#source)?.[0] ?? '';
    this.#place += found.length;
    return found;
  }
}
