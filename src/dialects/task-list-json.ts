import { scanJson } from '../domain/json-scan.ts';
import { quoteBriefly } from '../domain/names.ts';
import { escapePointer } from '../domain/special-parameters.ts';
import { type Environment, resolveReferences } from './environment-references.ts';
import { readTask, type ReadTask, refused, type TaskField, taskFields } from './task-fields.ts';
import { type ListProblem, maxTasks, type Reading } from './task-list-reading.ts';

/** Deepest nesting of arrays and objects; a list needs three. */
const maxDepth = 64;

/** The form of programs: an array of tasks, each of which says by itself what it runs. */
export function readTaskJson(text: string, environment: Environment): Reading {
  const problems: ListProblem[] = [];
  const values = parseArray(text, problems);
  const tasks = values.map((value, task) => readValue(value, task, environment, problems));
  return {
    dialect: 'json',
    tasks,
    problems,
    nameOf: (task) => `/${task}`,
    placeOf: (task, field, item) => placeOf(task, field, item ?? undefined),
  };
}

function placeOf(task: number, key?: string, item?: number): { task: number; pointer: string } {
  const parts = [task, ...(key === undefined ? [] : [escapePointer(key)]), ...(item === undefined ? [] : [item])];
  return { task, pointer: `/${parts.join('/')}` };
}

/** The tasks; none where the text as a whole is refused. */
function parseArray(text: string, problems: ListProblem[]): readonly unknown[] {
  const placeIn = placeFinder(text);
  const refuse = (offset: number, detail: string): void => {
    problems.push({ place: placeIn(offset), detail });
  };
  const { repeatedKeys, isTooDeep } = scanJson(text, maxDepth);
  const values = isTooDeep ? undefined : parse(text, refuse);
  if (isTooDeep) refuse(0, `the list is nested deeper than ${maxDepth} levels`);
  if (values === undefined) return [];
  for (const { key, at } of repeatedKeys) refuse(at, `the key ${quoteBriefly(key)} stands twice in one object`);
  if (problems.length > 0) return [];
  if (!Array.isArray(values)) refuse(0, 'the list must be a JSON array of tasks');
  else if (values.length === 0) refuse(0, 'the list has no tasks');
  else if (values.length > maxTasks)
    refuse(0, `the list has ${values.length} tasks, and at most ${maxTasks} are possible`);
  else return values;
  return [];
}

function parse(text: string, refuse: (offset: number, detail: string) => void): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = (cause as Error).message.replaceAll(/\s+/g, ' ');
    // Of a short text the parser quotes the place instead of counting it.
    const position = /at position (\d+)/.exec(message)?.[1];
    const offset = position === undefined && message.includes('Unexpected end') ? text.length : Number(position ?? 0);
    refuse(offset, `the list is no JSON: ${message}`);
    return undefined;
  }
}

function readValue(value: unknown, task: number, environment: Environment, problems: ListProblem[]): ReadTask {
  const raw = new Map<TaskField, unknown>();
  const refuse = (field: string | null, detail: string, item?: number): void => {
    problems.push({ place: placeOf(task, field ?? undefined, item), detail });
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(null, `a task must be an object with ${taskFields.join(', ')}`);
    return readTask(raw, { nameOf: (field) => field, refuse: () => undefined });
  }
  for (const [key, given] of Object.entries(value)) {
    const field = taskFields.find((known) => known === key);
    if (field === undefined)
      refuse(key, `${quoteBriefly(key)} is no key of a task; there are ${taskFields.join(', ')}`);
    else
      raw.set(
        field,
        resolved(given, environment, (detail, item) => refuse(field, `${field}: ${detail}`, item)),
      );
  }
  return readTask(raw, { nameOf: (field) => field, refuse });
}

/** A text, and each text of a list, with the values of its variables; anything else as it is. */
function resolved(value: unknown, environment: Environment, refuse: (detail: string, item?: number) => void): unknown {
  if (typeof value === 'string') return resolveReferences(value, environment, refuse) ?? refused;
  if (!Array.isArray(value)) return value;
  const items = value.map((item: unknown, place) =>
    typeof item === 'string'
      ? (resolveReferences(item, environment, (detail) => refuse(detail, place)) ?? refused)
      : item,
  );
  return items.includes(refused) ? refused : items;
}

/** Finds lines and columns of offsets that come in their order, in one way through the text. */
function placeFinder(text: string): (offset: number) => { line: number; column: number } {
  const lineEnd = /\r\n|\r|\n/g;
  let line = 1;
  let begin = 0;
  let next = lineEnd.exec(text);
  return (offset) => {
    for (; next !== null && lineEnd.lastIndex <= offset; next = lineEnd.exec(text)) {
      line += 1;
      begin = lineEnd.lastIndex;
    }
    return { line, column: offset - begin + 1 };
  };
}
