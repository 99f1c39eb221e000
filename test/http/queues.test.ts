import { describe, expect, it } from 'vitest';

import { documentKeys, leaseDocument, documentChange } from '../../src/domain/execution-documents.ts';
import { gateDocument, queueBookKey, readQueueBook } from '../../src/domain/gate-text.ts';
import { rulesFor } from '../../src/domain/queue-settings.ts';
import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { fixedCatalog } from './fixed-catalog.ts';
import { testApp } from './test-app.ts';

/** Nothing runs what is launched, so each execution waits. */
async function queuesApp() {
  const opened = Promise.withResolvers<Stores>();
  const app = await testApp({
    start: '2026-11-22T10:00:00',
    async openStores(clock) {
      opened.resolve(await createMemoryStores({ clock }));
      return opened.promise;
    },
    jobSide: fixedCatalog(
      { name: 'Plain' },
      { name: 'Etl', queue: 'etl', maxRunning: 2 },
      { name: 'Low', queue: 'etl', priority: 'low' },
    ),
  });
  const stores = await opened.promise;
  let parameter = 0;
  const launch = async (job: string, query = ''): Promise<number> => {
    parameter += 1;
    const { json } = await app.call('POST', `/jobs/${job}/launch${query}`, { body: { n: parameter } });
    return json.execution_id as number;
  };
  const put = async (change: Parameters<typeof stores.store.commit>[0]['changes'][number]): Promise<void> => {
    const operation = { id: crypto.randomUUID(), fingerprint: '', answer: null, keepSeconds: 60 };
    await stores.store.commit({ operation, changes: [change], journal: [] });
  };
  const awaits = async (id: number): Promise<unknown> => (await app.call('GET', `/executions/${id}`)).json.awaits;
  return { ...app, stores, launch, put, awaits };
}

const none = { very_high: 0, high: 0, normal: 0, low: 0, very_low: 0 };
const typeOf = (called: { json: { type?: string } }): string => called.json.type?.replace('/problems/', '') ?? '';

describe('queues', () => {
  it('are those that jobs name, with what waits in them, and all together', async () => {
    const { call, launch } = await queuesApp();
    await launch('Plain', '?priority=very_high');
    for (const job of ['Plain', 'Low', 'Etl', 'Etl']) await launch(job);
    await launch('Etl', '?delay_seconds=60');
    const oldest = (id: number) => ({
      execution_id: id,
      create_time: expect.stringMatching(/^2026-11-22T10:00/) as string,
    });
    const unlimited = { concurrency: null, rate: null, paused: null, running: 0 };
    const { json } = await call('GET', '/queues');
    expect(json).toEqual([
      {
        name: 'default',
        ...unlimited,
        waiting: { ...none, very_high: 1, normal: 1 },
        delayed: 0,
        oldest_waiting: oldest(1),
      },
      { name: 'etl', ...unlimited, waiting: { ...none, normal: 2, low: 1 }, delayed: 1, oldest_waiting: oldest(3) },
      {
        name: 'all',
        ...unlimited,
        waiting: { ...none, very_high: 1, normal: 3, low: 1 },
        delayed: 1,
        oldest_waiting: oldest(1),
      },
    ]);
    const one = await call('GET', '/queues/etl');
    expect(one.json).toEqual((json as unknown as unknown[])[1]);
    expect(one.headers['etag']).toMatch(/^"/);
  });

  it('are limited, and no more; what is left out stays as it is', async () => {
    const { call } = await queuesApp();
    const rate = { max: 10, seconds: 60 };
    const limit = (body: object, headers = {}) => call('PUT', '/queues/etl', { body, headers });
    const first = await limit({ concurrency: 4 });
    expect([first.status, first.json]).toEqual([200, { name: 'etl', concurrency: 4, rate: null, paused: null }]);
    const stale = { 'if-match': String(first.headers['etag']) };
    expect((await limit({ rate })).json).toMatchObject({ concurrency: 4, rate });
    expect(typeOf(await limit({ concurrency: 1 }, stale))).toBe('precondition-failed');
    const now = { 'if-match': String((await call('GET', '/queues/etl')).headers['etag']) };
    expect((await limit({ concurrency: null }, now)).json).toMatchObject({ concurrency: null, rate });
    expect((await limit({ rate: null })).json).toEqual({ name: 'etl', concurrency: null, rate: null, paused: null });
  });

  it('are limited anew each time, also while the clock shows the same', async () => {
    const { call, clock, stores } = await queuesApp();
    const terms = new Set<string | undefined>();
    for (const concurrency of [1, 2, null, 1, null, 1]) {
      clock.set('2026-11-22T10:00:00');
      await call('PUT', '/queues/etl', { body: { concurrency } });
      const [book] = await stores.documents.get([queueBookKey]);
      const [rule] = rulesFor({ name: 'Low' }, 'etl', readQueueBook(book?.text ?? ''));
      if (concurrency !== null) terms.add(rule?.term);
    }
    expect(terms.size, 'that of 1 and 2 is the same').toBe(3);
  });

  it.each([
    [{ concurrency: 0 }, '/concurrency'],
    [{ concurrency: 1.5 }, '/concurrency'],
    [{ rate: { max: 10 } }, '/rate'],
    [{ rate: { max: 0, seconds: 60 } }, '/rate/max'],
    [{ rate: { max: 1, seconds: 1e9 } }, '/rate/seconds'],
    [{ limit: 3 }, '/limit'],
  ])('are not limited by %j', async (body, pointer) => {
    const { call, everything } = await queuesApp();
    const before = await everything();
    const refused = await call('PUT', '/queues/etl', { body });
    expect([refused.status, typeOf(refused)]).toEqual([422, 'invalid-body']);
    expect((refused.json.errors as { pointer: string }[])[0]?.pointer).toContain(pointer);
    expect(await everything()).toBe(before);
  });

  it('are paused with a reason and resumed, which twice is once; a slip of the pen pauses nothing', async () => {
    const { call, stores } = await queuesApp();
    const paused = await call('POST', '/queues/etl/pause', { body: { reason: 'the target moves' } });
    expect(paused.json).toMatchObject({ name: 'etl', paused: { by: 'anonymous', reason: 'the target moves' } });
    expect((await call('POST', '/queues/etl/pause', { body: { reason: 'the target moves' } })).json).toEqual(
      paused.json,
    );
    expect((await call('POST', '/queues/etl/resume')).json).toMatchObject({ paused: null });
    expect((await call('POST', '/queues/etl/resume')).json).toMatchObject({ paused: null });
    expect((await call('POST', '/queues/all/pause')).json).toMatchObject({ name: 'all', paused: { reason: null } });
    for (const name of ['elt', 'a%20b', 'x'.repeat(61)])
      expect(typeOf(await call('POST', `/queues/${name}/pause`))).toBe('unknown-queue');
    expect((await call('GET', '/queues/elt')).json.detail).toContain('default, etl, all');
    for (const body of [{ reason: '' }, { why: 'x' }, []])
      expect(typeOf(await call('POST', '/queues/etl/pause', { body }))).toBe('invalid-body');
    const entries = await stores.journal.read({ workflow: null, direction: 'ascending', beyond: null, limit: 100 });
    expect(entries.map(({ entry }) => [entry.type, entry.by, entry.reason])).toEqual([
      ['queue-changed', 'anonymous', 'pause of queue etl: the target moves'],
      ['queue-changed', 'anonymous', 'resumption of queue etl'],
      ['queue-changed', 'anonymous', 'pause of all queues'],
    ]);
  });

  it('are what an execution waits for: so its awaits says', async () => {
    const { call, launch, awaits, put, clock } = await queuesApp();
    const ids = [await launch('Etl'), await launch('Etl'), await launch('Etl')];
    const last = ids[2] as number;
    expect(await awaits(last)).toBeNull();
    await put(documentChange(null, gateDocument('job:Etl', { holders: ids.slice(0, 2), takings: [], term: '' })));
    expect(await awaits(last)).toBe('job Etl: 2 of 2 run');
    // Who holds a place waits for none.
    expect(await awaits(ids[0] as number)).toBeNull();
    await call('POST', `/executions/${ids[0]}/stop`);
    expect(await awaits(last)).toBeNull();
    await call('PUT', '/queues/etl', { body: { rate: { max: 1, seconds: 60 } } });
    const taken = clock.peek();
    await put(documentChange(null, gateDocument('queue:etl', { holders: [], takings: [taken], term: '' })));
    clock.advance({ seconds: 48 });
    expect(await awaits(last)).toBe('queue etl: rate 1 per 60 s: at the earliest in 12 s');
    await call('POST', '/queues/all/pause', { body: { reason: 'night' } });
    await call('POST', '/queues/etl/pause');
    expect(await awaits(last)).toBe('queue etl is paused by anonymous');
    await call('POST', '/queues/etl/resume');
    await call('PUT', '/queues/etl', { body: { rate: null } });
    expect(await awaits(last)).toBe('all queues are paused by anonymous: night');
    const later = await launch('Plain', '?not_before=2026-11-23');
    expect(await awaits(later)).toBe('its time: it is not begun before 2026-11-23T00:00:00.000000');
    // What somebody has waits for nothing.
    const lease = leaseDocument({ executionId: last, conductor: 'c', takenAt: taken });
    await put(documentChange(null, { ...lease, ...documentKeys.lease(last) }));
    expect(await awaits(last)).toBeNull();
  });
});
