import { expect, it, vi } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { defineJob, step } from '../../src/authoring/index.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { documentChange } from '../../src/domain/execution-documents.ts';
import { type Part, partDocument, partKey } from '../../src/domain/part.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { appWithJobs } from '../acceptance/app-with-jobs.ts';

async function start({ tidiesNot = false } = {}) {
  let refuses = false;
  let opened: Stores | null = null;
  const job = defineJob({
    name: 'Film',
    newInstancePerLaunch: true,
    steps: [step('Cut', () => 'DONE'), step('Render', () => 'DONE', { distributed: true, capabilities: ['gpu'] })],
  });
  const plain = defineJob({ name: 'Plain', newInstancePerLaunch: true, steps: [step('Only', () => 'DONE')] });
  const app = await appWithJobs({
    jobs: [job, plain],
    openStores: async (clock) => {
      const stores = await createMemoryStores({ clock });
      const commit: Stores['store']['commit'] = async (asked) => {
        if (refuses && asked.journal.some(({ execution }) => execution?.after === 'COMPLETED'))
          throw new BatchyError('foreign-data', 'a key is of another type');
        // Conductors that tidy up come too late here.
        if (
          tidiesNot &&
          asked.journal.length === 0 &&
          asked.changes.some((each) => each.kind === 'document' && each.text === null)
        )
          return { kind: 'conflict' };
        return stores.store.commit(asked);
      };
      opened = { ...stores, store: { ...stores.store, commit } };
      return opened;
    },
    settings: { LEASE_SECONDS: 2 },
    cfg: {},
  });
  return { app, stores: () => opened as unknown as Stores, refuse: (whether: boolean) => (refuses = whether) };
}

it('says what a part waits for that nobody online can run, and is stopped all the same', async () => {
  const { app } = await start();
  const { id } = await app.launch('Film', {});
  await vi.waitFor(async () =>
    expect((await app.call('GET', `/executions/${id}`)).json.awaits).toBe(
      'a conductor with gpu for Render: none online',
    ),
  );
  expect((await app.call('GET', `/executions/${id}/steps`)).json).toMatchObject([
    { step_name: 'Cut', status: 'COMPLETED' },
  ]);
  await app.call('POST', `/executions/${id}/stop`);
  expect((await app.ended(id)).status).toBe('STOPPED');
});

it('leaves nothing to run of an execution that is recovered', async () => {
  const { app, stores, refuse } = await start({ tidiesNot: true });
  refuse(true);
  const { id } = await app.run('Plain', {});
  refuse(false);
  expect((await app.call('GET', `/executions/${id}`)).json.status).toBe('UNKNOWN');
  const part: Part = {
    executionId: id,
    jobName: 'Plain',
    instanceId: 1,
    stepExecutionId: 900,
    stepName: 'Only',
    step: 'Only',
    partition: null,
    checkpoint: null,
    queue: 'default',
    capabilities: ['gpu'],
    conductor: 'elsewhere',
    since: 0n,
    takeovers: 0,
  };
  const { store, documents } = stores();
  const operation = { id: 'offered', fingerprint: '', answer: null, keepSeconds: 60 };
  await store.commit({ operation, changes: [documentChange(null, partDocument(part))], journal: [] });
  expect(await documents.get([partKey(part)])).toMatchObject([{ revision: 1 }]);
  expect((await app.call('POST', `/executions/${id}/recover`)).status).toBe(202);
  expect(await documents.get([partKey(part)])).toEqual([null]);
});
