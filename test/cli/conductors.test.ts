import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { executionDocument } from '../../src/domain/execution-documents.ts';
import { type ConductorAbout, heartbeatDocument } from '../../src/domain/heartbeat.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { documentWriter } from '../document-writer.ts';
import { executionOf } from '../domain/instance-of.ts';
import { createSettableClock, type SettableClock } from '../settable-clock.ts';
import { fakeServer } from './fake-server.ts';
import { runHere } from './in-process.ts';

it('lists conductors, and those that are long gone where they are asked for', async () => {
  const listed = { state: 'online', host: 'etl-1', role: 'worker', concurrency: 4, execution_ids: [12], part_count: 1 };
  const server = await fakeServer(() => ({ body: [{ id: 'etl-1-7-ab', ...listed }] }));
  const environment = { BATCHY_URL: server.url };
  const { out } = await runHere(['conductors'], { environment });
  expect(out).toMatch(/^etl-1-7-ab +online +etl-1 +worker +2 of 4 +12/m);
  await runHere(['conductors', '--all'], { environment });
  expect(server.requests.map(({ url }) => url)).toEqual(['/conductors', '/conductors?all=true']);
});

it('says when those that are online have read different job files', async () => {
  const listed = (id: string, version: string | null, more: object = {}) => ({
    id,
    state: 'online',
    jobs_version: version,
    draining: false,
    execution_ids: [],
    ...more,
  });
  const same = [
    listed('a', 'aaaa'),
    listed('b', 'aaaa'),
    listed('c', 'bbbb', { draining: true }),
    listed('d', 'cccc', { state: 'silent' }),
    listed('e', null),
  ];
  let answer = same;
  const server = await fakeServer(() => ({ body: answer }));
  const environment = { BATCHY_URL: server.url };
  const { out, err } = await runHere(['conductors'], { environment });
  expect(out).toMatch(/^c +online .*bbbb \(draining\)/m);
  expect(err).toBe('');
  answer = [...same, listed('f', 'dddd')];
  expect((await runHere(['conductors'], { environment })).err).toContain('aaaa by a, b; dddd by f.');
});

describe('doctor', () => {
  let clock: SettableClock;
  let stores: Stores;
  let put: ReturnType<typeof documentWriter>;
  beforeEach(async () => {
    clock = createSettableClock('2026-11-22T10:00:00');
    stores = await createMemoryStores({ clock });
    put = documentWriter(stores.store);
  });
  const about: ConductorAbout = {
    host: 'etl-1',
    processId: 7,
    role: 'worker',
    concurrency: 4,
    capabilities: [],
  };

  /** What it says of conductors. */
  async function findings(): Promise<unknown[]> {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-doctor-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { out } = await runHere(['doctor', '--json'], {
      folder,
      environment: { BATCHY_DATA: folder, PORT: '0' },
      machine: { openStores: async () => stores },
    });
    const all = JSON.parse(out) as { subject: string; verdict: string; detail: string }[];
    return all.filter(({ subject }) => subject === 'conductors');
  }
  const warning = (text: string) => ({
    verdict: 'warn',
    subject: 'conductors',
    detail: expect.stringContaining(text),
  });

  it('examines them, as far as the store knows them', async () => {
    await put(heartbeatDocument({ conductor: 'a', at: await clock.now(), about: { ...about, queues: ['reports'] } }));
    await put(executionDocument({ ...executionOf('STARTING'), id: 3, queue: 'etl', startedAt: null }));
    expect(await findings()).toEqual([warning('queue etl: execution 3 waits in it')]);
  });

  it('tells that nobody runs what waits, at once', async () => {
    expect(await findings()).toEqual([]);
    await put(executionDocument({ ...executionOf('STARTING'), id: 3, startedAt: null }));
    const nobody = warning('No process runs jobs: 1 execution waits for one, the oldest is execution 3');
    expect(await findings()).toEqual([nobody]);
    // One that was seen to end is gone, however short ago its last sign of life was.
    await put(heartbeatDocument({ conductor: 'a', at: await clock.now(), about, endedBecause: 'was ended' }));
    expect(await findings()).toEqual([nobody]);
    await put(heartbeatDocument({ conductor: 'b', at: await clock.now(), about }));
    expect(await findings()).toEqual([]);
  });
});
