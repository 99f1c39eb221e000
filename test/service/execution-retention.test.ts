import { expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { defineJob, step } from '../../src/authoring/index.ts';
import { documentChange } from '../../src/domain/execution-documents.ts';
import { heartbeatDocument, heartbeatKey } from '../../src/domain/heartbeat.ts';
import { appWithJobs } from '../acceptance/app-with-jobs.ts';

const job = defineJob({ name: 'Daily', steps: [step('Load', () => undefined)] });

/** A service that counts the instances that it asks for. */
async function start(settings: { readonly WATCH_SECONDS?: number; readonly LEASE_SECONDS?: number } = {}) {
  const read = { instances: 0 };
  const app = await appWithJobs({
    jobs: [job],
    cfg: {},
    settings: { EXECUTION_RETENTION_DAYS: 30, ...settings },
    openStores: async (clock) => {
      const stores = await createMemoryStores({ clock });
      const get: typeof stores.documents.get = (keys) => {
        read.instances += keys.filter(({ collection }) => collection === 'instance').length;
        return stores.documents.get(keys);
      };
      return { ...stores, documents: { ...stores.documents, get } };
    },
  });
  const launchDays = async (count: number): Promise<void> => {
    for (let day = 1; day <= count; day += 1) await app.run('Daily', { day });
  };
  return { ...app, read, launchDays };
}

it('costs no more for the old instances that are kept, and reaches all of them in turn', async () => {
  const app = await start();
  await app.launchDays(130);
  app.clock.advance({ hours: 24 * 31 });
  // Each is in use again, the last excepted: its old execution with the latest steps is kept.
  await app.launchDays(129);
  app.read.instances = 0;
  expect(await app.services.retention.prune()).toBe(0);
  expect(app.read.instances).toBe(60);
  let removed = 0;
  for (let rounds = 0; rounds < 2; rounds += 1) removed += await app.services.retention.prune();
  expect(removed).toBeGreaterThan(0);
  expect((await app.call('GET', '/instances/130')).status).toBe(404);
  expect((await app.call('GET', '/instances/129')).status).toBe(200);
});

it('removes so much at a time, the oldest first, until nothing is left', async () => {
  const app = await start();
  await app.launchDays(130);
  app.clock.advance({ hours: 24 * 31 });
  const removed: number[] = [];
  do removed.push(await app.services.retention.prune());
  while (removed.at(-1) !== 0);
  // Instance, key, execution, step, lease, and the note of what remains.
  expect(removed.reduce((sum, each) => sum + each, 0)).toBe(130 * 6);
  expect(Math.max(...removed)).toBeLessThan(800);
  expect((await app.call('GET', '/instances')).json).toEqual([]);
});

it('happens by itself while the service runs', async () => {
  const app = await start({ WATCH_SECONDS: 0.02, LEASE_SECONDS: 1 });
  const { id } = await app.run('Daily', {});
  await app.stores.store.commit({
    operation: { id: 'killed', fingerprint: '', answer: null, keepSeconds: 60 },
    changes: [documentChange(null, heartbeatDocument({ conductor: 'killed', at: await app.clock.now() }))],
    journal: [],
  });
  app.clock.advance({ hours: 24 * 31 });
  await app.start();
  await expect.poll(async () => (await app.call('GET', `/executions/${id}`)).status).toBe(404);
  const sign = async () => (await app.stores.documents.get([heartbeatKey('killed')]))[0];
  await expect.poll(sign, { timeout: 10_000 }).toBeNull();
});
