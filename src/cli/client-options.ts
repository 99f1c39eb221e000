import { randomUUID } from 'node:crypto';

import { type Command, InvalidArgumentError } from 'commander';

import { checkWorkflowName } from '../domain/names.ts';
import { type Client, createClient } from './client.ts';
import type { CliContext } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { defaultUrl, serverAddress } from './server-address.ts';

/** Options of every command that talks to a server. */
export interface ClientFlags {
  readonly url?: string;
  readonly key?: string;
  readonly timeout?: number;
  readonly json?: boolean;
}

const defaultTimeoutSeconds = 30;

/** @param given which of them: `--timeout` and `--json` mean something else to some commands, or nothing */
export function addClientOptions(
  command: Command,
  { timeout = true, json = true }: { timeout?: boolean; json?: boolean } = {},
): Command {
  command.option('--url <url>', `address of the server (default: BATCHY_URL, or ${defaultUrl})`);
  command.option('--key <key>', 'API key (default: BATCHY_KEY, which others on this machine cannot see)');
  if (timeout)
    command.option('--timeout <seconds>', 'give up after so many seconds', positiveNumber, defaultTimeoutSeconds);
  return json ? command.option('--json', 'print the answer as JSON, for scripts') : command;
}

export function clientOf(
  { terminal, environment }: CliContext,
  { url, key, timeout = defaultTimeoutSeconds }: ClientFlags,
): Client {
  return createClient({
    address: serverAddress({ url, key, environment }),
    timeoutSeconds: timeout,
    onRepeat: (message) => terminal.err(message),
  });
}

/** Options of the commands that change something. */
export interface ChangeFlags extends ClientFlags {
  readonly reason?: string;
  readonly force?: boolean;
  readonly idempotencyKey?: string;
}

export function addChangeOptions(command: Command, { force }: { force: string }): Command {
  command.option('--reason <text>', 'why; kept in the journal');
  command.option('--force', force);
  addKeyOption(command);
  return addClientOptions(command);
}

export function addKeyOption(command: Command): Command {
  return command.option(
    '--idempotency-key <key>',
    'repeat an earlier command whose outcome is unknown: one effect at most (default: a fresh key)',
  );
}

export function idempotencyKeyOf({ idempotencyKey }: Pick<ChangeFlags, 'idempotencyKey'>): string {
  return idempotencyKey ?? randomUUID();
}

/**
 * The path of a workflow's route. The name is checked here, before it can mean another path.
 * @throws BatchyError `invalid-name`
 */
export function workflowPath(before: string, workflow: string, after = ''): string {
  return `${before}/${encodeURIComponent(checkWorkflowName(workflow))}${after}`;
}

/**
 * A name as one part of a path, where the server decides which names there are.
 * @throws CommandFailure for one that would be another path altogether
 */
export function pathSegment(name: string): string {
  if (name === '' || name === '.' || name === '..')
    throw new CommandFailure(exits.usage, `${JSON.stringify(name)} is no name.`);
  return encodeURIComponent(name);
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Expected a number greater than 0.');
  // Timers of the language hold 31 bits of milliseconds.
  return Math.min(value, 2_147_483);
}

export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return Number(text);
}

export function batchIdOption(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Expected the number that open printed.');
  return Number(text);
}
