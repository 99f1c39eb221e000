import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { createMemoryStores } from '../src/adapters/memory/stores.ts';
import { type App, createApp } from '../src/app.ts';
import { updateKeyFile } from '../src/config/key-file.ts';
import { loadSettings } from '../src/config/load.ts';
import type { Settings } from '../src/config/schema.ts';
import type { Stores } from '../src/ports/stores.ts';
import { addKey } from '../src/service/keys.ts';
import { createSettableClock } from './settable-clock.ts';

describe('a start', () => {
  let folder: string;
  let stores: Stores;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-app-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    stores = await createMemoryStores({ clock: createSettableClock('2026-11-21T21:53:34.230000') });
  });

  const write = (file: string, text: string): void => writeFileSync(path.join(folder, file), text);

  async function app(changed: Partial<Settings> = {}): Promise<App> {
    const { settings } = loadSettings({ folder, environment: {} });
    const created = await createApp({ ...settings, BATCHY_CFG: folder, PORT: 0, ...changed }, { stores });
    onTestFinished(() => created.stop());
    return created;
  }

  const statuses = async (started: App): Promise<unknown> => (await started.server.inject('/workflows')).json();

  it('loads what it finds into an empty store, and goes on where a file cannot be read', async () => {
    write('a.yaml', 'job1: {}\n');
    write('b.yml', 'job1: {}\n');
    write('broken.yaml', 'job1: {from_date: yesterday}\n');
    write('no workflow.yaml', 'job1: {}\n');
    const started = await app();
    expect(await started.start()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await statuses(started)).toMatchObject([{ name: 'a' }, { name: 'b' }]);
    const journal = (await started.server.inject('/workflows/a/journal')).json();
    expect(journal).toMatchObject([
      { type: 'configuration-loaded', by: 'batchy', reason: 'loaded at the first start' },
    ]);
  });

  it('loads nothing into a store that has a workflow, not even what it lacks', async () => {
    write('a.yaml', 'job1: {from_date: 2026-01-01}\n');
    const before = await app({ LOAD_SAMPLES: false });
    await before.server.inject({ method: 'POST', url: '/load_cfg/a' });
    write('a.yaml', 'job1: {from_date: 2020-01-01}\n');
    write('b.yaml', 'job1: {}\n');
    const started = await app();
    await started.start();
    expect(await statuses(started)).toMatchObject([{ name: 'a' }]);
    expect((await started.server.inject('/get_status/a')).json().job1.from_date).toBe('2026-01-01');
  });

  it('loads nothing when told so', async () => {
    write('a.yaml', 'job1: {}\n');
    const started = await app({ LOAD_SAMPLES: false });
    await started.start();
    expect(await statuses(started)).toEqual([]);
  });

  it.each(['0.0.0.0', '::', '192.0.2.1', 'etl.example.com', '127.example.com'])(
    'is refused on %s while there is no key, unless that is wanted',
    async (HOST) => {
      await expect(app({ HOST })).rejects.toMatchObject({ code: 'invalid-setting', facts: { setting: 'HOST' } });
      expect((await app({ HOST, ALLOW_OPEN: true })).trial().needsKey).toBe(false);
      expect((await app({ HOST, BATCHY_ADMIN_KEY: 'a-key-0123456789abcdef' })).trial().needsKey).toBe(true);
    },
  );

  it('is taken beyond loopback with a key in the file', async () => {
    const { settings } = loadSettings({ folder, environment: {} });
    await updateKeyFile(settings.API_KEYS_FILE, (keys) => addKey(keys, 'me', 'read', 'secret', '2026-01-01T00:00:00Z'));
    expect((await app({ HOST: '0.0.0.0' })).trial().needsKey).toBe(true);
  });

  it('takes a time limit that is no whole number of milliseconds', async () => {
    const started = await app({ REQUEST_TIMEOUT_SECONDS: 1.0011 });
    expect(started.server.server.requestTimeout).toBe(1002);
  });

  it.each([
    [[], 'wf1'],
    [['orders.yaml'], 'orders'],
    [['orders.yaml', 'wf1.yaml'], 'wf1'],
  ])('with the files %j proposes to try %s', async (files, workflow) => {
    for (const file of files) write(file, 'job1: {}\n');
    expect((await app()).trial().workflow).toBe(workflow);
  });

  it('forgets what is old though a workflow cannot be looked at', async () => {
    const forgets = vi.spyOn(stores.upkeep, 'prune');
    vi.spyOn(stores.reader, 'startedAfter').mockRejectedValue(new Error('it cannot be read'));
    await (await app()).start();
    await expect.poll(() => forgets.mock.calls.length).toBeGreaterThan(0);
  });

  it('proposes to try the sample of a job where it is', async () => {
    expect((await app()).trial().hasSampleJob).toBe(false);
    mkdirSync(path.join(folder, 'jobs'));
    write('jobs/sample-job.ts', '');
    expect((await app()).trial().hasSampleJob).toBe(true);
  });
});
