import { describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { put } from '../contract/fixtures.ts';
import { fakeJobs } from './fake-jobs.ts';
import {
  exampleConfiguration,
  exampleRequest,
  fetchDocument,
  operationsOf,
  prepareExamples,
} from './openapi-requests.ts';
import { type TestApp, testApp } from './test-app.ts';

/** A workflow that another program has changed since we looked: whoever reads its status takes that over. */
async function changedByOthers(): Promise<TestApp> {
  let opened: Stores | null = null;
  const app = await testApp({
    openStores: async (clock) => (opened = await createMemoryStores({ clock })),
    cfg: exampleConfiguration,
    services: fakeJobs().services,
  });
  await prepareExamples(app);
  const stores = opened as Stores | null;
  if (stores === null) throw new Error('no store was opened');
  const { head, ledger } = await stores.reader.load('orders');
  const maps = [...(head ?? [])].map(([job, text]): [string, string] => [
    job,
    JSON.stringify({ ...(JSON.parse(text) as object), status: 'open', batch_id: 77, batch_end: null }),
  ]);
  await put(stores, { name: 'orders', head: new Map(maps), ledger: ledger ?? '' });
  return app;
}

describe.each(['HEAD', 'OPTIONS'] as const)('%s', (method) => {
  it('leaves what is stored as it was, to the byte, whatever the route', async () => {
    const app = await changedByOthers();
    const before = await app.everything();
    const urls = new Set(operationsOf(await fetchDocument(app)).map((operation) => exampleRequest(operation).url));
    const answered: string[] = [];
    for (const url of urls) {
      const { status, text } = await app.call(method, url);
      expect(status, url).toBeLessThan(500);
      if (method === 'HEAD') expect(text).toBe('');
      if (status === 200) answered.push(url.split('?')[0] ?? '');
    }
    expect(await app.everything()).toBe(before);
    if (method === 'HEAD') expect(answered).toContain('/get_status/orders');
    // What is asked for with GET is taken over: there was something to be left alone.
    await app.call('GET', '/get_status/orders');
    expect(await app.everything()).not.toBe(before);
  });
});
