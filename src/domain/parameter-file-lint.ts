import { quoteBriefly } from './names.ts';
import { controlCharacter, isKnownHeading } from './parameter-file/heading.ts';

export interface LintFinding {
  /** From 1. */
  readonly line: number;
  readonly problem: string;
}

const sectionsMark = '#USE_SECTIONS';

/**
 * What Informatica would not accept in a parameter file, or would read as something else than it seems to say, in the
 * order of its lines. An empty answer is a clean file.
 *
 * The rules are those of PowerCenter's Advanced Workflow Guide ("Parameter File Structure": all before the first equals
 * sign is the name, all behind it the value, spaces included, and the period qualifies; "Parameter File Sections": the
 * headings; "Guidelines for Creating Parameter Files": names without regard to case), its Designer Guide ("Create a
 * Mapping Parameter": `$$` and letters, digits, `_`), and the Cloud Data Integration help ("Parameter file requirements":
 * `#USE_SECTIONS` first). What is no heading and has no equals sign is a comment there: so is the rest of a broken value.
 */
export function lintParameterFile(text: string): LintFinding[] {
  return new ParameterFileLinter(text).findings();
}

class ParameterFileLinter {
  readonly #lines: readonly string[];
  readonly #dialect: 'powercenter' | 'iics';
  readonly #findings: LintFinding[] = [];
  readonly #headings = new Map<string, number>();
  #names: Map<string, number> | null = null;
  #strayReported = false;
  #line = 0;

  constructor(text: string) {
    const withoutMark = text.startsWith('\ufeff') ? text.slice(1) : text;
    if (withoutMark !== text)
      this.#findings.push({
        line: 1,
        problem: 'begins with a byte order mark, which becomes part of the first line; save the file without',
      });
    const lines = withoutMark.split('\n');
    this.#lines = lines.map((line) => line.replace(/\r$/, ''));
    const carriage = lines.findIndex((line) => line.endsWith('\r'));
    if (carriage !== -1)
      this.#findings.push({
        line: carriage + 1,
        problem:
          'ends with a carriage return, which a service on Unix reads as part of the value; use plain line feeds',
      });
    this.#dialect = this.#lines[0] === sectionsMark ? 'iics' : 'powercenter';
  }

  findings(): LintFinding[] {
    for (const [index, line] of this.#lines.entries()) {
      this.#line = index + 1;
      this.#lintLine(line);
    }
    return this.#findings.sort((one, other) => one.line - other.line);
  }

  #lintLine(line: string): void {
    if (line.trim() === '' && !controlCharacter.test(line)) return;
    const control = controlCharacter.exec(line);
    if (control) {
      const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
      this.#report(`holds the control character U+${code}, for which the format has no notation`);
    }
    const beginning = line.trimStart();
    if (beginning.startsWith('[')) this.#lintHeading(line, beginning);
    else if (beginning.startsWith('#') || beginning.startsWith(';')) this.#lintComment(line);
    else if (line.includes('=')) this.#lintAssignment(line);
    else
      this.#report(
        "has no '=' and is read as a comment; if it is one, begin it with ';', if it continues a value, a value cannot have two lines",
      );
  }

  #lintHeading(line: string, heading: string): void {
    this.#names = new Map();
    if (line !== heading) this.#report('has spaces before its heading');
    const trimmed = heading.trimEnd();
    if (trimmed !== heading) this.#report('has spaces behind its heading');
    if (!trimmed.endsWith(']')) {
      this.#report("begins a heading that does not end with ']'; what follows would count for the heading before");
      return;
    }
    if (!isKnownHeading(trimmed, this.#dialect)) {
      const cloud = this.#dialect === 'powercenter' && isKnownHeading(trimmed, 'iics');
      this.#report(
        cloud
          ? `has a heading of the cloud's form, for which the first line must be ${sectionsMark}`
          : `has the unknown heading ${quoteBriefly(trimmed)}`,
      );
      return;
    }
    const first = this.#headings.get(trimmed);
    if (first === undefined) this.#headings.set(trimmed, this.#line);
    else this.#report(`repeats the heading of line ${first}; keep all its parameters in one section`);
  }

  #lintComment(line: string): void {
    const beginning = line.trim();
    if (beginning.startsWith(sectionsMark)) {
      if (this.#line !== 1 || line !== sectionsMark)
        this.#report(`has ${sectionsMark}, which counts only as the first line, alone`);
    } else if (line.includes('=')) {
      this.#report("looks like a comment but holds '=', so that it is read as a parameter");
    }
  }

  #lintAssignment(line: string): void {
    const equals = line.indexOf('=');
    const name = line.slice(0, equals);
    const value = line.slice(equals + 1);
    if (this.#names === null && !this.#strayReported) {
      this.#strayReported = true;
      this.#report('stands before any heading, so that nothing says for what it counts');
    }
    if (name !== name.trim()) this.#report("has spaces around the name before '='; they become part of it");
    if (value !== value.trim())
      this.#report(
        `has spaces ${value === value.trimStart() ? 'at the end of' : 'at the beginning of'} its value; they become part of it`,
      );
    const problem = nameProblem(name.trim());
    if (problem !== null) this.#report(problem);
    this.#lintRepetition(name.trim());
  }

  #lintRepetition(name: string): void {
    this.#names ??= new Map();
    const first = this.#names.get(name.toLowerCase());
    if (first === undefined) this.#names.set(name.toLowerCase(), this.#line);
    else
      this.#report(
        `sets ${quoteBriefly(name)} again, which line ${first} sets below the same heading (case does not count)`,
      );
  }

  #report(problem: string): void {
    this.#findings.push({ line: this.#line, problem });
  }
}

/**
 * The kinds of names with one `$` ("Parameters and Variables in Sessions", "Service Variables" in the same guide): those of
 * the service, connections, files, and the session's own.
 */
const sessionPrefixes = [
  'PM',
  'DBConnection',
  'AppConnection',
  'FTPConnection',
  'QueueConnection',
  'LoaderConnection',
  'InputFile',
  'OutputFile',
  'LookupFile',
  'BadFile',
  'Param',
  'DynamicPartitionCount',
];

/** `$$name`, `mapplet.$$name`, `$PMName`, the cloud's `$name$`. */
function nameProblem(name: string): string | null {
  if (name === '') return "has no name before '='";
  const match = /^(?:[A-Za-z0-9_]+\.)?(\$\$?)?([A-Za-z0-9_]+)(\$?)$/.exec(name);
  if (match === null) return `has the name ${quoteBriefly(name)}; a name is $$ (or $) and letters, digits and '_'`;
  const [, prefix, word = '', suffix] = match;
  if (prefix === undefined)
    return name.includes('.') ? null : `has the name ${quoteBriefly(name)} without $ or $$ before it`;
  if (prefix === '$' && suffix === '' && !sessionPrefixes.some((kind) => word.startsWith(kind))) {
    return `has the name ${quoteBriefly(name)}, which is of no kind that has one $ (such as ${sessionPrefixes
      .slice(0, 2)
      .map((kind) => `$${kind}…`)
      .join(', ')}); the user's own have two`;
  }
  return null;
}
