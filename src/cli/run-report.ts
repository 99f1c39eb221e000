import { performance } from 'node:perf_hooks';

import type { BatchStatus } from '../domain/execution.ts';
import { exitOfRun, taskExits } from '../domain/task-exit.ts';
import type { TaskLetter, TaskList } from '../domain/task-list.ts';
import type { TaskState } from '../service/task-states.ts';
import type { CliContext } from './context.ts';
import { printable, type Terminal } from './terminal.ts';

/** A run of a task list that has ended, here or on a server. */
export interface EndedRun {
  readonly executionId: number;
  readonly status: BatchStatus;
  readonly tasks: readonly TaskState[];
  /** Where the logs are, for a person. */
  readonly logs: string;
  readonly logOf: (task: string) => Promise<string>;
}

/** Tells how far a run is: on a terminal each time, else when there is something new, for whoever keeps the lines in a file. */
export function createProgress(terminal: Terminal): (tasks: readonly TaskState[]) => void {
  const began = performance.now();
  let told = '';
  return (tasks) => {
    const line = progressLine(tasks);
    const elapsed = `Time Elapsed: ${clock(performance.now() - began)}`;
    if (terminal.showsProgress) terminal.progress(`${line} | ${elapsed}`);
    else if (line !== told) terminal.err(`${line} | ${elapsed}`);
    told = line;
  };
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

/** What would run, and after what. */
export function tellPlan({ terminal }: CliContext, { tasks }: TaskList, deselected: ReadonlySet<string>): void {
  for (const { id, name, parents } of tasks.toSorted((one, other) => one.id - other.id)) {
    const after = parents.length === 0 ? 'at once' : `after ${parents.join(', ')}`;
    terminal.out(`${id} ${printable(name)}: ${deselected.has(name) ? 'not run' : after}`);
  }
}

export function tellAlreadyRunning(context: CliContext, message: string): void {
  context.terminal.err(`batchy: ${message}`);
  context.end(taskExits.alreadyRunning);
}

export function tellNothingLeft(context: CliContext, executionId: number): void {
  context.terminal.out(`SUCCESS: the last run, execution ${executionId}, is complete; nothing is left to restart.`);
  context.end(exitOfRun('COMPLETED', 0));
}

/** Each task with its letter, what has failed, how the run ended; the command ends accordingly. */
export async function tellEnd(context: CliContext, run: EndedRun, dumpsLogs: boolean): Promise<void> {
  const { terminal } = context;
  const { tasks, executionId, status, logs } = run;
  terminal.out(tasks.map(({ id, name, letter }) => `${letter} ${id} ${printable(name)}`).join('\n'));
  const failed = tasks.filter(({ letter }) => letter === 'F');
  for (const { id, name, message } of failed)
    terminal.err(`task ${id} ${printable(name)} has failed: ${printable(message)}`);
  if (dumpsLogs) for (const { name } of failed) dumpLog(terminal, name, await run.logOf(name));
  const outcome = status === 'STOPPED' ? 'ABORTED' : status === 'COMPLETED' ? 'SUCCESS' : 'FAILURE';
  terminal.out(`${outcome}: execution ${executionId}, ${progressLine(tasks)}; ${logs}`);
  context.end(exitOfRun(status, failed.length));
}

function dumpLog(terminal: Terminal, task: string, text: string): void {
  terminal.out(`---- log of ${printable(task)} ----`);
  for (const line of text.trimEnd().split('\n')) terminal.out(printable(line));
}

/** Carries something out that ends when this process is told to; told twice, the process ends at once. */
export async function untilTold<Result>(
  { terminal }: CliContext,
  message: string,
  work: (aborted: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const abort = new AbortController();
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(taskExits.aborted);
    terminal.err(`batchy: ${message}`);
    abort.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  try {
    return await work(abort.signal);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    terminal.progress(null);
  }
}
