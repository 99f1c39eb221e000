import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

import { InvalidArgumentError, Option } from 'commander';

import type { Json } from '../domain/json.ts';
import { deselectedTasks } from '../domain/task-selection.ts';
import type { TaskLetter, TaskList } from '../domain/task-list.ts';
import type { TaskApp, TaskRunEnd } from '../service/task-run.ts';
import type { TaskState } from '../service/task-states.ts';
import type { CliContext, RegisterCommand } from './context.ts';
import { printable } from './terminal.ts';
import { jsonOrText } from './user-parameters.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

interface RunFlags {
  readonly restart?: boolean;
  readonly maxProcs?: number;
  readonly execOnly?: readonly number[];
  readonly norun?: readonly number[];
  readonly from?: number;
  readonly to?: number;
  readonly execProcName?: readonly string[];
  readonly env?: Pairs;
  readonly cvar?: Pairs;
  readonly dryrun?: boolean;
  readonly dumpLogs?: boolean;
}

/** How a run ends, as PyRunner's does: by the number of failed tasks up to the first of these. */
const exit = { mostFailed: 250, aborted: 255, alreadyRunning: 6 } as const;

export const register: RegisterCommand = (program, context) => {
  program
    .command('run')
    .description('Run a task list (.lst, or the same as JSON) here and now, without a server.')
    .argument('<list>', 'the file; an app_profile beside it is read')
    .addOption(
      new Option(
        '-r, --restart',
        'go on with the last run: what was completed, and what it left out, is not run again',
        // It runs what is left; a selection, or a plan of the whole list, would say something else.
      ).conflicts(['execOnly', 'norun', 'from', 'to', 'execProcName', 'dryrun']),
    )
    .option(
      '-n, --max-procs <number>',
      'tasks at a time; otherwise APP_MAX_PROCS, or the number of processors',
      wholeNumber,
    )
    .option('-x, --exec-only <ids>', 'run only these tasks', ids)
    .option('-N, --norun <ids>', 'run all tasks but these', ids)
    .option('--from <id>', 'run only this task and what depends on it', wholeNumber)
    .option('--to <id>', 'run only this task and what it depends on', wholeNumber)
    .option('--exec-proc-name <names>', 'run only the tasks of these names', names)
    .option('--env <name=value>', 'a variable for $ENV{...} and for the tasks; may be repeated', collectVariable)
    .option('--cvar <name=value>', 'a value in the shared context: JSON, or else a text; may be repeated', collectPair)
    .option('--dryrun', 'read and check everything, say what would run, and run nothing')
    .option('--dump-logs', 'print the logs of the tasks that failed at the end')
    .action(async (list: string, flags: RunFlags) => {
      const app = await context.machine.readTaskApp(
        path.resolve(context.workingFolder, list),
        Object.fromEntries(flags.env ?? []),
      );
      const deselected = deselectedTasks(app.list, {
        ...(flags.execOnly === undefined ? {} : { execOnly: flags.execOnly }),
        ...(flags.norun === undefined ? {} : { norun: flags.norun }),
        ...(flags.from === undefined ? {} : { from: flags.from }),
        ...(flags.to === undefined ? {} : { to: flags.to }),
        ...(flags.execProcName === undefined ? {} : { names: flags.execProcName }),
      });
      if (flags.dryrun === true) return tellPlan(context, app.list, deselected);
      const end = await runApp(context, app, flags, [...deselected]);
      await tellEnd(context, app, end, flags.dumpLogs === true);
    });
};

async function runApp(context: CliContext, app: TaskApp, flags: RunFlags, deselected: readonly string[]) {
  const { terminal, machine, environment, workingFolder } = context;
  const began = performance.now();
  const abort = new AbortController();
  let told = '';
  const onSignal = (): void => {
    // Asked twice, it ends at once: what guards the tasks ends them, and a restart goes on.
    if (abort.signal.aborted) process.exit(exit.aborted);
    terminal.err('batchy: the tasks are told to end; the same once more ends all at once.');
    abort.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  try {
    return await machine.runTasks({
      ...app,
      restart: flags.restart === true,
      deselected,
      context: new Map((flags.cvar ?? []).map(([name, text]): [string, Json] => [name, jsonOrText(text)])),
      passEnvironment: Object.keys(environment),
      workingDirectory: workingFolder,
      dataFolder: path.join(app.rootFolder, '.batchy'),
      maxProcs: flags.maxProcs ?? app.maxProcs,
      onProgress(tasks) {
        const line = progressLine(tasks);
        const elapsed = `Time Elapsed: ${clock(performance.now() - began)}`;
        if (terminal.showsProgress) terminal.progress(`${line} | ${elapsed}`);
        // Whoever keeps the lines in a file wants those that say something new.
        else if (line !== told) terminal.err(`${line} | ${elapsed}`);
        told = line;
      },
      onProblem: (error) => terminal.err(`batchy: ${error instanceof Error ? error.message : String(error)}`),
      aborted: abort.signal,
    });
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    terminal.progress(null);
  }
}

/** `Pending: 3 | Running: 1 | Completed: 1 | Failed: 0 | Defaulted: 0` */
function progressLine(tasks: readonly TaskState[]): string {
  const count = (letter: TaskLetter): number => tasks.filter((task) => task.letter === letter).length;
  return `Pending: ${count('P')} | Running: ${count('R')} | Completed: ${count('C')} | Failed: ${count('F')} | Defaulted: ${count('D')}`;
}

/** `0:01:07` */
function clock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function tellPlan({ terminal }: CliContext, { tasks }: TaskList, deselected: ReadonlySet<string>): void {
  for (const { id, name, parents } of tasks.toSorted((one, other) => one.id - other.id)) {
    const after = parents.length === 0 ? 'at once' : `after ${parents.join(', ')}`;
    terminal.out(`${id} ${printable(name)}: ${deselected.has(name) ? 'not run' : after}`);
  }
}

async function tellEnd(context: CliContext, app: TaskApp, end: TaskRunEnd, dumpsLogs: boolean): Promise<void> {
  const { terminal } = context;
  if (end.kind === 'already-running') {
    terminal.err(
      `batchy: ${printable(app.name)} is running already, as another process. Wait for its end, or stop that.`,
    );
    return context.end(exit.alreadyRunning);
  }
  if (end.kind === 'nothing-left')
    return terminal.out(
      `SUCCESS: the last run, execution ${end.executionId}, is complete; nothing is left to restart.`,
    );
  const { tasks, executionId, status, logFolder, logOf } = end;
  terminal.out(tasks.map(({ id, name, letter }) => `${letter} ${id} ${printable(name)}`).join('\n'));
  const failed = tasks.filter(({ letter }) => letter === 'F');
  for (const { id, name, message } of failed)
    terminal.err(`task ${id} ${printable(name)} has failed: ${printable(message)}`);
  if (dumpsLogs) for (const { name } of failed) await dumpLog(terminal, name, logOf(name));
  const kept = app.retentionDays === null ? '' : `, kept for ${app.retentionDays} days`;
  const outcome = status === 'STOPPED' ? 'ABORTED' : status === 'COMPLETED' ? 'SUCCESS' : 'FAILURE';
  terminal.out(`${outcome}: execution ${executionId}, ${progressLine(tasks)}; logs in ${logFolder}${kept}`);
  if (status === 'STOPPED') return context.end(exit.aborted);
  // It may have failed without any of its tasks: its state could not be stored.
  if (status !== 'COMPLETED') context.end(Math.min(exit.mostFailed, Math.max(1, failed.length)));
}

async function dumpLog(terminal: CliContext['terminal'], name: string, file: string): Promise<void> {
  terminal.out(`---- log of ${printable(name)} ----`);
  const text = await readFile(file, 'utf8').catch(() => '');
  for (const line of text.trimEnd().split('\n')) terminal.out(printable(line));
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Expected a whole number of 1 or more.');
  return Number(text);
}

function ids(text: string): number[] {
  return text.split(',').map((id) => wholeNumber(id.trim()));
}

function names(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}

function collectVariable(text: string, before: Pairs | undefined): Pairs {
  if (!/^[A-Za-z_]\w*=/.test(text)) throw new InvalidArgumentError('Expected NAME=value.');
  return collectPair(text, before);
}

function collectPair(text: string, before: Pairs | undefined): Pairs {
  const [, name = '', value = ''] = /^([^=]+)=([\s\S]*)$/.exec(text) ?? [];
  if (name === '') throw new InvalidArgumentError('Expected name=value.');
  return [...(before ?? []), [name, value]];
}
