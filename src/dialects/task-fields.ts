import { quoteBriefly } from '../domain/names.ts';
import { countFrom, delay, longestSeconds, type RangeCheck, timeout } from '../domain/number-range.ts';
import { stepNameProblem } from '../domain/step-check.ts';
import type { ListedTask, TaskRun } from '../domain/task-list.ts';
import { type DraftTask, rootParent } from '../domain/task-list-check.ts';

/** What a task is told by, by the names of the JSON form. */
export const taskFields = [
  'id',
  'parents',
  'max_attempts',
  'retry_wait',
  'name',
  'shell',
  'module',
  'worker',
  'arguments',
  'logfile',
  'timeout',
] as const;
export type TaskField = (typeof taskFields)[number];

/** Stands for a value that was refused already. */
export const refused = Symbol('refused');

/** Values as a form has read them, of whatever type, or `refused`; what was left out is not there. */
export type RawTask = ReadonlyMap<TaskField, unknown>;

export interface FieldWriting {
  /** How the form calls a field: `max_attempts`, `MAX_ATTEMPTS`. */
  nameOf(field: TaskField): string;
  /** Is told what is wrong. @param field `null`: the task as a whole @param item place within the field, where it is a list */
  refuse(field: TaskField | null, detail: string, item?: number): void;
}

/** A task whose values are all of the right kind, or have been refused. */
export interface ReadTask extends DraftTask {
  readonly task: ListedTask;
}

const ranges = {
  id: { check: countFrom(1), expected: 'a whole number from 1 on' },
  max_attempts: { check: countFrom(1), expected: 'a whole number from 1 on' },
  retry_wait: { check: delay, expected: `seconds from 0 to ${longestSeconds}` },
  timeout: { check: timeout, expected: `seconds above 0, up to ${longestSeconds}` },
} as const satisfies Partial<Record<TaskField, { check: RangeCheck; expected: string }>>;

/** Name of a class or of what else a module exports. */
const exportName = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** Reads what one task says by itself; whether it fits the others is the domain's to say. */
export function readTask(raw: RawTask, writing: FieldWriting): ReadTask {
  const reader = new FieldReader(raw, writing);
  const id = reader.number('id', null);
  const name = reader.name();
  const parents = reader.parents();
  const task: ListedTask = {
    id: id ?? 0,
    parents: [...new Set(parents)].filter((parent) => parent !== rootParent),
    name: name ?? '',
    run: reader.run(),
    maxAttempts: reader.number('max_attempts', 1) ?? 1,
    retryWaitSeconds: reader.number('retry_wait', 0) ?? 0,
    timeoutSeconds: raw.get('timeout') === null ? null : reader.number('timeout', 'none'),
    logFile: raw.get('logfile') === null || raw.get('logfile') === '' ? null : reader.text('logfile', 'optional'),
  };
  return { id, name, parents, task };
}

class FieldReader {
  readonly #raw: RawTask;
  readonly #writing: FieldWriting;

  constructor(raw: RawTask, writing: FieldWriting) {
    this.#raw = raw;
    this.#writing = writing;
  }

  /** @param byDefault `null`: it must be there. @returns `null` for what was refused, or for `none` */
  number(field: keyof typeof ranges, byDefault: number | 'none' | null): number | null {
    const value = this.#raw.get(field);
    if (value === undefined && byDefault !== null) return byDefault === 'none' ? null : byDefault;
    if (value === refused) return null;
    const { check, expected } = ranges[field];
    if (typeof value === 'number' && check('', value).length === 0) return value;
    return this.#refuse(field, `is ${describe(value)}; expected ${expected}`);
  }

  text(field: TaskField, presence: 'required' | 'optional'): string | null {
    const value = this.#raw.get(field);
    if (value === undefined) return presence === 'optional' ? null : this.#refuse(field, 'is missing');
    if (value === refused) return null;
    if (typeof value !== 'string') return this.#refuse(field, `is ${describe(value)}; expected a text`);
    if (value.trim() === '') return this.#refuse(field, 'is blank');
    const problem = textProblem(value);
    return problem === null ? value : this.#refuse(field, problem);
  }

  name(): string | null {
    const name = this.text('name', 'required');
    const problem = name === null ? null : stepNameProblem(name);
    if (problem === null) return name;
    this.#writing.refuse('name', problem);
    return null;
  }

  parents(): number[] {
    const value = this.#raw.get('parents');
    if (value === undefined || value === refused) return [];
    const expected = `expected ids of tasks, or ${rootParent} alone for a root`;
    if (!Array.isArray(value)) {
      this.#refuse('parents', `is ${describe(value)}; ${expected}`);
      return [];
    }
    const isMixed = value.includes(rootParent) && value.some((parent) => parent !== rootParent);
    return value.map((parent: unknown, item) => {
      const isId = typeof parent === 'number' && Number.isSafeInteger(parent) && parent >= 1;
      if (!isId && (parent !== rootParent || isMixed))
        this.#refuse('parents', `names ${describe(parent)}; ${expected}`, item);
      // What was refused must not be told again as an unknown task.
      return isId ? parent : rootParent;
    });
  }

  run(): TaskRun {
    const isShell = this.#raw.has('shell');
    const isWorker = this.#raw.has('module') || this.#raw.has('worker');
    if (isShell && isWorker)
      this.#writing.refuse(null, 'the task runs two things, shell and a module; make a task of each');
    else if (isShell && this.#raw.has('arguments'))
      this.#refuse('arguments', 'go with module and worker, not with shell');
    else if (!isShell && !isWorker)
      this.#writing.refuse(null, 'the task says not what it runs: give it shell, or module and worker');
    if (!isWorker) return { kind: 'shell', command: isShell ? (this.text('shell', 'required') ?? '') : '' };
    return { kind: 'worker', module: this.#module(), worker: this.#worker(), arguments: this.#arguments() };
  }

  #module(): string {
    const module = this.text('module', 'required') ?? '';
    if (/\.(?:[jt]s|py)$/.test(module))
      this.#refuse('module', `is ${quoteBriefly(module)}; expected the name of the file without its ending`);
    return module;
  }

  #worker(): string {
    const worker = this.text('worker', 'required');
    if (worker !== null && !exportName.test(worker))
      this.#refuse('worker', `is ${quoteBriefly(worker)}; expected the name of an exported class`);
    return worker ?? '';
  }

  #arguments(): string[] {
    const value = this.#raw.get('arguments');
    if (value === undefined || value === refused) return [];
    if (!Array.isArray(value)) {
      this.#refuse('arguments', `is ${describe(value)}; expected a list of texts`);
      return [];
    }
    return value.map((item: unknown, place) => {
      const problem = typeof item === 'string' ? textProblem(item) : `holds ${describe(item)}; expected texts`;
      if (problem !== null) this.#refuse('arguments', problem, place);
      return String(item);
    });
  }

  #refuse(field: TaskField, problem: string, item?: number): null {
    this.#writing.refuse(field, `${this.#writing.nameOf(field)} ${problem}`, item);
    return null;
  }
}

/** What no program can be given as an argument, and no file can be called. */
function textProblem(text: string): string | null {
  if (text.includes('\0')) return 'holds a character of code 0, which no program can be given';
  return text.isWellFormed() ? null : 'holds half of a surrogate pair, which is no valid Unicode';
}

/** A value of any type in a few words. */
function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (value === '') return 'empty';
  if (typeof value === 'string') return quoteBriefly(value);
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}
