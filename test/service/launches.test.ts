import { expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { defineJob, step } from '../../src/authoring/index.ts';
import type { Store } from '../../src/ports/store.ts';
import { testApp } from '../http/test-app.ts';

it('launches no more at a time than maxConcurrent says, although launches of several workflows race', async () => {
  const { definition } = defineJob({
    name: 'Bounded',
    workflow: 'orders-{{region}}',
    maxConcurrent: 2,
    parameters: { region: { type: 'string', required: true } },
    steps: [step('Load', () => undefined)],
  });
  const regions = ['eu', 'us', 'uk', 'in'];
  // All have counted before the first of them is stored.
  const all = Promise.withResolvers<void>();
  let launches = 0;
  const app = await testApp({
    cfg: Object.fromEntries(regions.map((region) => [`orders-${region}`, 'all:\n  from_date: "2026-01-01"\n'])),
    jobSide: {
      catalog: {
        ready: async () => {},
        jobs: () => new Map([['Bounded', { definition, file: 'bounded.ts', version: 'aaaaaaaaaaaa', readAt: 0n }]]),
        broken: () => [],
      },
      look: () => {},
    },
    openStores: async (clock) => {
      const stores = await createMemoryStores({ clock });
      const commit: Store['commit'] = async (asked) => {
        if (asked.journal.some(({ execution }) => execution?.after === 'STARTING')) {
          launches += 1;
          if (launches === regions.length) all.resolve();
          await all.promise;
        }
        return stores.store.commit(asked);
      };
      return { ...stores, store: { ...stores.store, commit } };
    },
  });
  for (const region of regions) await app.call('POST', `/load_cfg/orders-${region}`);
  const answers = await Promise.all(
    regions.map((region) => app.call('POST', '/jobs/Bounded/launch', { body: { region } })),
  );
  expect(answers.filter(({ status }) => status === 202)).toHaveLength(2);
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(2);
  expect(answers.find(({ status }) => status === 409)?.json.type).toBe('/problems/too-many-running');
});
