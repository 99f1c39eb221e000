import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { type App, createApp } from '../../src/app.ts';
import { updateKeyFile } from '../../src/config/key-file.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/schema.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { addKey } from '../../src/service/keys.ts';
import { fixedCatalog } from '../http/fixed-catalog.ts';
import { createSettableClock, type SettableClock } from '../settable-clock.ts';
import { adminKey } from './request-grammar.ts';

/** Opens an empty store that lives by the given clock. */
export type OpenEmptyStore = (clock: SettableClock) => Promise<Stores>;

/** A service to fuzz, with some history, and a folder for its configurations. */
export interface Target {
  readonly app: App;
  readonly clock: SettableClock;
  configure(workflow: string, bytes: Buffer): void;
  close(): Promise<void>;
}

const configurations = {
  wf1: 'job1:\n  from_date: 2026-11-01\n  rate: 1.0\n  db_password: hush\njob2:\n  trunc_start: yes\n  timezone: America/Havana\n',
  emits:
    'job1:\n  emit_to_date: yes\n  lag_minutes: 5\n  from_date: 2026-11-20\n  require_fence: yes\nwith space: {}\n_infa:\n  profile: powercenter\n',
  changing: 'ünïcode:\n  reprocess_hours: 2.5\n',
};

const jobs = [
  { name: 'Plain', parameters: { n: { type: 'integer', default: 1 }, api_token: { identifying: false } } },
  { name: 'Bound', workflow: 'changing' },
  { name: 'Nightly', newInstancePerLaunch: true, maxConcurrent: 2 },
] as const;

export async function startTarget(openStores: OpenEmptyStore, given: Partial<Settings> = {}): Promise<Target> {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-fuzz-'));
  const clock = createSettableClock('2026-11-21T21:53:34.230000');
  const { settings } = loadSettings({ folder, environment: {} });
  await updateKeyFile(settings.API_KEYS_FILE, (keys) =>
    addKey(keys, 'fuzzer', 'admin', adminKey, '2026-01-01T00:00:00Z'),
  );
  const configure = (workflow: string, bytes: Buffer): void =>
    writeFileSync(path.join(folder, `${workflow}.yaml`), bytes);
  for (const [workflow, yaml] of Object.entries(configurations)) configure(workflow, Buffer.from(yaml));
  const app = await createApp(
    { ...settings, BATCHY_CFG: folder, LOAD_SAMPLES: false, LOG_LEVEL: 'silent', MAX_WAIT_SECONDS: 1, ...given },
    { stores: await openStores(clock), jobSide: fixedCatalog(...jobs) },
  );
  await app.server.ready();

  const call = async (url: string): Promise<void> => {
    const headers = { authorization: `Bearer ${adminKey}` };
    const { statusCode, body } = await app.server.inject({ method: 'POST', url, headers });
    if (statusCode !== 200 && statusCode !== 202) throw new Error(`${url}: ${statusCode} ${body}`);
    clock.advance({ hours: 1 });
  };
  for (const workflow of Object.keys(configurations)) await call(`/load_cfg/${workflow}`);
  for (const launch of ['Plain', 'Bound', 'Nightly']) await call(`/jobs/${launch}/launch`);
  await call('/executions/1/stop');
  await call('/open_batch/wf1');
  await call('/close_batch/wf1');
  await call('/open_batch/wf1?job=job1');
  await call('/open_batch/emits');
  await call('/fail_batch/emits?reason=so');
  return {
    app,
    clock,
    configure,
    async close() {
      await app.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
