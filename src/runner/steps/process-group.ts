import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { Duplex, Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

import { quoteBriefly } from '../../domain/names.ts';
import { secretValues, withoutSecrets } from '../../domain/secrets.ts';
import type { StepContext } from '../step-context.ts';
import type { StepRun } from './step-run.ts';

/** What every program is given of the conductor's environment. */
const usualVariables = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'] as const;
/** An unfinished line of a program's output is given up to the log when it has so many characters. */
const longestPiece = 16 * 1024;
/** What a message takes over of a program's last complaint, in characters. */
const longestComplaint = 200;

/**
 * Starts the program as the leader of a group of its own. Beside it in the group a watcher waits for the end of descriptor 3,
 * whose other end only this process holds: should we die, whatever the reason, it ends the group, first kindly. Descriptor 4, where
 * there is one, is the program's alone.
 */
const watched =
  '( ( trap "" TERM; read -r _ <&3; kill -TERM 0; sleep "$0"; kill -KILL 0 ) >/dev/null 2>&1 </dev/null 4<&- & ) ; exec "$@" 3<&-';

/** Where a program that is talked to finds its end of the line: one that can be read and written, and that blocks. */
export const lineDescriptor = 4;

export interface Program {
  /** The program first, then its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** `null`: that of this process. */
  readonly workingDirectory: string | null;
  /** Milliseconds from the kind end to the other one; the grace if not said. */
  readonly killAfterMilliseconds?: number;
  /** Called with our end of descriptor 4, once it runs; without it there is no such descriptor. */
  readonly talk?: (line: Duplex) => void;
}

/** How a program ended: one of `code` and `signal` is `null`. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last that it has said of itself, without secrets; or `''`. */
  readonly complaint: string;
}

/**
 * Runs a program to its end, as a group of processes; what it writes goes to the step's log. Aborted, or done, the whole group is
 * ended.
 * @throws Error for a text that no program can be given, or a program that cannot be started; the signal's reason when aborted
 */
export async function runProgram(program: Program, { ctx, log, tools }: StepRun): Promise<ProgramEnd> {
  const { command, environment, workingDirectory, talk } = program;
  refuseNul([...command, ...Object.values(environment)]);
  ctx.signal.throwIfAborted();
  const graceSeconds = String(Math.max(1, Math.ceil(tools.graceMilliseconds / 1000)));
  const child = spawn('/bin/sh', ['-c', watched, graceSeconds, ...command], {
    detached: true,
    cwd: workingDirectory ?? undefined,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', ...(talk === undefined ? [] : (['pipe'] as const))],
  });
  // Somebody must listen: the watcher's end may go first.
  child.stdio[3]?.on('error', () => {});
  let complaint = '';
  forward(child.stdout, (lines) => log.write('out', lines));
  forward(child.stderr, (lines) => {
    log.write('err', lines);
    complaint = lastLine(lines) || complaint;
  });
  const line = child.stdio[lineDescriptor];
  if (talk !== undefined && line != null) talk(line as unknown as Duplex);
  let cancelKill = (): void => {};
  let cancelCut = (): void => {};
  child.once('exit', () => {
    const cut = (): void => {
      log.write(
        'warn',
        'what it has left behind in a session of its own keeps its output open; nobody listens any more',
      );
      for (const stream of child.stdio) stream?.destroy();
    };
    cancelCut = tools.timers.after(tools.graceMilliseconds, cut);
  });
  const abort = (): void => {
    signalGroup(child, 'SIGTERM');
    const kill = (): void => signalGroup(child, 'SIGKILL');
    cancelKill = tools.timers.after(program.killAfterMilliseconds ?? tools.graceMilliseconds, kill);
  };
  ctx.signal.addEventListener('abort', abort);
  try {
    const ended = await endOf(child, workingDirectory);
    ctx.signal.throwIfAborted();
    return { ...ended, complaint: withoutSecrets(complaint, secretsOf(ctx, environment)) };
  } finally {
    ctx.signal.removeEventListener('abort', abort);
    cancelKill();
    cancelCut();
  }
}

/**
 * What a program is told of where it runs: the usual variables of this process, those of the step over them, and whose it is.
 * @param names of variables that it is given of this process beside the usual ones
 */
export function programEnvironment(
  { ctx, fence, tools }: StepRun,
  ofStep: Readonly<Record<string, string>>,
  names: readonly string[] = [],
): Record<string, string> {
  const passed = [...usualVariables, ...names].flatMap((name): [string, string][] => {
    const value = tools.environment[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(passed),
    ...ofStep,
    BATCHY_EXECUTION_ID: String(ctx.execution.id),
    BATCHY_FENCE: String(fence),
  };
}

/** What must not be read in a message: of the launch, of the context, of what the program was given. */
export function secretsOf(ctx: StepContext, environment: Readonly<Record<string, string>>): string[] {
  return secretValues([...Object.entries(ctx.parameters), ...ctx.context.entries(), ...Object.entries(environment)]);
}

/** How a program ended, to stand behind its name: `ended with exit code 7: its last complaint`. */
export function endText({ code, signal, complaint }: ProgramEnd): string {
  const why = code === 127 ? ' (not found)' : code === 126 ? ' (not executable)' : '';
  const end = signal === null ? `ended with exit code ${code}${why}` : `was ended by ${signal}`;
  const said = complaint.length > longestComplaint ? `${complaint.slice(0, longestComplaint)}…` : complaint;
  return `${end}${said === '' ? '' : `: ${said}`}`;
}

/** A system's call would refuse it with an error that names nothing. */
function refuseNul(texts: readonly string[]): void {
  const bad = texts.find((text) => text.includes('\0'));
  if (bad !== undefined) throw new Error(`${quoteBriefly(bad)} holds a NUL character, which no program can be given.`);
}

function endOf(child: ChildProcess, workingDirectory: string | null): Promise<Omit<ProgramEnd, 'complaint'>> {
  return new Promise((resolve, reject) => {
    let ended: Omit<ProgramEnd, 'complaint'> | null = null;
    child.on('error', (cause: NodeJS.ErrnoException) => {
      // A shell is on every machine: what is not there is the folder that it was to start in.
      const isFolder = workingDirectory !== null && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR');
      reject(isFolder ? new Error(`There is no folder ${workingDirectory} to run in.`, { cause }) : cause);
    });
    child.on('exit', (code, signal) => {
      ended = { code, signal };
      // Whatever it left behind, the watcher among it; only then its pipes end.
      signalGroup(child, 'SIGKILL');
    });
    child.on('close', (code, signal) => resolve(ended ?? { code, signal }));
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

/** The last line that is not empty, as a message can hold it. */
function lastLine(lines: string): string {
  const last =
    lines
      .trimEnd()
      .split(/[\r\n]/)
      .at(-1) ?? '';
  return stripVTControlCharacters(last)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();
}

/** Whole lines, however the bytes arrive; a line without an end in pieces. */
function forward(stream: Readable | null, write: (lines: string) => void): void {
  if (stream === null) return;
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string): void => {
    const all = rest + text;
    const end = all.lastIndexOf('\n');
    rest = all.slice(end + 1);
    if (end !== -1) write(all.slice(0, end));
    if (rest.length < longestPiece) return;
    write(rest);
    rest = '';
  };
  stream.on('data', (bytes: Buffer) => take(decoder.write(bytes)));
  stream.on('end', () => {
    const last = rest + decoder.end();
    if (last !== '') write(last);
  });
  stream.on('error', () => {});
}
