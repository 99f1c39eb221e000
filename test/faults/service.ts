import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { Arming, StoreAddress } from './service-process.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly replayed: boolean;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of any shape are looked into
  readonly json: any;
}

/** A service in a process of its own. */
export interface RunningService {
  readonly address: string;
  /** @returns `null` when there was no answer: what became of the request is not known */
  call(
    method: string,
    path: string,
    more?: { readonly key?: string; readonly body?: unknown; readonly headers?: Record<string, string> },
  ): Promise<HttpAnswer | null>;
  arm(arming: Arming): Promise<void>;
  readonly alive: boolean;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  kill(): Promise<void>;
}

export async function startService(store: StoreAddress, folder: string): Promise<RunningService> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'service-process.ts'), [JSON.stringify(store), folder], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  const failed = ended.then(() => Promise.reject(new Error('the service ended before it listened')));
  failed.catch(() => undefined);
  const [{ address }] = (await Promise.race([once(child, 'message'), failed])) as [{ address: string }];
  return {
    address,
    ended,
    get alive() {
      return child.exitCode === null && child.signalCode === null;
    },
    async call(method, path, { key, body, headers = {} } = {}) {
      try {
        const response = await fetch(new URL(path, address), {
          method,
          headers: {
            ...headers,
            ...(key === undefined ? {} : { 'idempotency-key': key }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        const isJson = /application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '');
        return {
          status: response.status,
          replayed: response.headers.get('idempotency-replayed') === 'true',
          text,
          json: isJson && text !== '' ? JSON.parse(text) : null,
        };
      } catch {
        return null;
      }
    },
    async arm(arming) {
      const told = once(child, 'message');
      child.send(arming);
      await told;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
