import { beforeEach, describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import type { JobExecution } from '../../src/domain/execution.ts';
import { executionDocument, leaseDocument, type StateDocument } from '../../src/domain/execution-documents.ts';
import { gateDocument } from '../../src/domain/gate-text.ts';
import { conductorsIndex, heartbeatDocument } from '../../src/domain/heartbeat.ts';
import { type Part, partDocument } from '../../src/domain/part.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { createConductorRetention } from '../../src/service/conductor-retention.ts';
import { conductorWarnings } from '../../src/service/conductor-warnings.ts';
import { createConductors } from '../../src/service/conductors.ts';
import { whyHeld } from '../../src/service/queue-records.ts';
import { createQueues } from '../../src/service/queues.ts';
import { documentWriter } from '../document-writer.ts';
import { executionOf } from '../domain/instance-of.ts';
import { createManualTimers } from '../runner/manual-timers.ts';
import { jobOf } from '../runner/world.ts';
import { createSettableClock, type SettableClock } from '../settable-clock.ts';

/** What something newer, or a broken disk, has written is passed over by those who look at many: the others are seen. */

let clock: SettableClock;
let stores: Stores;
let put: (document: StateDocument) => Promise<void>;

beforeEach(async () => {
  clock = createSettableClock('2026-11-21T12:00:00');
  stores = await createMemoryStores({ clock });
  put = documentWriter(stores.store);
});

const unreadable = (document: StateDocument): StateDocument => ({ ...document, text: '{"of":"a newer version"}' });

function waiting(id: number, more: Partial<JobExecution> = {}): StateDocument {
  return executionDocument({ ...executionOf('STARTING'), id, jobName: 'Train', startedAt: null, ...more });
}

async function lease(executionId: number, conductor: string): Promise<StateDocument> {
  return leaseDocument({ executionId, conductor, takenAt: await clock.now() });
}

async function sign(conductor: string, queues: readonly string[] = []): Promise<StateDocument> {
  const about = {
    host: 'etl-1',
    processId: 7,
    role: 'worker',
    concurrency: 4,
    capabilities: ['tape'],
    queues,
  } as const;
  return heartbeatDocument({ conductor, at: await clock.now(), about });
}

async function part(stepExecutionId: number, more: Partial<Part>): Promise<StateDocument> {
  return partDocument({
    executionId: 9,
    jobName: 'Split',
    instanceId: 1,
    stepExecutionId,
    stepName: 'Load:partition0',
    step: 'Load',
    partition: 0,
    checkpoint: null,
    queue: 'default',
    capabilities: [],
    conductor: null,
    since: await clock.now(),
    takeovers: 0,
    ...more,
  });
}

describe('where one document cannot be read', () => {
  it('queues that nobody runs are told, and capabilities that nobody has', async () => {
    const train = jobOf([{ name: 'Step', body: { kind: 'task', run: () => undefined } }], {
      name: 'Train',
      capabilities: ['gpu'],
    }).definition;
    await put(unreadable(await sign('newer')));
    await put(await sign('a', ['reports']));
    await put(unreadable(waiting(1, { queue: 'etl' })));
    await put(unreadable(await lease(1, 'a')));
    await put(waiting(2, { queue: 'etl' }));
    await put(unreadable(await part(3, { capabilities: ['port'] })));
    await put(await part(4, { capabilities: ['port'] }));
    const warnings = await conductorWarnings(stores.documents, createConductors(stores, 10), [train]);
    expect(Object.fromEntries(warnings)).toEqual({
      'queue etl': expect.stringContaining('2 executions wait in it'),
      'capabilities gpu': expect.stringContaining('execution 2 (Train) waits'),
      'capabilities port': expect.stringContaining('step Load:partition0 of execution 9 waits'),
    });
  });

  it('conductors are told, with what else they own', async () => {
    await put(unreadable(await sign('newer')));
    await put(await sign('a'));
    for (const id of [1, 2]) await put(waiting(id));
    await put(unreadable(await lease(1, 'a')));
    await put(await lease(2, 'a'));
    await put(unreadable(await part(3, { conductor: 'a' })));
    await put(await part(4, { conductor: 'a' }));
    expect(await createConductors(stores, 10).list(true)).toMatchObject([
      { conductor: 'a', state: 'online', executionIds: [2], partCount: 1 },
    ]);
  });

  it('conductors that are long gone are forgotten', async () => {
    await put(unreadable(await sign('newer')));
    for (const conductor of ['gone', 'owner']) await put(await sign(conductor));
    for (const id of [1, 2]) await put(waiting(id));
    await put(unreadable(await lease(1, 'gone')));
    await put(await lease(2, 'owner'));
    clock.advance({ hours: 25 });
    const timers = createManualTimers();
    const { prune } = createConductorRetention({ ...stores, timers, operationId: () => 'forget', leaseSeconds: 10 });
    await prune();
    timers.advance(11_000);
    expect(await prune()).toBe(1);
    const left = { index: conductorsIndex, prefix: '', direction: 'ascending', beyond: null, limit: 9 } as const;
    expect(await stores.documents.scan(left)).toEqual(['newer', 'owner']);
  });

  it('queues are counted, and what has waited longest in them is the oldest that can be read', async () => {
    const begun = (id: number): StateDocument => executionDocument({ ...executionOf('STARTED'), id });
    await put(unreadable(begun(1)));
    await put(begun(2));
    await put(unreadable(waiting(3, { queue: 'etl' })));
    await put(waiting(4, { queue: 'etl', priority: 'low' }));
    await put(waiting(5, { queue: 'etl' }));
    const queues = createQueues({
      documents: stores.documents,
      commands: { runBeside: async () => Promise.reject(new Error('nothing is changed')) },
      catalog: { jobs: () => new Map() },
      onChange: () => {},
    });
    const oldestWaiting = { executionId: 4, createdAt: executionOf('STARTING').createdAt };
    expect(await queues.list()).toMatchObject([
      { name: 'default', running: 1, oldestWaiting: null },
      { name: 'etl', waiting: { normal: 2, low: 1 }, oldestWaiting },
      { name: 'all', running: 1, oldestWaiting },
    ]);
  });

  it('what waits for its place says so', async () => {
    const holder = { ...executionOf('STARTED'), id: 1, jobName: 'Train' };
    await put(unreadable(executionDocument(holder)));
    await put(gateDocument('job:Train', { holders: [1], takings: [], term: '' }));
    const waits = { ...executionOf('STARTING'), id: 2, jobName: 'Train', startedAt: null };
    expect(await whyHeld(stores.documents, waits, 1, await clock.now())).toContain('1 of 1 run');
  });
});
