import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { freePort } from '../servers/free-port.ts';

export const projectFolder = path.resolve(import.meta.dirname, '../..');

/** Flags that every process of the measurement runs with, ours and peers alike: those of `npm start`. */
export const nodeFlags = ['--disable-warning=ExperimentalWarning'];

/** What must be ended or removed when a row is done, whatever becomes of it; last in, first out. */
export class CleanUp {
  readonly #steps: (() => Promise<unknown>)[] = [];

  add(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  /** A folder on the disk where the service keeps its data by default, so that flushing costs what it costs there. */
  async folder(): Promise<string> {
    const parent = path.join(projectFolder, 'node_modules/.cache/batchy');
    await mkdir(parent, { recursive: true });
    const folder = await mkdtemp(path.join(parent, 'bench-'));
    this.add(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step();
  }
}

export interface ServerProcess {
  readonly origin: string;
  readonly pid: number;
  /** Milliseconds from the start of the process to the end of the first answer of status 200. */
  readonly startedInMs: number;
  stop(): Promise<void>;
}

export interface ServerProcessOptions {
  /** From the project's folder. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Asked until it answers 200. */
  readonly readyPath: string;
}

/** The service as `npm start` runs it, without npm. Settings are those of the environment given. */
export function startOurs(environment: Readonly<Record<string, string>>): Promise<ServerProcess> {
  return startServer({ file: 'src/main.ts', args: ['serve'], readyPath: '/index', environment });
}

const startPatienceMs = 60_000;

/**
 * Starts a server in a process of its own, on the port that it finds in `PORT`.
 * @throws Error with what it printed when it ends or does not answer
 */
export async function startServer({
  file,
  args = [],
  environment = {},
  readyPath,
}: ServerProcessOptions): Promise<ServerProcess> {
  const port = await freePort();
  const began = performance.now();
  const child = spawn(process.execPath, [...nodeFlags, path.join(projectFolder, file), ...args], {
    cwd: projectFolder,
    env: { PATH: process.env['PATH'], ...environment, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-4000);
    });
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const stop = async (): Promise<void> => {
    process.off('exit', endWithUs);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  const origin = `http://127.0.0.1:${port}`;
  while (!(await answers(origin + readyPath))) {
    if (child.exitCode !== null || performance.now() - began > startPatienceMs) {
      await stop();
      throw new Error(`${file} does not answer ${readyPath}:\n${printed}`);
    }
    await pause(2);
  }
  return { origin, pid: child.pid ?? 0, startedInMs: performance.now() - began, stop };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

/** Runs a program of Node to its end. @returns what it printed @throws Error with what it printed when it fails */
export async function runNode(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, args, {
    cwd: projectFolder,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (texts.stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0)
    throw new Error(`node ${args.join(' ').slice(0, 200)} ended with ${code}:\n${texts.stdout}${texts.stderr}`);
  return texts.stdout;
}
