import path from 'node:path';

import { execa, type Options, type ResultPromise } from 'execa';

const root = path.resolve(import.meta.dirname, '../..');

export interface RunOptions {
  /** The whole environment but PATH: what this machine has set must not decide a test. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: the project's. */
  readonly folder?: string;
}

type Program = 'batchy' | 'waitsy';

/** Starts `batchy` or `waitsy` as a process of its own; resolves whatever its exit code. */
export function start(program: Program, args: readonly string[], { environment = {}, folder = root }: RunOptions = {}) {
  return execa(process.execPath, [path.join(root, 'bin', `${program}.js`), ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    extendEnv: false,
    reject: false,
    stripFinalNewline: true,
    timeout: 50_000,
  } as const satisfies Options);
}

export interface Ended {
  readonly exit: number | undefined;
  readonly out: string;
  readonly err: string;
}

/** Runs one to its end. */
export async function run(program: Program, args: readonly string[], options?: RunOptions): Promise<Ended> {
  const { exitCode, stdout, stderr } = await (start(program, args, options) as ResultPromise<{ reject: false }>);
  return { exit: exitCode, out: stdout, err: stderr };
}
