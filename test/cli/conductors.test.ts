import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { executionDocument } from '../../src/domain/execution-documents.ts';
import { type ConductorAbout, heartbeatDocument } from '../../src/domain/heartbeat.ts';
import { documentWriter } from '../document-writer.ts';
import { executionOf } from '../domain/instance-of.ts';
import { createSettableClock } from '../settable-clock.ts';
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

it('are examined by doctor, as far as the store knows them', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const clock = createSettableClock('2026-11-22T10:00:00');
  const stores = await createMemoryStores({ clock });
  const put = documentWriter(stores.store);
  const about: ConductorAbout = {
    host: 'etl-1',
    processId: 7,
    role: 'worker',
    concurrency: 4,
    capabilities: [],
    queues: ['reports'],
  };
  await put(heartbeatDocument({ conductor: 'a', at: await clock.now(), about }));
  await put(executionDocument({ ...executionOf('STARTING'), id: 3, queue: 'etl', startedAt: null }));
  const { out } = await runHere(['doctor', '--json'], {
    folder,
    environment: { BATCHY_DATA: folder, PORT: '0' },
    machine: { openStores: async () => stores },
  });
  const findings = JSON.parse(out) as { subject: string; verdict: string; detail: string }[];
  expect(findings.filter(({ subject }) => subject === 'conductors')).toEqual([
    { verdict: 'warn', subject: 'conductors', detail: expect.stringContaining('queue etl: execution 3 waits in it') },
  ]);
});
