import { type Command, InvalidArgumentError } from 'commander';

import { isJsonObject, type Json, type JsonObject, parseJson, stringifyJson } from '../domain/json.ts';
import { priorities } from '../domain/priority.ts';
import {
  addClientOptions,
  addKeyOption,
  type ChangeFlags,
  clientOf,
  idempotencyKeyOf,
  pathSegment,
} from './client-options.ts';
import type { ClientRequest } from './client.ts';
import type { CliContext, RegisterCommand } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { registerListCommand } from './list-command.ts';
import { cellText, column, printTable } from './table.ts';

const none = 'none';

interface SetFlags extends ChangeFlags {
  readonly concurrency?: number | typeof none;
  readonly rate?: JsonObject | typeof none;
}

interface PauseFlags extends ChangeFlags {
  readonly reason?: string;
}

export const register: RegisterCommand = (program, context) => {
  const queues = program
    .command('queues')
    .description(
      'Queues, in which executions wait: list them (which is what it does by itself), limit, pause, resume.',
    );
  registerListCommand(queues, context, {
    description: 'List the queues with what waits in them, what of it runs, and what limits it.',
    path: '/queues',
    print: printQueues,
  });
  registerSet(queues, context);
  registerPause(queues, context);
  registerResume(queues, context);
};

function registerSet(queues: Command, context: CliContext): void {
  const command = queues
    .command('set')
    .description('Limit a queue, or all of them together; what is not named stays as it is.')
    .argument('<name>')
    .option('--concurrency <count>', "executions that run at a time, on all machines; 'none': any number", count)
    .option('--rate <max/seconds>', "how many are begun in a time, such as 10/60; 'none': any number", rate);
  addKeyOption(command);
  addClientOptions(command);
  command.action(async (name: string, flags: SetFlags) => {
    const { concurrency, rate: newRate } = flags;
    const body: JsonObject = {
      ...(concurrency === undefined ? {} : { concurrency: concurrency === none ? null : concurrency }),
      ...(newRate === undefined ? {} : { rate: newRate === none ? null : newRate }),
    };
    if (Object.keys(body).length === 0)
      throw new CommandFailure(exits.usage, 'Name a limit: --concurrency, --rate, or both.');
    await change(context, flags, { method: 'PUT', path: queuePath(name), body: stringifyJson(body) });
  });
}

function registerPause(queues: Command, context: CliContext): void {
  const command = queues
    .command('pause')
    .description('Begin nothing of a queue, or of all, until it is resumed; what runs goes on.')
    .argument('<name>')
    .option('--reason <text>', 'why, for whoever asks what an execution waits for');
  addKeyOption(command);
  addClientOptions(command);
  command.action(async (name: string, flags: PauseFlags) => {
    const { reason } = flags;
    const body = reason === undefined ? {} : { body: stringifyJson({ reason }) };
    await change(context, flags, { method: 'POST', path: `${queuePath(name)}/pause`, ...body });
  });
}

function registerResume(queues: Command, context: CliContext): void {
  const command = queues
    .command('resume')
    .description('Begin again what waits in a queue, or in all.')
    .argument('<name>');
  addKeyOption(command);
  addClientOptions(command);
  command.action(async (name: string, flags: ChangeFlags) => {
    await change(context, flags, { method: 'POST', path: `${queuePath(name)}/resume` });
  });
}

/** Sends it and prints the limits as they are then. */
async function change(context: CliContext, flags: ChangeFlags, request: ClientRequest): Promise<void> {
  const { text } = await clientOf(context, flags).send({ ...request, idempotencyKey: idempotencyKeyOf(flags) });
  if (flags.json === true) return context.terminal.out(text);
  await printTable(context.terminal, [column('name'), ...limitColumns], [parseJson(text)]);
}

function queuePath(name: string): string {
  return `/queues/${pathSegment(name)}`;
}

function count(text: string): number | typeof none {
  if (text === none) return none;
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a number from 1 on, or 'none'.");
}

function rate(text: string): JsonObject | typeof none {
  if (text === none) return none;
  const [, max = '', seconds = ''] = /^([1-9]\d{0,3})\/([1-9]\d{0,4})$/.exec(text) ?? [];
  if (max !== '') return { max: Number(max), seconds: Number(seconds) };
  throw new InvalidArgumentError("Expected how many in how many seconds, such as 10/60, or 'none'.");
}

const limitColumns = [
  { title: 'concurrency', cell: ({ concurrency }: JsonObject) => concurrency ?? 'any' },
  {
    title: 'rate',
    cell: ({ rate: limit = null }: JsonObject) =>
      isJsonObject(limit) ? `${cellText(limit['max'])} per ${cellText(limit['seconds'])} s` : 'any',
  },
  {
    title: 'paused',
    cell: ({ paused = null }: JsonObject) => {
      if (!isJsonObject(paused)) return '';
      const reason = paused['reason'] ?? null;
      return `by ${cellText(paused['by'])}${reason === null ? '' : `: ${cellText(reason)}`}`;
    },
  },
];

async function printQueues({ terminal }: CliContext, rows: readonly Json[]): Promise<void> {
  await printTable(
    terminal,
    [
      column('name'),
      { title: 'waiting', cell: (row) => totalOf(waitingOf(row)) },
      { title: 'by_priority', cell: (row) => byPriority(waitingOf(row)) },
      column('delayed'),
      column('running'),
      ...limitColumns,
      { title: 'oldest_waiting', cell: oldestOf },
    ],
    rows,
  );
}

function waitingOf({ waiting = null }: JsonObject): JsonObject {
  return isJsonObject(waiting) ? waiting : {};
}

function totalOf(waiting: JsonObject): number {
  return priorities.reduce((sum, priority) => sum + Number(waiting[priority] ?? 0), 0);
}

/** `2 high, 10 normal`: those of which there are any. */
function byPriority(waiting: JsonObject): string {
  return priorities
    .filter((priority) => Number(waiting[priority] ?? 0) > 0)
    .map((priority) => `${cellText(waiting[priority])} ${priority}`)
    .join(', ');
}

function oldestOf({ oldest_waiting: oldest = null }: JsonObject): string {
  return isJsonObject(oldest) ? `${cellText(oldest['execution_id'])}, ${cellText(oldest['create_time'])}` : '';
}
