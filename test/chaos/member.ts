import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const project = path.resolve(import.meta.dirname, '../..');

/** A process of ours with those that it has started: `batchy serve` or `batchy worker`. */
export interface Member {
  readonly name: string;
  readonly isAlive: boolean;
  /** Its own, and those in which it runs jobs now. */
  processes(): ReadonlySet<number>;
  /** SIGKILL to all of it, or to the process alone in which jobs run. */
  kill(whom: 'all' | 'conductor'): Promise<void>;
  /** SIGSTOP to all of it. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** SIGTERM. @returns its exit code, or the signal */
  stop(): Promise<number | string>;
  /** Bytes in memory, of all its processes. */
  memory(): number;
}

export interface MemberOptions {
  readonly name: string;
  readonly command: 'serve' | 'worker';
  /** Where it is started, and its log is kept. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

export function startMember({ name, command, folder, environment }: MemberOptions): Member {
  const log = openSync(path.join(folder, `${name}.log`), 'a');
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', path.join(project, 'src/main.ts'), command],
    { cwd: folder, env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', log, log] },
  );
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  let paused: readonly number[] = [];

  const own = (): number[] => (child.pid === undefined || !isAlive() ? [] : [child.pid, ...conductorsOf(child.pid)]);
  return {
    name,
    get isAlive() {
      return isAlive();
    },
    processes: () => new Set(own()),
    async kill(whom) {
      const [host = 0, ...conductors] = own();
      if (whom === 'all') signal([host], 'SIGKILL');
      signal(conductors, 'SIGKILL');
      if (whom === 'all') await exited;
    },
    pause() {
      // The one that would notice that the others stand still comes first.
      paused = own().flatMap((process) => [process, ...programsOf(process)]);
      signal(paused, 'SIGSTOP');
    },
    resume() {
      signal(paused, 'SIGCONT');
      paused = [];
    },
    async stop() {
      if (!isAlive()) return 0;
      child.kill('SIGTERM');
      const [code, ending] = await exited;
      return code ?? ending ?? 'nothing';
    },
    memory: () => own().reduce((sum, process) => sum + memoryOf(process), 0),
  };
}

function signal(processes: readonly number[], name: NodeJS.Signals): void {
  for (const id of processes)
    try {
      process.kill(id, name);
    } catch (error) {
      // It has ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
}

interface Listed {
  readonly id: number;
  readonly parent: number;
  readonly isNode: boolean;
}

/** Of a host: its children that are Node, too. */
function conductorsOf(host: number): number[] {
  return listed().flatMap(({ id, parent, isNode }) => (parent === host && isNode ? [id] : []));
}

/** All that a conductor has started, at any depth. */
function programsOf(conductor: number): number[] {
  const all = listed();
  const below = (process: number): number[] =>
    all.flatMap(({ id, parent, isNode }) => (parent === process && !isNode ? [id, ...below(id)] : []));
  return below(conductor);
}

function listed(): Listed[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((id): Listed[] => {
      try {
        const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
        // The name of a program stands in parentheses and may hold anything.
        const [, parent = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const program = readFileSync(`/proc/${id}/cmdline`, 'utf8');
        return [{ id: Number(id), parent: Number(parent), isNode: program.includes('src/main.ts') }];
      } catch {
        return [];
      }
    });
}

function memoryOf(process: number): number {
  try {
    const [, kibibytes = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${process}/status`, 'utf8')) ?? [];
    return Number(kibibytes) * 1024;
  } catch {
    return 0;
  }
}
