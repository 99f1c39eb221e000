import type { RetryController } from '../domain/flow.ts';
import { jsonCopy } from '../domain/json-copy.ts';
import { describe, isRecord, type Problems } from './options.ts';

const kinds = ['times', 'forEach', 'parameterizedForEach', 'alwaysRevert', 'alwaysRevertAll'];

/** The controller of a flow, as its author or his parameters have made it; `null` where there is none, or none that can be used. */
export function readController(given: unknown, problems: Problems): RetryController | null {
  if (given === null) return null;
  const found = isRecord(given) && kinds.includes(String(given['kind'])) ? controllerProblems(given) : [notMade(given)];
  problems.push(...found);
  return found.length === 0 ? (given as unknown as RetryController) : null;
}

function notMade(given: unknown): Problems[number] {
  return {
    pointer: '/retry',
    detail: `must be made by times, forEach, parameterizedForEach, alwaysRevert or alwaysRevertAll, but it is ${describe(given)}`,
  };
}

function controllerProblems(given: Readonly<Record<string, unknown>>): Problems {
  const { kind, attempts, values, parameter, provides } = given;
  const pointer = '/retry';
  if (kind === 'times' && typeof attempts !== 'number')
    return [{ pointer, detail: `times takes a number of attempts, but it is ${described(attempts)}` }];
  if (kind === 'forEach' && !Array.isArray(values))
    return [{ pointer, detail: `forEach takes a list of values, but it is ${described(values)}` }];
  const names = [
    ...(kind === 'parameterizedForEach' ? [['the name of a list', parameter]] : []),
    ...(kind === 'parameterizedForEach' || kind === 'forEach' ? [['the name of its value', provides]] : []),
  ];
  const unnamed = names.flatMap(([what, name]) =>
    typeof name === 'string' && name !== ''
      ? []
      : [{ pointer, detail: `${String(kind)} takes ${String(what)}: a text, but it is ${described(name)}` }],
  );
  return [...unnamed, ...(kind === 'forEach' ? valueProblems(values as readonly unknown[]) : [])];
}

/** What a controller gives to the tasks is stored with each attempt. */
function valueProblems(values: readonly unknown[]): Problems {
  return values.flatMap((value, place) => {
    try {
      jsonCopy(value, 'a value of forEach');
      return [];
    } catch (error) {
      return [{ pointer: `/retry/values/${place}`, detail: (error as Error).message }];
    }
  });
}

/** A text that stands for a number or a list was posted as one. */
function described(value: unknown): string {
  return typeof value === 'string' ? `the text ${describe(value)}` : describe(value);
}
