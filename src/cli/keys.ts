import { randomBytes } from 'node:crypto';

import { type Command, InvalidArgumentError, Option } from 'commander';

import { type KeyFileEntry, readKeyFile, updateKeyFile } from '../config/key-file.ts';
import { formatInstant, nanosecondsPerSecond } from '../domain/time.ts';
import { addKey, revokeKey, rotateKey, type Scope, scopes } from '../service/keys.ts';
import type { CliContext, RegisterCommand } from './context.ts';
import { readSettings } from './settings.ts';
import { column, printTable } from './table.ts';

export const register: RegisterCommand = (program, context) => {
  const keys = program
    .command('keys')
    .description(
      'Create, list, rotate and revoke API keys: in API_KEYS_FILE on this machine. A running server takes changes over.',
    );
  registerCreate(keys, context);
  registerList(keys, context);
  registerRotate(keys, context);
  registerRevoke(keys, context);
};

function registerCreate(keys: Command, context: CliContext): void {
  keys
    .command('create')
    .description('Create a key and print its secret, once: it is stored as a hash only.')
    .argument('<name>', 'shown in the journal as who did it')
    .addOption(
      new Option('--scope <scope>', 'what it may do: look, also open, close and fail, or all')
        .choices(scopes)
        .makeOptionMandatory(),
    )
    .option('--json', 'print name, scope and secret as JSON')
    .action(async (name: string, { scope, json }: { scope: Scope; json?: boolean }) => {
      const secret = newSecret();
      const createdAt = formatInstant(await context.machine.now());
      await change(context, (stored) => addKey(stored, name, scope, secret, createdAt));
      tellSecret(context, { name, scope, secret }, json === true);
    });
}

function registerList(keys: Command, context: CliContext): void {
  keys
    .command('list')
    .description('List the keys, without their secrets.')
    .option('--json', 'print them as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const stored = readKeyFile(await keyFile(context));
      const rows = stored.map(({ name, scope, createdAt, previous }) => ({
        name,
        scope,
        created_at: createdAt,
        old_secret_until: previous?.until ?? null,
      }));
      if (json === true) context.terminal.out(JSON.stringify(rows));
      else await printTable(context.terminal, ['name', 'scope', 'created_at', 'old_secret_until'].map(column), rows);
    });
}

function registerRotate(keys: Command, context: CliContext): void {
  keys
    .command('rotate')
    .description('Give a key a new secret; the old one goes on for a while.')
    .argument('<name>')
    .option('--keep-hours <hours>', 'how long the old secret goes on', hours, 24)
    .option('--json', 'print name, scope and secret as JSON')
    .action(async (name: string, { keepHours, json }: { keepHours: number; json?: boolean }) => {
      const secret = newSecret();
      const until = formatInstant(
        (await context.machine.now()) + BigInt(Math.round(keepHours * 3600)) * nanosecondsPerSecond,
      );
      let scope: Scope = 'read';
      await change(context, (stored) => {
        const rotated = rotateKey(stored, name, secret, until);
        scope = rotated.find((key) => key.name === name)?.scope ?? scope;
        return rotated;
      });
      context.terminal.err(`The old secret of ${name} goes on until ${until} UTC.`);
      tellSecret(context, { name, scope, secret }, json === true);
    });
}

function registerRevoke(keys: Command, context: CliContext): void {
  keys
    .command('revoke')
    .description('Revoke a key, at once and for good.')
    .argument('<name>')
    .action(async (name: string) => {
      let left = 0;
      await change(context, (stored) => {
        const kept = revokeKey(stored, name);
        left = kept.length;
        return kept;
      });
      context.terminal.err(`Revoked ${name}.`);
      if (left === 0)
        context.terminal.err(
          'There is no key left: a server that starts now is open to everybody who reaches it, and therefore listens on loopback only.',
        );
    });
}

function newSecret(): string {
  return `batchy_${randomBytes(32).toString('base64url')}`;
}

/** The secret alone on stdout, so that `BATCHY_KEY=$(batchy keys create …)` takes it. */
function tellSecret(
  { terminal }: CliContext,
  key: { name: string; scope: Scope; secret: string },
  json: boolean,
): void {
  terminal.err(`The secret of ${key.name} (scope ${key.scope}) is shown this once; keep it where secrets are kept:`);
  terminal.out(json ? JSON.stringify(key) : key.secret);
}

async function keyFile(context: CliContext): Promise<string> {
  return (await readSettings(context)).settings.API_KEYS_FILE;
}

async function change(
  context: CliContext,
  next: (stored: readonly KeyFileEntry[]) => readonly KeyFileEntry[],
): Promise<void> {
  await updateKeyFile(await keyFile(context), next);
}

function hours(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0 || value > 24 * 366)
    throw new InvalidArgumentError('Expected a number of hours, 0 to 8784.');
  return value;
}
