import { pino } from 'pino';
import { expect, test } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import {
  executionDocument,
  documentChange,
  documentKeys,
  leaseDocument,
} from '../../src/domain/execution-documents.ts';
import { decodeExecution } from '../../src/domain/execution-text.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { fixedCatalog } from './fixed-catalog.ts';
import { testApp } from './test-app.ts';

interface Taken {
  /** Its conductor; `null`: it was handed back. */
  readonly conductor: string | null;
  readonly hasBegun: boolean;
}

/** Execution 1, STARTED by a conductor that is gone, of a job whose file is there or not. @param taken `null`: by nobody yet */
async function orphanedApp(taken: Taken | null = { conductor: 'gone', hasBegun: true }) {
  const { catalog, look } = fixedCatalog({ name: 'Plain', workflow: 'orders' });
  let isThere = true;
  let stores: Stores | null = null;
  const app = await testApp({
    cfg: { orders: 'job1:\n  from_date: 2026-11-20\n' },
    openStores: async (clock) => (stores = await createMemoryStores({ clock })),
    jobSide: {
      look,
      catalog: {
        ...catalog,
        jobs: () => (isThere ? catalog.jobs() : new Map()),
        broken: () => (isThere ? [] : [{ file: 'p.ts', line: 3, column: 1, message: 'no code', jobs: ['Plain'] }]),
      },
    },
  });
  await app.call('POST', '/load_cfg/orders');
  await app.call('POST', '/jobs/Plain/launch');
  const { documents, store, clock } = stores as unknown as Stores;
  const [stored] = await documents.get([documentKeys.execution(1)]);
  const before = decodeExecution(stored?.text ?? '');
  const now = await clock.now();
  const { members } = executionDocument(before);
  const { conductor = null, hasBegun = false } = taken ?? {};
  await store.commit({
    operation: { id: 'taken', fingerprint: '', answer: null, keepSeconds: 60 },
    changes: [
      ...(taken === null ? [] : [documentChange(null, leaseDocument({ executionId: 1, conductor, takenAt: now }))]),
      documentChange(
        { revision: stored?.revision ?? 0, members },
        executionDocument(hasBegun ? { ...before, status: 'STARTED', startedAt: now } : before),
      ),
    ],
    journal: [],
  });
  return {
    ...app,
    remove: () => (isThere = false),
    execution: async () => (await app.call('GET', '/executions/1')).json,
    batch: async () => (await app.call('GET', '/get_status/orders')).json.job1.status,
  };
}

test('an execution of a job whose file is broken says what is awaited, and a stop ends it and its batch', async () => {
  const app = await orphanedApp();
  expect(await app.execution()).toMatchObject({ status: 'STARTED', awaits: null });
  app.remove();
  expect((await app.execution()).awaits).toBe(
    'its job: jobs/p.ts:3, which should define "Plain", is broken: no code. Mend that, or end the execution by a stop',
  );
  expect(await app.call('POST', '/executions/1/stop')).toMatchObject({ status: 202, json: { status: 'STOPPED' } });
  expect(await app.execution()).toMatchObject({ status: 'STOPPED', awaits: null });
  expect(await app.batch()).toBe('failed');
});

test('one that was STOPPING when its job’s file went is ended by another stop', async () => {
  const app = await orphanedApp();
  // As long as the file is there, whoever takes it over stops it.
  expect((await app.call('POST', '/executions/1/stop')).json).toMatchObject({ status: 'STOPPING' });
  app.remove();
  expect((await app.execution()).awaits).toContain('jobs/p.ts');
  expect((await app.call('POST', '/executions/1/stop')).json).toMatchObject({ status: 'STOPPED' });
});

test('a recover ends it as well', async () => {
  const app = await orphanedApp();
  app.remove();
  expect((await app.call('POST', '/executions/1/recover')).status).toBe(202);
  expect(await app.execution()).toMatchObject({ status: 'FAILED' });
  expect(await app.batch()).toBe('failed');
});

test.each<Taken>([
  { conductor: null, hasBegun: true },
  { conductor: 'gone', hasBegun: false },
])('a recover ends one that somebody has had (%j)', async (taken) => {
  const app = await orphanedApp(taken);
  expect(await app.call('POST', '/executions/1/recover')).toMatchObject({ status: 202, json: { status: 'FAILED' } });
  expect(await app.batch()).toBe('failed');
});

test.each<Taken | null>([null, { conductor: null, hasBegun: false }])(
  'a recover of one that only waits (%j) is refused and says to stop it',
  async (taken) => {
    const app = await orphanedApp(taken);
    const before = await app.execution();
    const refused = await app.call('POST', '/executions/1/recover');
    expect(refused).toMatchObject({ status: 409, json: { type: '/problems/illegal-transition', event: 'recover' } });
    expect(refused.json.detail).toMatch(/Execution 1 only waits: .* stop it\./);
    expect(await app.execution()).toEqual(before);
    expect(await app.batch()).toBe('open');
    expect((await app.call('POST', '/executions/1/stop')).json).toMatchObject({ status: 'STOPPED' });
  },
);

test.each([
  [{ WORKER: false }, 'WORKER=0'],
  [{ WORKER: true }, 'GET /jobs lists those that are broken'],
])(
  'a service without a process that runs jobs (%j) tells of what waits, in the log and where it is asked',
  async (worker, why) => {
    const lines: string[] = [];
    const logger = pino(
      { level: 'warn' },
      { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) },
    );
    const { catalog, look } = fixedCatalog({ name: 'Plain' });
    let isThere = true;
    const app = await testApp({
      logger,
      settings: { ...worker, PORT: 0, LEASE_SECONDS: 1, WATCH_SECONDS: 0.02 },
      jobSide: { look, catalog: { ...catalog, jobs: () => (isThere ? catalog.jobs() : new Map()) } },
    });
    await app.call('POST', '/jobs/Plain/launch');
    isThere = false;
    await app.start();
    const lastWarning = async (): Promise<string> =>
      (await app.call('GET', '/health/ready')).json.warnings.findLast(Boolean);
    await expect.poll(lastWarning, { timeout: 10_000 }).toContain('execution 1 (Plain, STARTING)');
    const warning = await lastWarning();
    expect(warning).toContain(why);
    expect(lines.filter((line) => line === warning)).toHaveLength(1);
  },
);
