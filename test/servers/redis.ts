import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe } from 'vitest';
import { freePort } from './free-port.ts';
import { howToBringRedis } from './bring-redis.ts';
import { locateRedis } from './redis-binary.ts';

export interface RedisOptions {
  /** Further arguments of `redis-server`; they win over ours. Leave `logfile` and `loglevel` alone: the log says when it is ready. */
  readonly args?: readonly string[];
  /** Default: a free one. */
  readonly port?: number;
  /** Where it keeps its data; a folder of your own is yours to remove. Default: a temporary one, removed by `stop`. */
  readonly dir?: string;
}

/** A real Redis on loopback, its data in an append-only file, so that they survive `kill` and `restart`. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  /** Of the process that runs now; undefined after `stop` and `kill`. For signals such as SIGSTOP. */
  readonly pid: number | undefined;
  /** Ends it in an orderly way and removes its temporary folder. */
  stop(): Promise<void>;
  /** SIGKILL; port and data remain for `restart`. */
  kill(): Promise<void>;
  /** Ends it, if it still runs, and starts it on the same port with the same data. */
  restart(): Promise<void>;
}

/** Whether a Redis can be started; the global set-up has tried to bring one before any suite is read. */
export const redisAvailable: boolean = locateRedis() !== undefined;

/** `describe` for suites on a real Redis: skipped where there is none (the global set-up says so, and under CI fails). */
export const describeWithRedis = describe.runIf(redisAvailable);

const startAttempts = 5;

/**
 * Starts a Redis server and resolves when it accepts connections.
 * @throws Error when there is no `redis-server`, or it ends before it is ready (with what it printed)
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const dir = options.dir ?? (await mkdtemp(path.join(tmpdir(), 'batchy-redis-')));
  await mkdir(dir, { recursive: true });
  const args = options.args ?? [];
  let port = options.port ?? (await freePort());
  let running: ChildProcess | undefined;
  for (let attempt = 1; running === undefined; attempt++) {
    try {
      running = await launch(port, dir, args);
    } catch (error) {
      // Between asking for a free port and taking it, another process may have taken it.
      if (options.port !== undefined || attempt === startAttempts || !String(error).includes('in use')) {
        if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
        throw error;
      }
      port = await freePort();
    }
  }

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const child = running;
    running = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return running?.pid;
    },
    async stop() {
      await end('SIGTERM');
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM');
      running = await launch(port, dir, args);
    },
  };
}

async function launch(port: number, dir: string, args: readonly string[]): Promise<ChildProcess> {
  const binary = locateRedis();
  if (binary === undefined) throw new Error(`there is no redis-server: ${howToBringRedis}`);
  // What was written to the append-only file outlives the process, so syncing to the disk would only slow the tests.
  const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'no', '--maxmemory-policy', 'noeviction'];
  const child = spawn(binary.file, ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, ...durable, ...args], {
    env: { ...process.env, ...binary.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  await ready(child);
  return child;
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (!printed.includes('Ready to accept connections')) return;
      child.stdout?.removeAllListeners('data').resume();
      resolve();
    });
    child.once('error', reject);
    // Not 'exit': the last lines, which say why, may come after it.
    child.once('close', (code) => reject(new Error(`redis-server ended with code ${code}:\n${printed}`)));
  });
}
