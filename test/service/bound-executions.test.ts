import { describe, expect, it, vi } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { defineJob, step } from '../../src/authoring/index.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { appWithJobs } from '../acceptance/app-with-jobs.ts';

const two = 'customers:\n  from_date: "2026-01-01"\nitems:\n  from_date: "2026-01-01"\n';

/** A bound job whose step fails on demand, or waits for a word. */
async function start(cfg = 'customers:\n  from_date: "2026-01-01"\n') {
  let fails = false;
  let refuses = false;
  let gate: PromiseWithResolvers<void> | null = null;
  let beats: PromiseWithResolvers<void> | null = null;
  const bound = defineJob({
    name: 'Bound',
    workflow: 'orders',
    steps: [
      step('Load', async () => {
        await gate?.promise;
        if (fails) throw new Error('the database is away');
      }),
    ],
  });
  const app = await appWithJobs({
    jobs: [bound],
    openStores: async (clock) => {
      const stores = await createMemoryStores({ clock });
      const commit: Stores['store']['commit'] = async (asked) => {
        if (asked.changes.some((each) => each.kind === 'document' && each.collection === 'conductor'))
          await beats?.promise;
        const isRefused = refuses && asked.journal.some(({ execution }) => execution?.after === 'COMPLETED');
        if (isRefused) throw new BatchyError('store-full', 'there is no room');
        return stores.store.commit(asked);
      };
      return { ...stores, store: { ...stores.store, commit } };
    },
    settings: { LEASE_SECONDS: 2 },
    cfg: { orders: cfg },
  });
  await app.call('POST', '/load_cfg/orders');
  return {
    ...app,
    fail: (whether: boolean) => (fails = whether),
    /** Nothing can be stored as COMPLETED. */
    refuse: (whether: boolean) => (refuses = whether),
    hold: () => {
      gate = Promise.withResolvers();
      return () => gate?.resolve();
    },
    /** No sign of life of the conductor is stored until it is told. */
    holdBeats: () => {
      beats = Promise.withResolvers();
      return () => beats?.resolve();
    },
    status: async (job = 'customers') => (await app.call('GET', '/get_status/orders')).json[job].status,
  };
}

describe('executions that own a batch', () => {
  it('are not restarted once their window was loaded by another, nor when they have loaded it themselves', async () => {
    const app = await start();
    app.fail(true);
    const first = await app.run('Bound', {});
    app.fail(false);
    const second = await app.run('Bound', {});
    expect(second.status).toBe('COMPLETED');
    app.clock.advance({ hours: 1 });
    for (const { id } of [first, second])
      expect(await app.call('POST', `/executions/${id}/restart`)).toMatchObject({
        status: 409,
        json: { type: '/problems/window-superseded' },
      });
    expect(await app.status()).toBe('success');
  });

  it('are not restarted where their success was undone: a launch runs the window whole', async () => {
    const app = await start();
    const { id, batch } = await app.run('Bound', {});
    const undone = await app.call('POST', `/fail_batch/orders?batch_id=${batch.batch_id}&reason=half of it is missing`);
    expect(undone.status).toBe(200);
    expect(await app.call('POST', `/executions/${id}/restart`)).toMatchObject({
      status: 409,
      json: { type: '/problems/already-complete', execution_id: id },
    });
    expect(await app.status()).toBe('failed');
    const again = await app.run('Bound', {});
    expect(again.batch).toMatchObject({ from_date: batch.from_date, to_date: batch.to_date });
    expect((await app.call('GET', `/executions/${again.id}/steps`)).json).toHaveLength(1);
    expect(await app.status()).toBe('success');
  });

  it('leave alone what somebody has declared by force', async () => {
    const app = await start();
    app.fail(true);
    const release = app.hold();
    const { id } = await app.launch('Bound', {});
    const closed = await app.call('POST', '/close_batch/orders?force=true&reason=loaded by hand');
    expect(closed.status).toBe(200);
    release();
    expect((await app.ended(id)).status).toBe('FAILED');
    expect(await app.status()).toBe('success');
  });

  it('end what is left of their batch when a part of it was taken away', async () => {
    const app = await start(two);
    const release = app.hold();
    const { id } = await app.launch('Bound', {});
    const taken = await app.call('POST', '/open_batch/orders?job=items&force=true');
    expect(taken.status).toBe(200);
    release();
    expect((await app.ended(id)).status).toBe('COMPLETED');
    expect(await app.status('customers')).toBe('success');
    expect(await app.status('items')).toBe('open');
  });

  it('fail their batch and their steps when they are recovered after nobody knew what became of them', async () => {
    const app = await start();
    app.refuse(true);
    const { id } = await app.run('Bound', {});
    expect((await app.call('GET', `/executions/${id}`)).json.status).toBe('UNKNOWN');
    app.refuse(false);
    expect(await app.call('POST', '/jobs/Bound/launch', { body: {} })).toMatchObject({
      status: 409,
      json: { type: '/problems/not-recovered' },
    });
    expect((await app.call('POST', `/executions/${id}/recover`)).status).toBe(202);
    expect(await app.status()).toBe('failed');
    expect((await app.call('GET', `/executions/${id}/steps`)).json).toMatchObject([{ status: 'FAILED' }]);
    expect(await app.run('Bound', {})).toMatchObject({ status: 'COMPLETED', job_instance_id: 1 });
  });

  it('are left to an owner who is there, and nothing else waits until that is known', async () => {
    const app = await start();
    const release = app.hold();
    const { id } = await app.launch('Bound', {});
    await vi.waitFor(async () =>
      expect(await app.call('GET', `/executions/${id}/steps`)).toMatchObject({ json: [{}] }),
    );
    const beat = app.holdBeats();
    const judged: string[] = [];
    const recovering = app
      .call('POST', `/executions/${id}/recover`)
      .then(({ status }) => judged.push(`recover ${status}`));
    expect((await app.call('POST', '/close_batch/orders?force=true&reason=loaded by hand')).status).toBe(200);
    judged.push('closed');
    beat();
    await recovering;
    expect(judged).toEqual(['closed', 'recover 409']);
    release();
    await app.ended(id);
  });
});
