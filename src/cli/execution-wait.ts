import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

import { type Command, InvalidArgumentError } from 'commander';

import type { BatchStatus } from '../domain/execution.ts';
import { isLive } from '../domain/execution-transitions.ts';
import { type Json, type JsonObject, stringifyJson } from '../domain/json.ts';
import { type ClientFlags, clientOf, positiveNumber } from './client-options.ts';
import type { Client } from './client.ts';
import type { CliContext } from './context.ts';
import { executionPath, firstLine, objectOf, printExecution } from './execution-table.ts';
import { CommandFailure, type Exit, exits } from './exit-codes.ts';
import { isScope, listOf } from './graph-fields.ts';
import { cellText } from './table.ts';

export interface WaitFlag {
  /** `true`: as long as it takes. */
  readonly wait?: number | true;
}

/** Looks follow one another ever more slowly: short executions end at once, long ones are not asked after all the time. */
const firstPauseMilliseconds = 100;
const longestPauseMilliseconds = 1000;
const barWidth = 20;
/** Failures of a look after which another may do better. */
const passing: readonly Exit[] = [exits.unreachable, exits.timeout];

export function addWaitOption(command: Command): Command {
  return command.option(
    '--wait [seconds]',
    'wait for its end, at most so many seconds (exit code 124 then); exits with 1 unless it is COMPLETED',
    positiveNumber,
  );
}

/** An execution's id on the command line. */
export function executionId(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Expected the number of an execution.');
  return Number(text);
}

/**
 * Waits for the end of an execution, with its progress on a terminal, and shows what became of it; the command ends
 * accordingly. A server that is briefly away is waited for.
 */
export async function awaitExecution(
  context: CliContext,
  flags: ClientFlags & WaitFlag,
  execution: JsonObject,
): Promise<void> {
  const { terminal } = context;
  const client = clientOf(context, flags);
  const id = execution['execution_id'];
  const until = typeof flags.wait === 'number' ? performance.now() + flags.wait * 1000 : Number.POSITIVE_INFINITY;
  const last = await lookUntilEnd(context, client, { id, until }, async (seen, milliseconds) => {
    if (terminal.showsProgress) terminal.progress(await progressLine(client, seen, milliseconds));
  });
  if (flags.json === true) terminal.out(stringifyJson(last));
  else await printExecution(terminal, client, last);
  const status = cellText(last['status']);
  const exit = exitOf(status);
  if (exit === exits.ok) return;
  const why = cellText(firstLine(last['exit_message']));
  const more = exit === exits.timeout ? '; it goes on' : why === '' ? '' : `: ${why}`;
  terminal.err(`execution ${cellText(id)} is ${status}${more} (batchy logs ${cellText(id)})`);
  context.end(exit);
}

export interface Lookout {
  readonly id: Json | undefined;
  /** Of the monotonic clock, in milliseconds. */
  readonly until: number;
}

/**
 * Looks at an execution again and again, until it has ended or the time is over. A server that is briefly away is waited for.
 * @param onLook told of one that goes on, and for how many milliseconds it has been looked at
 */
export async function lookUntilEnd(
  { terminal }: CliContext,
  client: Client,
  { id, until }: Lookout,
  onLook: (execution: JsonObject, milliseconds: number) => Promise<void>,
): Promise<JsonObject> {
  const begun = performance.now();
  let isAway = false;
  for (let wait = firstPauseMilliseconds; ; wait = Math.min(wait * 1.5, longestPauseMilliseconds)) {
    try {
      const execution = objectOf(await client.json({ path: executionPath(id) }));
      isAway = false;
      if (!isLive(cellText(execution['status']) as BatchStatus) || performance.now() >= until) {
        terminal.progress(null);
        return execution;
      }
      await onLook(execution, performance.now() - begun);
    } catch (error) {
      const passes = error instanceof CommandFailure && passing.includes(error.exit);
      if (!passes || performance.now() >= until) throw error;
      if (!isAway) terminal.err(`${error.message} Waiting for it.`);
      isAway = true;
    }
    await pause(Math.max(0, Math.min(wait, until - performance.now())));
  }
}

/** Looks every second until the process is ended. A server that is briefly away is waited for. */
export async function lookForEver({ terminal }: CliContext, look: () => Promise<void>): Promise<never> {
  let isAway = false;
  for (;;) {
    try {
      await look();
      isAway = false;
    } catch (error) {
      if (!(error instanceof CommandFailure && passing.includes(error.exit))) throw error;
      if (!isAway) terminal.err(`${error.message} Waiting for it.`);
      isAway = true;
    }
    await pause(longestPauseMilliseconds);
  }
}

/** `LoadOrders 5 [#######-------------] 1/3 steps, Load: 12000 read, 11900 written, 14 s`; of a flow `1/3 tasks, attach (revert), 2 s` */
async function progressLine(client: Client, execution: JsonObject, milliseconds: number): Promise<string> {
  const path = executionPath(execution['id']);
  const [graph, steps] = await Promise.all([
    client.json({ path: `${path}/graph` }),
    client.json({ path: `${path}/steps` }),
  ]);
  // Parts come when their step begins: with them the bar would go backward.
  const nodes = listOf(objectOf(graph)['nodes']).filter((node) => !isPart(node['name']) && !isScope(node));
  const isFlow = nodes.some((node) => node['task_state'] !== undefined);
  const done = nodes.filter((node) => (isFlow ? node['task_state'] === 'SUCCESS' : node['status'] === 'COMPLETED'));
  const filled = nodes.length === 0 ? 0 : Math.floor((done.length / nodes.length) * barWidth);
  const rows = listOf(steps);
  const current = rows.findLast((step) => step['status'] === 'STARTED' && !isPart(step['step_name']));
  const what = current === undefined ? cellText(execution['status']) : doingOf(current, rows);
  const bar = `${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}`;
  const name = `${cellText(execution['job_name'])} ${cellText(execution['id'])}`;
  return `${name} [${bar}] ${done.length}/${nodes.length} ${isFlow ? 'tasks' : 'steps'}, ${what}, ${Math.round(milliseconds / 1000)} s`;
}

/** Which step runs, and how far it is; which task of a flow runs or is reverted. */
function doingOf(current: JsonObject, rows: readonly JsonObject[]): string {
  const name = cellText(current['step_name']);
  if (current['phase'] === undefined) return countsOf(name, rows);
  return current['phase'] === 'revert' ? `${name} (revert)` : name;
}

/** The items of a step so far; a partitioned one has no counts of its own until its parts have ended. */
function countsOf(name: string, rows: readonly JsonObject[]): string {
  const counted = rows.filter(({ step_name: row }) => row === name || cellText(row).startsWith(`${name}${partMark}`));
  const sum = (count: string): number => counted.reduce((total, row) => total + Number(cellText(row[count])), 0);
  return `${name}: ${sum('read_count')} read, ${sum('write_count')} written`;
}

/** Between the name of a partitioned step and the number of its part; no step's own name has a colon. */
const partMark = ':partition';

function isPart(name: Json | undefined): boolean {
  return cellText(name).includes(partMark);
}

function exitOf(status: string): Exit {
  if (status === 'COMPLETED') return exits.ok;
  return isLive(status as BatchStatus) ? exits.timeout : exits.failed;
}
