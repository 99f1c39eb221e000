import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readAppProfile } from '../../src/dialects/app-profile.ts';
import { readTaskList } from '../../src/dialects/task-list.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import type { ListedTask, TaskRun } from '../../src/domain/task-list.ts';
import { environment, problemsIn, readJson, readLines } from './task-list-of.ts';

const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._ -]{0,20}[A-Za-z0-9._-]$/);
/** Without `$ENV{`, whatever else: quotes, separators, spaces, backslashes. */
const argument = fc.string({ unit: fc.constantFrom(...'ab |,"\'\\ #\tä$'.split('')), maxLength: 12 });
/** What a shell may be told, every quote of it closed. */
const command = fc
  .array(fc.constantFrom('echo', 'x', '"a|b"', "'c|d'", '"it\'s"', `'say "x'`, '\\"', 'ä', '-F,'), { minLength: 1 })
  .map((words) => words.join(' '));
const worker = fc.record({
  kind: fc.constant('worker' as const),
  module: word,
  worker: word,
  arguments: fc.array(argument, { maxLength: 4 }),
});
const shell = fc.record({ kind: fc.constant('shell' as const), command });

/** A list without circles: parents stand before their children in the drawing, and then all are shuffled. */
function taskLists<Run extends TaskRun>(run: fc.Arbitrary<Run>): fc.Arbitrary<(ListedTask & { readonly run: Run })[]> {
  const task = fc.record({
    run,
    name,
    parents: fc.array(fc.nat(), { maxLength: 3 }),
    maxAttempts: fc.integer({ min: 1, max: 9 }),
    retryWaitSeconds: fc.constantFrom(0, 0.25, 60),
    logFile: fc.constantFrom(null, '/logs/x', 'a b.log'),
  });
  return fc
    .uniqueArray(task, { selector: (each) => each.name, minLength: 1, maxLength: 12 })
    .map((drawn) =>
      drawn.map((each, index) => ({
        ...each,
        id: 100 - index,
        parents: index === 0 ? [] : [...new Set(each.parents.map((parent) => 100 - (parent % index)))],
        timeoutSeconds: null,
      })),
    )
    .chain((tasks) => fc.shuffledSubarray(tasks, { minLength: tasks.length, maxLength: tasks.length }));
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

function lineOf({ id, parents, maxAttempts, retryWaitSeconds, name: called, run, logFile }: ListedTask): string {
  const runs =
    run.kind === 'shell'
      ? [run.command]
      : [run.module, run.worker, run.arguments.map((each) => quoted(each)).join(', ')];
  const beginning = [id, parents.length === 0 ? -1 : parents.join(','), maxAttempts, retryWaitSeconds, called];
  return [...beginning, ...runs, logFile ?? ''].join(' |\t');
}

function jsonOf({ id, parents, maxAttempts, retryWaitSeconds, name: called, run, logFile }: ListedTask): object {
  const { kind, ...rest } = run;
  const runs = 'command' in rest ? { shell: rest.command } : rest;
  return {
    id,
    parents,
    max_attempts: maxAttempts,
    retry_wait: retryWaitSeconds,
    name: called,
    logfile: logFile,
    ...(kind && runs),
  };
}

/** What looks like a list, most of it. */
const almostLists = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '#SHELL',
        '#NODE',
        '\n',
        '\r\n',
        '|',
        '|',
        '1|-1|1|0|A|',
        ',',
        '"',
        "'",
        '\\',
        '$ENV{',
        '}',
        'DAY',
        '-1',
      ),
      fc.constantFrom(
        '[',
        ']',
        '{',
        '}',
        '"id":',
        '"name":',
        '"shell":',
        '"x"',
        '1',
        'null',
        ':',
        ',',
        '"parents":[1]',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 40 },
  )
  .chain((parts) => fc.constantFrom('', '#SHELL\n', '#PYTHON\n', '[{').map((head) => head + parts.join('')));
const almostProfiles = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'export ',
        'A=',
        'B=',
        '\n',
        '$',
        '{',
        '}',
        'A',
        'DAY',
        '"',
        "'",
        '`',
        '$(',
        ')',
        '\\',
        ' ',
        ';',
        '#',
        '~',
        '=',
        '1',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

describe('whatever the list', () => {
  it('reads of workers as they were written, in either form', () => {
    fc.assert(
      fc.property(taskLists(worker), (tasks) => {
        expect(readLines(`#PYTHON\n${tasks.map(lineOf).join('\n')}`).tasks).toEqual(tasks);
        expect(readJson(tasks.map(jsonOf)).tasks).toEqual(tasks);
      }),
    );
  });

  it('reads of shells as they were written, in either form', () => {
    const commandOf = (run: TaskRun): string => (run.kind === 'shell' ? run.command : '');
    // A command in quotes as a whole is another one without them: a case of its own.
    const isWhole = (run: TaskRun): boolean => /^(["'])[^"']*\|[^"']*\1$/.test(commandOf(run));
    fc.assert(
      fc.property(taskLists(shell.filter((run) => !isWhole(run))), (tasks) => {
        expect(readLines(`#SHELL\n${tasks.map(lineOf).join('\r\n')}`).tasks).toEqual(tasks);
        expect(readJson(tasks.map(jsonOf)).tasks).toEqual(tasks);
      }),
    );
  });

  it('tells each mistake with its line, and nothing of what is right', () => {
    const mistakes = [
      (task: ListedTask) => lineOf({ ...task, maxAttempts: 0 }),
      (task: ListedTask) => lineOf({ ...task, retryWaitSeconds: -1 }),
      (task: ListedTask) => lineOf({ ...task, name: '' }),
      (task: ListedTask) => lineOf({ ...task, parents: [7] }),
      (task: ListedTask) => lineOf({ ...task, logFile: '$ENV{NOPE}' }),
      (task: ListedTask) => `${lineOf(task)}|`,
      (task: ListedTask) => lineOf(task).replace('|', ''),
      (task: ListedTask) => `${lineOf(task)}"`,
      (task: ListedTask) => lineOf({ ...task, run: { kind: 'shell', command: ' ' } }),
      (task: ListedTask) => lineOf({ ...task, parents: [task.id] }),
    ] as const;
    const drawn = fc.record({
      tasks: taskLists(shell),
      made: fc.array(fc.option(fc.nat(mistakes.length - 1)), { minLength: 12, maxLength: 12 }),
    });
    fc.assert(
      fc.property(drawn, ({ tasks, made }) => {
        // Without parents: a line without its first | has no id that children could name.
        const roots = tasks.map((task) => ({ ...task, parents: [], id: task.id + 100 }));
        const lines = roots.map((task, index) => mistakes[made[index] ?? -1]?.(task) ?? lineOf(task));
        const wrong = roots.flatMap((_task, index) => (made[index] === null ? [] : [String(index + 2)]));
        const text = `#SHELL\n${lines.join('\n')}`;
        if (wrong.length === 0) expect(readLines(text).tasks).toHaveLength(roots.length);
        else expect(problemsIn(text).map(([pointer]) => pointer.split(':')[0])).toEqual(wrong);
      }),
    );
  });

  it('is read, or refused with at least one place, and nothing else', () => {
    fc.assert(
      fc.property(almostLists, fc.constantFrom('lst' as const, 'json' as const), (text, format) => {
        expectRefusalOrNothing(() => readTaskList(text, { format, environment }));
      }),
      { numRuns: 1000 },
    );
  });

  it('is so for arrays of whatever JSON', () => {
    const task = fc.dictionary(
      fc.constantFrom('id', 'parents', 'name', 'shell', 'module', 'worker', 'arguments', 'logfile', 'timeout', 'x'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(task, fc.jsonValue())), (tasks) => {
        expectRefusalOrNothing(() => readJson(tasks));
      }),
    );
  });

  it('goes for profiles, too', () => {
    fc.assert(
      fc.property(almostProfiles, (text) => {
        expectRefusalOrNothing(() => readAppProfile(text, environment));
      }),
      { numRuns: 1000 },
    );
  });
});

function expectRefusalOrNothing(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(BatchyError);
    expect((error as BatchyError).code).toBe('invalid-job');
    expect((error as BatchyError).places.length).toBeGreaterThan(0);
  }
}
