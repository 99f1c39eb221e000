import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

import { quoteBriefly } from '../../domain/names.ts';
import { secretValues, withoutSecrets } from '../../domain/secrets.ts';
import { renderTemplate, templateValues } from '../../domain/template.ts';
import type { ShellBody } from '../step-body.ts';
import type { StepContext } from '../step-context.ts';
import type { StepRun } from './step-run.ts';

/** What every program is given of the conductor's environment. */
const usualVariables = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'] as const;
/** Parameters and context values as variables of a shell's text: with a prefix, so that none can pass for `PATH`. */
const variablePrefix = 'PARAM_';
/** An unfinished line of a program's output is given up to the log when it has so many characters. */
const longestPiece = 16 * 1024;
/** What a message takes over of a program's last complaint, in characters. */
const longestComplaint = 200;

/**
 * Starts the program as the leader of a group of its own. Beside it in the group a watcher waits for the end of descriptor 3,
 * whose other end only this process holds: should we die, whatever the reason, it ends the group, first kindly.
 */
const watched =
  '( ( trap "" TERM; read -r _ <&3; kill -TERM 0; sleep "$0"; kill -KILL 0 ) >/dev/null 2>&1 </dev/null & ) ; exec "$@" 3<&-';

/**
 * Runs a program to its end; what it writes goes to the step's log. Aborted, or done, its whole group is ended.
 * @throws Error for an exit code other than 0, a signal, or a program that cannot be started; the signal's reason when aborted
 */
export async function runShell(body: ShellBody, { ctx, log, fence, tools }: StepRun): Promise<void> {
  const command = commandOf(body, ctx);
  const environment = environmentOf(body, ctx, fence, tools.environment);
  refuseNul([...command, ...Object.values(environment)]);
  ctx.signal.throwIfAborted();
  const graceSeconds = String(Math.max(1, Math.ceil(tools.graceMilliseconds / 1000)));
  const child = spawn('/bin/sh', ['-c', watched, graceSeconds, ...command], {
    detached: true,
    cwd: body.workingDirectory ?? undefined,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  // Somebody must listen: the watcher's end may go first.
  child.stdio[3]?.on('error', () => {});
  let complaint = '';
  forward(child.stdout, (lines) => log.write('out', lines));
  forward(child.stderr, (lines) => {
    log.write('err', lines);
    complaint = lastLine(lines) || complaint;
  });
  let cancelKill = (): void => {};
  const abort = (): void => {
    signalGroup(child, 'SIGTERM');
    cancelKill = tools.timers.after(tools.graceMilliseconds, () => signalGroup(child, 'SIGKILL'));
  };
  ctx.signal.addEventListener('abort', abort);
  try {
    const ended = await endOf(child);
    ctx.signal.throwIfAborted();
    if (ended.code !== 0) {
      const secrets = secretValues([
        ...Object.entries(ctx.parameters),
        ...ctx.context.entries(),
        ...Object.entries(environment),
      ]);
      throw new Error(failure(command[0] ?? '', ended, withoutSecrets(complaint, secrets)));
    }
  } finally {
    ctx.signal.removeEventListener('abort', abort);
    cancelKill();
  }
}

function commandOf({ argv, shell }: ShellBody, ctx: StepContext): string[] {
  // What a shell would read as its language never comes from a parameter.
  if (shell) return ['/bin/sh', '-c', argv.join(' ')];
  const valueOf = templateValues(ctx);
  return argv.map((argument) => renderTemplate(argument, valueOf));
}

function environmentOf(
  body: ShellBody,
  ctx: StepContext,
  fence: number,
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const passed = [...usualVariables, ...body.passEnvironment].flatMap((name): [string, string][] => {
    const value = own[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(passed),
    ...body.environment,
    ...(body.shell ? variables(ctx) : {}),
    BATCHY_EXECUTION_ID: String(ctx.execution.id),
    BATCHY_FENCE: String(fence),
  };
}

function variables(ctx: StepContext): Record<string, string> {
  // Parameters win over context values, as in `{{name}}`.
  const names = new Set([...ctx.context.entries().map(([key]) => key), ...Object.keys(ctx.parameters)]);
  const valueOf = templateValues(ctx);
  return Object.fromEntries(
    [...names].map((name) => [
      `${variablePrefix}${name.replaceAll(/[^A-Za-z0-9_]/g, '_')}`,
      valueOf(name) === null ? '' : renderTemplate(`{{name}}`, () => valueOf(name)),
    ]),
  );
}

/** A system's call would refuse it with an error that names nothing. */
function refuseNul(texts: readonly string[]): void {
  const bad = texts.find((text) => text.includes('\0'));
  if (bad !== undefined) throw new Error(`${quoteBriefly(bad)} holds a NUL character, which no program can be given.`);
}

interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    let ended: ProcessEnd | null = null;
    child.on('error', reject);
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

/** @param complaint the last that it has said of itself, or `''` */
function failure(program: string, { code, signal }: ProcessEnd, complaint: string): string {
  const why = code === 127 ? ' (not found)' : code === 126 ? ' (not executable)' : '';
  const end = signal === null ? `ended with exit code ${code}${why}` : `was ended by ${signal}`;
  const said = complaint.length > longestComplaint ? `${complaint.slice(0, longestComplaint)}…` : complaint;
  return `${quoteBriefly(program)} ${end}${said === '' ? '' : `: ${said}`}; its output is in the step’s log`;
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
