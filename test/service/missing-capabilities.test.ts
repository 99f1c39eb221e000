import { expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { executionDocument, leaseDocument } from '../../src/domain/execution-documents.ts';
import { heartbeatDocument } from '../../src/domain/heartbeat.ts';
import type { JobDefinition } from '../../src/domain/job.ts';
import { type Part, partDocument } from '../../src/domain/part.ts';
import { createConductors } from '../../src/service/conductors.ts';
import { missingCapabilities } from '../../src/service/missing-capabilities.ts';
import { documentWriter } from '../document-writer.ts';
import { executionOf } from '../domain/instance-of.ts';
import { jobOf } from '../runner/world.ts';
import { createSettableClock } from '../settable-clock.ts';

const gpuJob = jobOf([{ name: 'Step', body: { kind: 'task', run: () => undefined } }], {
  name: 'Train',
  capabilities: ['gpu', 'tape'],
}).definition;

async function store() {
  const clock = createSettableClock('2026-11-21T12:00:00');
  const stores = await createMemoryStores({ clock });
  const put = documentWriter(stores.store);
  const about = { host: 'etl-1', processId: 7, role: 'worker', concurrency: 4 } as const;
  return {
    clock,
    put,
    conductor: async (id: string, ...capabilities: string[]): Promise<void> =>
      put(heartbeatDocument({ conductor: id, at: await clock.now(), about: { ...about, capabilities } })),
    waits: async (id: number): Promise<void> =>
      put(executionDocument({ ...executionOf('STARTING'), id, jobName: 'Train', startedAt: null })),
    warnings: async (jobs: readonly JobDefinition[] = [gpuJob]): Promise<string[]> => [
      ...(await missingCapabilities(stores.documents, await createConductors(stores, 10).online(), jobs)).values(),
    ],
  };
}

it('names what an execution waits for that nobody who is online has, and the oldest that does', async () => {
  const { clock, put, conductor, waits, warnings } = await store();
  await waits(1);
  await waits(2);
  expect(await warnings(), 'nobody is online: that is told by others').toEqual([]);
  await conductor('a', 'gpu');
  await conductor('b', 'tape');
  const warning = (id: number): string =>
    `No process that is online has gpu, tape: execution ${id} (Train) waits for it. Start one on a machine that has it; batchy conductors shows what each has.`;
  expect(await warnings()).toEqual([warning(1)]);
  await put(leaseDocument({ executionId: 1, conductor: 'gone', takenAt: await clock.now() }));
  expect(await warnings()).toEqual([warning(2)]);
  await conductor('c', 'gpu', 'tape');
  expect(await warnings()).toEqual([]);
});

it('names what a part waits for, also where the jobs are not known', async () => {
  const { clock, put, conductor, warnings } = await store();
  const part: Part = {
    executionId: 3,
    jobName: 'Split',
    instanceId: 1,
    stepExecutionId: 7,
    stepName: 'Load:partition0',
    step: 'Load',
    partition: 0,
    checkpoint: null,
    queue: 'default',
    capabilities: ['gpu'],
    conductor: null,
    since: await clock.now(),
    takeovers: 0,
  };
  await put(partDocument(part));
  await conductor('a', 'tape');
  expect(await warnings([])).toEqual([
    expect.stringMatching(/^No process that is online has gpu: step Load:partition0 of execution 3 waits for it\./),
  ]);
  await conductor('b', 'gpu');
  expect(await warnings([])).toEqual([]);
});
