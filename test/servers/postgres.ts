import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { describe } from 'vitest';
import { howToBringPostgres } from './bring-postgres.ts';
import { freePort } from './free-port.ts';
import { locatePostgres } from './postgres-binary.ts';

/** A real PostgreSQL on loopback, its data in a temporary folder; they survive `kill` and `restart`. */
export interface PostgresServer {
  /** With the user's name and password. */
  readonly url: string;
  readonly port: number;
  readonly password: string;
  /** Ends it in an orderly way, cutting its connections, and removes its folder. */
  stop(): Promise<void>;
  /** Ends it without an orderly close, as a crash does; port and data remain for `restart`. */
  kill(): Promise<void>;
  /** Ends it, if it still runs, and starts it on the same port with the same data. */
  restart(): Promise<void>;
}

/** Whether a PostgreSQL can be started; the global set-up has tried to bring one before any suite is read. */
export const postgresAvailable: boolean = locatePostgres() !== undefined;

/** `describe` for suites on a real PostgreSQL: skipped where there is none (the global set-up says so, and under CI fails). */
export const describeWithPostgres = describe.runIf(postgresAvailable);

const startAttempts = 5;
const user = 'batchy';

/** Whom the server runs as: PostgreSQL refuses root, so that root becomes `nobody`. */
type Account = { readonly uid?: number; readonly gid?: number };

/**
 * Starts a PostgreSQL server and resolves when it accepts connections.
 * @throws Error when there is none, or it ends before it is ready (with what it printed)
 */
export async function startPostgres(): Promise<PostgresServer> {
  const account = await serverAccount();
  const dir = await mkdtemp(path.join(tmpdir(), 'batchy-postgres-'));
  const password = 'a-password-of-the-tests';
  let port = await freePort();
  let running: ChildProcess | undefined;
  try {
    await createCluster(dir, password, account);
    for (let attempt = 1; running === undefined; attempt++) {
      try {
        running = await launch(port, dir, account);
      } catch (error) {
        // Between asking for a free port and taking it, another process may have taken it.
        if (attempt === startAttempts || !String(error).includes('in use')) throw error;
        port = await freePort();
      }
    }
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }

  // PostgreSQL's own meanings: SIGINT cuts the connections and closes in order, SIGQUIT gives all up at once.
  const end = async (signal: 'SIGINT' | 'SIGQUIT'): Promise<void> => {
    const child = running;
    running = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  return {
    url: `postgres://${user}:${password}@127.0.0.1:${port}/postgres`,
    port,
    password,
    async stop() {
      await end('SIGINT');
      await rm(dir, { recursive: true, force: true });
    },
    kill: () => end('SIGQUIT'),
    async restart() {
      await end('SIGINT');
      running = await launch(port, dir, account);
    },
  };
}

async function serverAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(['-u', '-g'].map((which) => execa('id', [which, 'nobody'])));
  return { uid: Number(uid!.stdout), gid: Number(gid!.stdout) };
}

async function createCluster(dir: string, password: string, account: Account): Promise<void> {
  const passwordFile = path.join(dir, 'password');
  await writeFile(passwordFile, password);
  for (const owned of [dir, passwordFile]) await chown(owned, account.uid ?? -1, account.gid ?? -1);
  const { file, env } = program('initdb');
  const settings = ['--username', user, '--pwfile', passwordFile, '--auth', 'scram-sha-256', '--no-sync'];
  await execa(file, ['--pgdata', path.join(dir, 'data'), '--encoding', 'UTF8', '--locale', 'C', ...settings], {
    ...account,
    env,
    cwd: dir,
  });
}

async function launch(port: number, dir: string, account: Account): Promise<ChildProcess> {
  const { file, env } = program('postgres');
  // What was written outlives the process, so syncing to the disk would only slow the tests.
  const settings = ['fsync=off', 'unix_socket_directories=', 'listen_addresses=127.0.0.1', `port=${port}`];
  const light = ['max_connections=50', 'shared_buffers=32MB', 'dynamic_shared_memory_type=mmap', 'lc_messages=C'];
  const args = ['-D', path.join(dir, 'data'), ...[...settings, ...light].flatMap((setting) => ['-c', setting])];
  const child = spawn(file, args, {
    ...account,
    cwd: dir,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const endWithUs = () => child.kill('SIGQUIT');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  await ready(child);
  return child;
}

function program(name: 'postgres' | 'initdb'): { file: string; env: Record<string, string> } {
  const binaries = locatePostgres();
  if (binaries === undefined) throw new Error(`there is no PostgreSQL: ${howToBringPostgres}`);
  return { file: path.join(binaries.folder, name), env: { ...binaries.env, LC_ALL: 'C' } };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (!printed.includes('ready to accept connections')) return;
      child.stderr?.removeAllListeners('data').resume();
      resolve();
    });
    child.once('error', reject);
    // Not 'exit': the last lines, which say why, may come after it.
    child.once('close', (code) => reject(new Error(`postgres ended with code ${code}:\n${printed}`)));
  });
}
