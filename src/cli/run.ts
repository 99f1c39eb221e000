import path from 'node:path';

import { InvalidArgumentError, Option } from 'commander';

import type { Json } from '../domain/json.ts';
import { isWebUrl } from '../domain/names.ts';
import { deselectedTasks } from '../domain/task-selection.ts';
import type { ClientFlags } from './client-options.ts';
import type { RegisterCommand } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { reviveHere, runHere } from './run-here.ts';
import { findOnServer, runOnServer } from './run-on-server.ts';
import { tellPlan } from './run-report.ts';
import { defaultUrl } from './server-address.ts';
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
  readonly revive?: boolean;
  readonly webhook?: string;
  /** `true`: the one that BATCHY_URL names. */
  readonly server?: string | true;
  readonly key?: string;
}

export const register: RegisterCommand = (program, context) => {
  program
    .command('run')
    .description('Run a task list (.lst, or the same as JSON) here and now; with --server, on a server that has it.')
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
    .addOption(
      new Option(
        '--revive',
        'have what has failed in the run that is under way, in another terminal, tried anew',
        // It runs nothing itself.
      ).conflicts([
        'restart',
        'maxProcs',
        'execOnly',
        'norun',
        'from',
        'to',
        'execProcName',
        'cvar',
        'dryrun',
        'dumpLogs',
        'webhook',
        'server',
      ]),
    )
    .option('--webhook <url>', 'told at the end how the run went; otherwise APP_WEBHOOK; not with --server', webUrl)
    .addOption(
      new Option(
        '--server [url]',
        `run it on this server, which has it in its cfg/jobs (default: BATCHY_URL, or ${defaultUrl})`,
        // These are the server's to say.
      ).conflicts(['maxProcs', 'env']),
    )
    .option('--key <key>', 'API key of the server (default: BATCHY_KEY, which others on this machine cannot see)')
    .action(async (list: string, flags: RunFlags) => {
      if (flags.server !== undefined && flags.webhook !== undefined)
        throw new CommandFailure(
          exits.usage,
          '--webhook is told of runs of this machine. Of a run on a server the one is told that APP_WEBHOOK names in the app_profile there. Nothing was run.',
        );
      const app = await context.machine.readTaskApp(
        path.resolve(context.workingFolder, list),
        Object.fromEntries(flags.env ?? []),
      );
      if (flags.revive === true) return reviveHere(context, app);
      const deselected = deselectedTasks(app.list, {
        ...(flags.execOnly === undefined ? {} : { execOnly: flags.execOnly }),
        ...(flags.norun === undefined ? {} : { norun: flags.norun }),
        ...(flags.from === undefined ? {} : { from: flags.from }),
        ...(flags.to === undefined ? {} : { to: flags.to }),
        ...(flags.execProcName === undefined ? {} : { names: flags.execProcName }),
      });
      const run = {
        restart: flags.restart === true,
        deselected: [...deselected],
        context: new Map((flags.cvar ?? []).map(([name, text]): [string, Json] => [name, jsonOrText(text)])),
        dumpLogs: flags.dumpLogs === true,
      };
      const server = flags.server === undefined ? null : addressOf(flags.server, flags.key);
      if (flags.dryrun === true) {
        if (server !== null) await findOnServer(context, app, server);
        return tellPlan(context, app.list, deselected);
      }
      if (server !== null) return runOnServer(context, app, { ...run, server });
      await runHere(context, app, { ...run, maxProcs: flags.maxProcs, webhook: flags.webhook });
    });
};

function addressOf(server: string | true, key: string | undefined): ClientFlags {
  return { ...(server === true ? {} : { url: server }), ...(key === undefined ? {} : { key }) };
}

function webUrl(text: string): string {
  if (!isWebUrl(text)) throw new InvalidArgumentError('Expected an http or https URL.');
  return text;
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
