import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { vi } from 'vitest';

import { freePort } from '../servers/free-port.ts';

const project = path.resolve(import.meta.dirname, '../..');

// oxlint-disable-next-line typescript/no-explicit-any -- answers of any shape are looked into
type Answer = any;

/** The service as `npm start` runs it, with the process beside it in which jobs run. */
export interface JobService {
  call(method: 'GET' | 'POST', url: string, body?: object): Promise<{ readonly status: number; readonly json: Answer }>;
  /** The execution, once it has ended. */
  ended(id: number): Promise<Answer>;
  /** What it has written to standard error so far. */
  log(): string;
  /** SIGKILL to the service; what runs the jobs ends with it. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** @param folder holds `cfg` with the job files; data is kept beside it */
export async function startJobService(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<JobService> {
  const port = await freePort();
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', path.join(project, 'src/main.ts'), 'serve'],
    {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        PORT: String(port),
        BATCHY_CFG: path.join(folder, 'cfg'),
        BATCHY_DATA: path.join(folder, 'data'),
        LEASE_SECONDS: '1',
        LOG_LEVEL: 'warn',
        ...environment,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
    process.stderr.write(text);
  });
  const origin = `http://127.0.0.1:${port}`;
  const call: JobService['call'] = async (method, url, body) => {
    const response = await fetch(origin + url, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    return { status: response.status, json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  await vi.waitFor(async () => call('GET', '/health/live'), { timeout: 50_000, interval: 50 });
  return {
    call,
    ended: (id) =>
      vi.waitFor(
        async () => {
          const { json } = await call('GET', `/executions/${id}`);
          if (['STARTING', 'STARTED', 'STOPPING'].includes(json.status)) throw new Error(`it is ${json.status}`);
          return json;
        },
        { timeout: 60_000, interval: 50 },
      ),
    log: () => log,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}
