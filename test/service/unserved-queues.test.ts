import { expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import type { JobExecution } from '../../src/domain/execution.ts';
import { executionDocument } from '../../src/domain/execution-documents.ts';
import { heartbeatDocument } from '../../src/domain/heartbeat.ts';
import { createConductors } from '../../src/service/conductors.ts';
import { unservedQueues } from '../../src/service/unserved-queues.ts';
import { documentWriter } from '../document-writer.ts';
import { executionOf } from '../domain/instance-of.ts';
import { createSettableClock } from '../settable-clock.ts';

async function store() {
  const clock = createSettableClock('2026-11-21T12:00:00');
  const stores = await createMemoryStores({ clock });
  const put = documentWriter(stores.store);
  const about = { host: 'etl-1', processId: 7, role: 'worker', concurrency: 4, capabilities: [] } as const;
  return {
    clock,
    conductor: async (id: string, queues?: readonly string[]): Promise<void> => {
      const at = await clock.now();
      await put(heartbeatDocument({ conductor: id, at, about: queues === undefined ? about : { ...about, queues } }));
    },
    waits: async (id: number, more: Partial<JobExecution>): Promise<void> =>
      put(executionDocument({ ...executionOf('STARTING'), id, startedAt: null, ...more })),
    warnings: async (...names: string[]): Promise<string[]> => [
      ...(await unservedQueues(stores.documents, await createConductors(stores, 10).online(), names)).values(),
    ],
  };
}

it('names the queues in which something waits and that all who are online leave out, and what to do', async () => {
  const { clock, conductor, waits, warnings } = await store();
  await waits(1, { queue: 'etl' });
  await waits(2, { queue: 'etl', notBefore: await clock.now() });
  await waits(3, { queue: 'reports' });
  await waits(4, {});
  await waits(5, { queue: 'begun', ...executionOf('STARTED'), id: 5 });
  expect(await warnings(), 'nobody is online: that is told by others').toEqual([]);
  await conductor('a', ['reports']);
  expect(await warnings()).toEqual([
    'No process that is online runs queue default: execution 4 waits in it. Start one with QUEUES=default, or without QUEUES; batchy conductors shows which queues each runs.',
    'No process that is online runs queue etl: 2 executions wait in it, execution 1 among them. Start one with QUEUES=etl, or without QUEUES; batchy conductors shows which queues each runs.',
  ]);
  await conductor('b', ['default', 'nightly']);
  expect(await warnings()).toEqual([expect.stringContaining('queue etl')]);
  await conductor('c');
  expect(await warnings()).toEqual([]);
});

it('finds a queue that a job names behind very much that waits elsewhere', async () => {
  const { conductor, waits, warnings } = await store();
  for (let id = 1; id <= 500; id += 1) await waits(id, { queue: 'reports' });
  await waits(501, { queue: 'etl' });
  await conductor('a', ['reports']);
  expect(await warnings('etl', 'etl', 'empty')).toEqual([expect.stringContaining('queue etl: execution 501 waits')]);
});
