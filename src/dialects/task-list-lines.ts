import { quoteBriefly } from '../domain/names.ts';
import { type Environment, resolveReferences } from './environment-references.ts';
import { insideOfQuotes, type QuotedPart, type Quoting, splitOutsideQuotes } from './quoted-text.ts';
import { readTask, type ReadTask, refused, type TaskField } from './task-fields.ts';
import { type ListProblem, maxTasks, type Reading } from './task-list-reading.ts';

interface Column {
  readonly name: string;
  readonly field: TaskField;
}

const column = (name: string, field: TaskField): Column => ({ name, field });
const beginning = [
  column('ID', 'id'),
  column('PARENT_IDS', 'parents'),
  column('MAX_ATTEMPTS', 'max_attempts'),
  column('RETRY_WAIT_TIME', 'retry_wait'),
  column('PROCESS_NAME', 'name'),
];
const logFile = column('LOGFILE', 'logfile');
const shellColumns = [...beginning, column('SHELL_COMMAND', 'shell'), logFile];
const workerColumns = [
  ...beginning,
  column('MODULE_NAME', 'module'),
  column('WORKER_NAME', 'worker'),
  column('ARGUMENTS', 'arguments'),
  logFile,
];

interface LineDialect {
  readonly name: 'shell' | 'node' | 'python';
  readonly quoting: Quoting;
  readonly columns: readonly Column[];
}

const dialects: ReadonlyMap<string, LineDialect> = new Map([
  ['#SHELL', { name: 'shell', quoting: 'shell', columns: shellColumns }],
  ['#NODE', { name: 'node', quoting: 'plain', columns: workerColumns }],
  ['#PYTHON', { name: 'python', quoting: 'plain', columns: workerColumns }],
]);

/** A line that holds something, and its number. */
interface Line {
  readonly text: string;
  readonly number: number;
}

/** The form of PyRunner: a first line that names the dialect, then a task a line. */
export function readTaskLines(text: string, environment: Environment): Reading {
  const lines = text
    .split(/\r\n|\n|\r/)
    .map((line, index): Line => ({ text: line, number: index + 1 }))
    .filter((line) => line.text.trim() !== '');
  const [head, ...rest] = lines;
  const problems: ListProblem[] = [];
  const dialect = dialects.get(head?.text.trim() ?? '') ?? null;
  const taskLines = rest.filter((line) => !line.text.trimStart().startsWith('#'));
  const headProblem = problemOfHead(head, dialect, taskLines);
  if (headProblem !== null) problems.push(headProblem);
  const readers =
    dialect === null || headProblem !== null
      ? []
      : taskLines.map((line) => new LineReader(line, dialect, environment, problems));
  return {
    dialect: dialect?.name ?? null,
    tasks: readers.map((reader) => reader.read()),
    problems,
    nameOf: (task) => `line ${readers[task]?.line.number}`,
    placeOf: (task, field) => ({ line: readers[task]?.line.number ?? 1, column: readers[task]?.columnOf(field) ?? 1 }),
  };
}

/** What is wrong with the list as a whole, so that its lines are not looked at. */
function problemOfHead(
  head: Line | undefined,
  dialect: LineDialect | null,
  tasks: readonly Line[],
): ListProblem | null {
  const possible = 'its first line names what runs the tasks: #SHELL, #NODE or #PYTHON';
  if (head === undefined) return { place: { line: 1, column: 1 }, detail: `the list is empty; ${possible}` };
  const place = { line: head.number, column: 1 };
  if (dialect === null)
    return {
      place,
      detail: `the list begins with ${quoteBriefly(head.text.trim())}, but ${possible}${encodingHint(head.text)}`,
    };
  if (tasks.length === 0)
    return { place, detail: `the list has no tasks; write each on a line: ${headingOf(dialect)}` };
  const tooMany = tasks[maxTasks];
  if (tooMany === undefined) return null;
  return {
    place: { line: tooMany.number, column: 1 },
    detail: `the list has ${tasks.length} tasks, and at most ${maxTasks} are possible`,
  };
}

/** What a text of two bytes a sign, as Windows programs save it, looks like. */
function encodingHint(text: string): string {
  return text.includes('\0') ? '; save the file as UTF-8' : '';
}

function headingOf({ columns }: LineDialect): string {
  return columns.map(({ name }) => name).join('|');
}

class LineReader {
  readonly line: Line;
  readonly #dialect: LineDialect;
  readonly #environment: Environment;
  readonly #problems: ListProblem[];
  #parts: readonly QuotedPart[] = [];

  constructor(line: Line, dialect: LineDialect, environment: Environment, problems: ListProblem[]) {
    this.line = line;
    this.#dialect = dialect;
    this.#environment = environment;
    this.#problems = problems;
  }

  read(): ReadTask {
    const { quoting, columns } = this.#dialect;
    const { parts, unclosedAt } = splitOutsideQuotes(this.line.text, '|', quoting);
    this.#parts = parts;
    const problem =
      unclosedAt === null ? this.#countProblem(parts) : 'a quote begins here and does not end on this line';
    if (problem !== null) {
      this.#refuse((unclosedAt ?? parts[0]?.at ?? 0) + 1, problem);
      return standIn(parts[0]?.text ?? '');
    }
    return readTask(
      new Map(columns.map(({ field }, index) => [field, this.#valueOf(field, parts[index]?.text ?? '')])),
      this,
    );
  }

  /** Where a field begins, from 1. */
  columnOf(field: TaskField): number {
    const index = this.#dialect.columns.findIndex((known) => known.field === field);
    return (this.#parts[index]?.at ?? 0) + 1;
  }

  nameOf(field: TaskField): string {
    return this.#dialect.columns.find((known) => known.field === field)?.name ?? field;
  }

  refuse(field: TaskField | null, detail: string): void {
    this.#refuse(this.columnOf(field ?? 'id'), detail);
  }

  #countProblem(parts: readonly QuotedPart[]): string | null {
    const { columns } = this.#dialect;
    if (parts.length === columns.length) return null;
    const found = parts.length === 1 ? 'one column' : `${parts.length} columns`;
    const advice =
      parts.length < columns.length ? 'what is left empty has its | nevertheless' : 'put quotes around what holds a |';
    return `the line has ${found} where ${columns.length} are expected: ${headingOf(this.#dialect)}; ${advice}`;
  }

  #valueOf(field: TaskField, written: string): unknown {
    if (field === 'shell') return this.#resolve(field, commandOf(written)) ?? refused;
    if (field === 'arguments') return this.#argumentsOf(written);
    const text = this.#resolve(field, insideOfQuotes(written, this.#dialect.quoting) ?? written);
    if (text === null) return refused;
    if (field === 'parents') return text.trim() === '' ? '' : text.split(',').map(numberOr);
    return field === 'id' || field === 'max_attempts' || field === 'retry_wait' ? numberOr(text) : text;
  }

  #argumentsOf(written: string): unknown {
    if (written === '') return [];
    const items = splitOutsideQuotes(written, ',', 'plain').parts.map(({ text }) =>
      this.#resolve('arguments', insideOfQuotes(text, 'plain') ?? text),
    );
    return items.includes(null) ? refused : items;
  }

  /** @returns `null` for what was refused */
  #resolve(field: TaskField, text: string): string | null {
    return resolveReferences(text, this.#environment, (detail) =>
      this.refuse(field, `${this.nameOf(field)}: ${detail}`),
    );
  }

  #refuse(at: number, detail: string): void {
    this.#problems.push({ place: { line: this.line.number, column: at }, detail });
  }
}

/**
 * A shell is given the text as it stands, so quotes belong to the command: `"/opt/my app/run.sh"`. Only where the whole stands in quotes
 * for the sake of a `|` do they belong to the list: no program has a `|` in its name.
 */
function commandOf(written: string): string {
  return (written.includes('|') ? insideOfQuotes(written, 'shell') : null) ?? written;
}

/** What is no number stays what it is, to be refused. */
function numberOr(written: string): number | string {
  const text = written.trim();
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

/** Stands for a line that cannot be understood, so that others may name its task. */
function standIn(idText: string): ReadTask {
  const id = /^\d+$/.test(idText) ? Number(idText) : null;
  const task = {
    id: id ?? 0,
    parents: [],
    name: '',
    maxAttempts: 1,
    retryWaitSeconds: 0,
    timeoutSeconds: null,
    logFile: null,
  };
  return { id, name: null, parents: [], task: { ...task, run: { kind: 'shell', command: '' } } };
}
