import { Command, CommanderError } from 'commander';

import packageJson from '../../package.json' with { type: 'json' };
import type { CliContext, RegisterCommand } from './context.ts';
import { commandFailure, type Exit, exits } from './exit-codes.ts';
import type { Machine } from './machine.ts';
import { createTerminal, printable, type Terminal } from './terminal.ts';

/** Each command is read from its file only when it is asked for: `serve` need not wait for tables, nor `status` for schemas. */
const commands: Readonly<Record<string, () => Promise<{ register: RegisterCommand }>>> = {
  serve: () => import('./serve.ts'),
  worker: () => import('./worker.ts'),
  run: () => import('./run.ts'),
  load: () => import('./load.ts'),
  status: () => import('./status.ts'),
  open: () => import('./open.ts'),
  close: () => import('./close.ts'),
  fail: () => import('./fail.ts'),
  preview: () => import('./preview.ts'),
  history: () => import('./history.ts'),
  coverage: () => import('./coverage.ts'),
  wait: () => import('./wait.ts'),
  jobs: () => import('./jobs.ts'),
  launch: () => import('./launch.ts'),
  post: () => import('./post.ts'),
  show: () => import('./show.ts'),
  executions: () => import('./executions.ts'),
  logs: () => import('./logs.ts'),
  stop: () => import('./stop.ts'),
  revive: () => import('./revive.ts'),
  restart: () => import('./restart.ts'),
  abandon: () => import('./abandon.ts'),
  recover: () => import('./recover.ts'),
  replay: () => import('./replay.ts'),
  infa: () => import('./infa.ts'),
  config: () => import('./config.ts'),
  conductors: () => import('./conductors.ts'),
  schedules: () => import('./schedules.ts'),
  queues: () => import('./queues.ts'),
  keys: () => import('./keys.ts'),
  doctor: () => import('./doctor.ts'),
  migrate: () => import('./migrate.ts'),
  reindex: () => import('./reindex.ts'),
  init: () => import('./init.ts'),
  completion: () => import('./completion.ts'),
};

/**
 * Runs one command line.
 * @param argv without the program's own name
 * @returns the process's exit code
 */
export async function runCli(argv: readonly string[], machine: Machine): Promise<number> {
  const terminal = createTerminal(process);
  let said: number | null = null;
  const context: CliContext = {
    machine,
    terminal,
    environment: process.env,
    workingFolder: process.cwd(),
    wholeProgram: () => createProgram(context),
    end: (code) => {
      said = code;
    },
  };
  try {
    const program = await createProgram(context, argv[0]);
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    // Commander has said already what is wrong; asked for help or the version, nothing is.
    if (!(error instanceof CommanderError)) said = reportFailure(terminal, error);
    else if (error.exitCode !== 0) said = exits.usage;
  }
  // A result that nobody can read is none. What a command says of its end stands: it may be worse, or of another kind.
  const isWritten = await terminal.settled();
  return said ?? (isWritten ? exits.ok : exits.failed);
}

/** The program with the one command that is asked for, or, for help and for what is no command, with all of them. */
export async function createProgram(context: CliContext, asked?: string): Promise<Command> {
  const program = new Command('batchy')
    .description('The state of ETL batches: which window to load now, and whether the last load succeeded.')
    .version(packageJson.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .showHelpAfterError('(batchy --help lists the commands, batchy <command> --help the options)')
    .exitOverride();
  const loaders =
    asked !== undefined && Object.hasOwn(commands, asked)
      ? [commands[asked] as (typeof commands)[string]]
      : Object.values(commands);
  for (const { register } of await Promise.all(loaders.map((load) => load()))) await register(program, context);
  return program;
}

/** The problem's own words, then each place that it names. */
function reportFailure(terminal: Terminal, error: unknown): Exit {
  const { message, code, places, exit } = commandFailure(error);
  terminal.err(`batchy: ${message.split('\n').map(printable).join('\n')}${code === null ? '' : ` (${code})`}`);
  for (const { pointer, detail } of places) terminal.err(`  ${printable(pointer)}: ${printable(detail)}`);
  return exit;
}
