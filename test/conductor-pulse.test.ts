import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createSqliteStores } from '../src/adapters/sqlite/stores.ts';
import { systemClock } from '../src/adapters/system/clock.ts';
import { type Pulse, startPulse } from '../src/conductor-pulse.ts';
import { embeddedStoreFile } from '../src/config/embedded-store.ts';
import { loadSettings } from '../src/config/load.ts';
import { heartbeatKey } from '../src/domain/heartbeat.ts';
import type { StoredDocument } from '../src/ports/document-reader.ts';
import type { Stores } from '../src/ports/stores.ts';

let folder = '';
let stores: Stores;
let pulse: Pulse;
let problems: string[];
const threads: Worker[] = [];
const remember = (thread: Worker): void => void threads.push(thread);
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'batchy-pulse-'));
  const { settings } = loadSettings({ folder, environment: { BATCHY_DATA: 'data', LEASE_SECONDS: '1' } });
  stores = await createSqliteStores({ file: embeddedStoreFile(settings.BATCHY_DATA), clock: systemClock });
  problems = [];
  threads.splice(0);
  process.on('worker', remember);
  pulse = start(settings.BATCHY_DATA);
});
afterEach(async () => {
  process.off('worker', remember);
  await pulse.stop();
  await stores.upkeep.close();
  rmSync(folder, { recursive: true, force: true });
});

const about = { host: 'machine', processId: 7, role: 'worker', concurrency: 4, capabilities: ['gpu'] } as const;

function start(dataFolder: string, host = process.ppid): Pulse {
  const { settings } = loadSettings({ folder, environment: { BATCHY_DATA: dataFolder, LEASE_SECONDS: '1' } });
  return startPulse(
    { settings, conductor: 'here', host, questions: null, waiting: new SharedArrayBuffer(8) },
    {
      onProblem: (error) => problems.push((error as Error).message),
      outage: { met: () => problems.push('away'), over: () => {} },
      onOrphaned: () => problems.push('orphaned'),
      onGivenUp: (why) => problems.push(`given up: ${why.message}`),
    },
  );
}

async function sign(): Promise<StoredDocument | null> {
  const [found = null] = await stores.documents.get([heartbeatKey('here')]);
  return found;
}

async function revision(): Promise<number | null> {
  return (await sign())?.revision ?? null;
}

const patience = { timeout: 20_000, interval: 20 };

it('gives a sign of life from its start to its end, from a thread of its own', async () => {
  expect(await revision()).toBeNull();
  await pulse.start(about);
  expect(await revision()).toBe(1);
  await vi.waitFor(async () => expect(await revision()).toBeGreaterThan(2), patience);
  expect(threads).toHaveLength(1);
  pulse.change({ ...about, isDraining: true });
  await vi.waitFor(async () => expect((await sign())?.text).toContain('"draining":true'), patience);
  await pulse.stop();
  expect(await revision()).toBeNull();
  expect(problems).toEqual([]);
});

it('goes on in another thread when the first one comes to grief', async () => {
  await pulse.start(about);
  await threads[0]?.terminate();
  await vi.waitFor(() => expect(threads).toHaveLength(2), patience);
  const before = (await revision()) ?? 0;
  await vi.waitFor(async () => expect(await revision()).toBeGreaterThan(before + 1), patience);
  expect(problems).toEqual([
    'the thread that gives the sign of life of this process has ended; another one is started',
  ]);
});

describe('where no thread comes up', () => {
  const terminate = (thread: Worker): void => void thread.terminate();
  beforeEach(async () => {
    await pulse.stop();
    threads.splice(0);
    process.on('worker', terminate);
  });
  afterEach(() => void process.off('worker', terminate));

  it('gives up after a few, rather than to start one after the other for ever', async () => {
    const lifeless = start('data');
    await vi.waitFor(() => expect(problems.at(-1)).toMatch(/^given up: .* could not be started 5 times/), patience);
    expect(threads).toHaveLength(5);
    await expect(lifeless.start(about)).rejects.toThrow('could not be started');
    await lifeless.stop();
  });

  it('tells it to whoever waits for the first sign of life', async () => {
    const lifeless = start('data');
    await expect(lifeless.start(about)).rejects.toThrow('could not be started');
    await lifeless.stop();
    expect(problems.filter((problem) => problem.startsWith('given up'))).toEqual([]);
  });

  it('can be stopped between one thread and the next', async () => {
    const lifeless = start('data');
    await vi.waitFor(() => expect(problems).toHaveLength(1), patience);
    await lifeless.stop();
    expect(threads).toHaveLength(1);
  });

  it('starts no other when the service is gone', async () => {
    const orphan = start('data', process.pid);
    await vi.waitFor(() => expect(problems).toEqual(['orphaned']), patience);
    await orphan.stop();
    expect(threads).toHaveLength(1);
  });
});

it('does not start where the store cannot be opened', async () => {
  const noFolder = path.join(folder, 'a-file');
  writeFileSync(noFolder, '');
  const lifeless = start(noFolder);
  await expect(lifeless.start(about)).rejects.toMatchObject({ name: 'BatchyError', code: 'store-unavailable' });
  await lifeless.stop();
  expect(problems).toEqual([]);
});
