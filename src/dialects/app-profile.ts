import { quoteBriefly } from '../domain/names.ts';
import { isFolderMaking, type ProfileSurroundings, substitutionOf } from './app-profile-idioms.ts';
import { type Environment, variableOf } from './environment-references.ts';
import { listRefusal, type ListProblem } from './task-list-reading.ts';

export interface AppProfileOptions extends ProfileSurroundings {
  /** How messages call the file. */
  readonly fileName?: string;
}

/** A longer profile (characters), and a longer value, is refused: each line may take a value twice. */
const maxProfileLength = 256 * 1024;
const maxValueLength = 131_072;

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const assignment = /^(?:export[ \t]+)?([^\s=]*)=/;

/**
 * Reads the `app_profile` of a PyRunner application: lines `export NAME=value` or `NAME=value` and comments, quotes as in a shell. It is
 * parsed and never executed.
 * @param environment where `$NAME` and `${NAME}` are found that the profile has not set before
 * @returns all variables that it sets, exported or not, in the order in which they were first set
 * @throws BatchyError `invalid-job` for all that is wrong at once, in places `line:column`
 */
export function readAppProfile(
  text: string,
  environment: Environment,
  { fileName = 'app_profile', ...surroundings }: AppProfileOptions = {},
): ReadonlyMap<string, string> {
  if (text.length > maxProfileLength) {
    const detail = `the profile is larger than ${maxProfileLength / 1024} KiB`;
    throw listRefusal(fileName, [{ place: { line: 1, column: 1 }, detail }]);
  }
  const variables = new Map<string, string>();
  /** Set by lines that were refused: what takes their value is not refused, too. */
  const unread = new Set<string>();
  const valueOf = (name: string): string | null =>
    variables.get(name) ?? (unread.has(name) ? '' : variableOf(environment, name));
  const problems = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .flatMap((line, index): ListProblem[] => {
      const read = readLine(line, valueOf, surroundings);
      if (read === null) return [];
      if (read.problem === null) {
        variables.set(read.name, read.value);
        return [];
      }
      unread.add(read.name);
      return [{ place: { line: index + 1, column: read.at + 1 }, detail: read.problem }];
    });
  if (problems.length > 0) throw listRefusal(fileName, problems);
  return variables;
}

interface ReadLine {
  readonly name: string;
  readonly value: string;
  /** What is wrong, and at which offset of the line. */
  readonly problem: string | null;
  readonly at: number;
}

/** `null` for a line that sets nothing. */
function readLine(line: string, valueOf: ValueOf, surroundings: ProfileSurroundings): ReadLine | null {
  const text = line.trim();
  if (text === '' || text.startsWith('#') || isFolderMaking(text)) return null;
  const begin = line.length - line.trimStart().length;
  const [written, name] = assignment.exec(text) ?? [];
  if (written === undefined || name === undefined) {
    const problem = `${quoteBriefly(text)} is no export NAME=value (without spaces around =), and a profile is never executed`;
    return { name: '', value: '', problem, at: begin };
  }
  if (!identifier.test(name)) {
    const problem = `${quoteBriefly(name)} is no name of a variable: use letters, digits and '_', not beginning with a digit`;
    return { name: '', value: '', problem, at: begin };
  }
  const reader = new ValueReader(text, written.length, valueOf, surroundings);
  return { name, ...reader.read(), at: begin + reader.at };
}

type ValueOf = (name: string) => string | null;

/** Reads a value as a shell would read it, as far as that needs nothing executed. */
class ValueReader {
  readonly #text: string;
  readonly #begin: number;
  readonly #valueOf: ValueOf;
  readonly #surroundings: ProfileSurroundings;
  readonly #parts: string[] = [];
  #length = 0;
  #problem: string | null = null;
  /** Where it has come to; where the problem is, if there is one. */
  at: number;

  constructor(text: string, begin: number, valueOf: ValueOf, surroundings: ProfileSurroundings) {
    this.#text = text;
    this.#begin = begin;
    this.at = begin;
    this.#valueOf = valueOf;
    this.#surroundings = surroundings;
  }

  read(): { value: string; problem: string | null } {
    let isWithinQuotes = false;
    let quoteAt = 0;
    while (this.#problem === null && this.at < this.#text.length) {
      const sign = this.#text.charAt(this.at);
      if (sign === '"') {
        isWithinQuotes = !isWithinQuotes;
        quoteAt = this.at;
        this.at += 1;
      } else if (sign === '$') this.#dollar(isWithinQuotes);
      else if (sign === '`') this.#refuse(notExecuted);
      else if (isWithinQuotes) this.#quoted(sign);
      else if (/[\s;]/.test(sign)) {
        this.#end();
        break;
      } else this.#bare(sign);
    }
    if (isWithinQuotes && this.#problem === null) this.#unclosed(quoteAt);
    return { value: this.#parts.join(''), problem: this.#problem };
  }

  #quoted(sign: string): void {
    const next = this.#text.charAt(this.at + 1);
    const escapes = sign === '\\' && next !== '' && '$`"\\'.includes(next);
    this.#take(escapes ? next : sign, escapes ? 2 : 1);
  }

  #bare(sign: string): void {
    const next = this.#text.charAt(this.at + 1);
    if (sign === "'") {
      const end = this.#text.indexOf("'", this.at + 1);
      if (end === -1) this.#unclosed(this.at);
      else this.#take(this.#text.slice(this.at + 1, end), end + 1 - this.at);
    } else if (sign === '\\') {
      if (next === '') this.#refuse('a value may not go on in the next line');
      else this.#take(next, 2);
    } else if (sign === '~' && this.at === this.#begin) {
      if (/[\w-]/.test(next)) this.#refuse("the home of another user is not looked up; write the folder's whole path");
      else this.#variable('HOME', 1);
    } else if ('&|<>()'.includes(sign)) {
      this.#refuse(`a shell would not take ${sign} for a part of the value; put quotes around the whole`);
    } else this.#take(sign, 1);
  }

  #dollar(isWithinQuotes: boolean): void {
    const rest = this.#text.slice(this.at, this.at + maxReferenceLength);
    const substitution = substitutionOf(rest, this.#surroundings);
    const [reference, braced, bare] = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/.exec(rest) ?? [];
    if (substitution !== null) this.#take(substitution.value, substitution.length);
    else if (reference !== undefined) this.#variable(braced ?? bare ?? '', reference.length);
    else if (rest.startsWith('$(')) this.#refuse(notExecuted);
    else if (rest.startsWith('${')) this.#refuse('of ${…}, only ${NAME} is understood');
    else if (/^\$[\d?$!@*#-]/.test(rest) || (!isWithinQuotes && /^\$['"]/.test(rest)))
      this.#refuse(`${rest.slice(0, 2)} has no meaning in a profile; for a $ write '$'`);
    else this.#take('$', 1);
  }

  #variable(name: string, length: number): void {
    const value = this.#valueOf(name);
    if (value === null) this.#refuse(`$${name} is not set: set it in a line above, or in the environment`);
    else this.#take(value, length);
  }

  #end(): void {
    const rest = this.#text.slice(this.at);
    if (!/^\s*;?\s*(?:#.*)?$/.test(rest) || /^;?#/.test(rest))
      this.#refuse('one line sets one variable; put quotes around a value with spaces');
  }

  #take(value: string, length: number): void {
    this.#length += value.length;
    if (this.#length > maxValueLength) this.#refuse(`the value is longer than ${maxValueLength} characters`);
    else this.#parts.push(value);
    if (this.#problem === null) this.at += length;
  }

  #unclosed(at: number): void {
    this.at = at;
    this.#refuse('a quote begins here and does not end on this line');
  }

  #refuse(problem: string): void {
    this.#problem = problem;
  }
}

const maxReferenceLength = 1000;
const notExecuted =
  'a profile is never executed, so $(…) and `…` have no value; write the value itself, or set the variable in the environment';
