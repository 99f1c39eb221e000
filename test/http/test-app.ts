import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { FastifyBaseLogger } from 'fastify';
import { onTestFinished } from 'vitest';
import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { type App, type AppOverrides, createApp } from '../../src/app.ts';
import { updateKeyFile } from '../../src/config/key-file.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/schema.ts';
import type { HttpServices } from '../../src/http/server.ts';
import type { ArchivedItem } from '../../src/ports/upkeep.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { addKey, type Scope } from '../../src/service/keys.ts';
import { createSettableClock, type SettableClock } from '../settable-clock.ts';

export interface TestAppOptions {
  /** Default: memory. Given the clock, so that windows are cut by it. */
  readonly openStores?: (clock: SettableClock) => Promise<Stores>;
  readonly settings?: Partial<Settings>;
  /** Configuration files by workflow; YAML text. */
  readonly cfg?: Readonly<Record<string, string>>;
  /** API keys by secret. */
  readonly keys?: Readonly<Record<string, Scope>>;
  readonly start?: string;
  readonly logger?: FastifyBaseLogger;
  /** In place of the real ones. */
  readonly services?: Partial<HttpServices>;
  readonly jobSide?: NonNullable<AppOverrides['jobSide']>;
}

export interface TestApp extends App {
  readonly clock: SettableClock;
  readonly folder: string;
  /** Writes or replaces `<workflow>.yaml`. */
  configure(workflow: string, yaml: string): void;
  /** Everything that is stored, as text: for "nothing was changed, to the byte". */
  readonly everything: () => Promise<string>;
  readonly call: (method: Method, url: string, more?: CallOptions) => Promise<Called>;
}

export type Method = 'GET' | 'POST' | 'HEAD' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'PUT';

export interface CallOptions {
  readonly body?: unknown;
  /** Sent as it is, as application/json unless the headers say otherwise. */
  readonly rawBody?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Called {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of any shape are looked into
  readonly json: any;
}

/** The whole application on a store of the test's choice, without a network; closed when the test ends. */
export async function testApp(options: TestAppOptions = {}): Promise<TestApp> {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-test-'));
  const clock = createSettableClock(options.start ?? '2026-11-21T21:53:34.230000');
  const { settings } = loadSettings({ folder, environment: {} });
  const used: Settings = {
    ...settings,
    BATCHY_CFG: folder,
    LOAD_SAMPLES: false,
    LOG_LEVEL: 'silent',
    ...options.settings,
  };
  for (const [secret, scope] of Object.entries(options.keys ?? {})) {
    await updateKeyFile(used.API_KEYS_FILE, (keys) =>
      addKey(keys, `${scope}-${keys.length}`, scope, secret, '2026-01-01T00:00:00Z'),
    );
  }
  const configure = (workflow: string, yaml: string): void =>
    writeFileSync(path.join(folder, `${workflow}.yaml`), yaml);
  for (const [workflow, yaml] of Object.entries(options.cfg ?? {})) configure(workflow, yaml);
  const stores = await (options.openStores ?? ((given) => createMemoryStores({ clock: given })))(clock);
  const app = await createApp(used, {
    stores,
    ...(options.logger === undefined ? {} : { logger: options.logger }),
    ...(options.services === undefined ? {} : { services: options.services }),
    ...(options.jobSide === undefined ? {} : { jobSide: options.jobSide }),
  });
  await app.server.ready();
  onTestFinished(async () => {
    await app.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...app,
    clock,
    folder,
    configure,
    everything: () => everythingIn(stores),
    call: async (method, url, { body, rawBody, headers = {} } = {}) => {
      const payload = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
      const response = await app.server.inject({
        method,
        url,
        headers: { ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(payload === undefined ? {} : { payload }),
      });
      const text = response.body;
      const isJson = /application\/(problem\+)?json/.test(String(response.headers['content-type']));
      return {
        status: response.statusCode,
        headers: response.headers,
        text,
        json: isJson && text !== '' ? JSON.parse(text) : null,
      };
    },
  };
}

/** All that a store holds, in one text, in an order that does not depend on the store. */
export async function everythingIn(stores: Pick<Stores, 'upkeep'>): Promise<string> {
  const items: ArchivedItem[] = [];
  for await (const item of stores.upkeep.exportAll()) items.push(item);
  return items
    .map((item) => JSON.stringify(item))
    .sort()
    .join('\n');
}
