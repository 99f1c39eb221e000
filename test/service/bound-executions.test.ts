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
  const commits: string[] = [];
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
        if (isRefused) throw new BatchyError('foreign-data', 'a key is of another type');
        const outcome = await stores.store.commit(asked);
        if (outcome.kind === 'committed' && asked.journal.length > 0)
          commits.push(asked.journal.map(({ type }) => type).join(', '));
        return outcome;
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
    /** What the journal says of each commit from now on. */
    commits: () => {
      const before = commits.length;
      return () => commits.slice(before);
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
  it('are not launched beside a batch that was opened by hand, and the refusal speaks of what a launch can do', async () => {
    const app = await start();
    await app.call('POST', '/open_batch/orders');
    const refused = await app.call('POST', '/jobs/Bound/launch');
    expect(refused).toMatchObject({ status: 409, json: { type: '/problems/batch-open' } });
    expect(refused.json.detail).toMatch(/supersede=true \(batchy launch --supersede\)/);
    expect(refused.json.detail).not.toContain('if_open');
    const opened = await app.call('POST', '/open_batch/orders?if_open=reject');
    expect(opened.json.detail).toMatch(/if_open=reopen/);
    expect(opened.json.detail).not.toContain('supersede');
  });

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
      json: { type: '/problems/illegal-transition', detail: expect.stringContaining('The execution is ABANDONED') },
    });
    expect(await app.status()).toBe('failed');
    const again = await app.run('Bound', {});
    expect(again.batch).toMatchObject({ from_date: batch.from_date, to_date: batch.to_date });
    expect((await app.call('GET', `/executions/${again.id}/steps`)).json).toHaveLength(1);
    expect(await app.status()).toBe('success');
  });

  it('are disowned in the commit that undoes their success, whatever part of it', async () => {
    const app = await start(two);
    const { id, batch } = await app.run('Bound', {});
    const commits = app.commits();
    const undone = `/fail_batch/orders?job=items&batch_id=${batch.batch_id}`;
    expect((await app.call('POST', undone)).status).toBe(200);
    expect(commits()).toEqual(['batch-failed, execution-changed']);
    expect(await app.status('customers')).toBe('success');
    expect((await app.call('GET', `/executions/${id}`)).json).toMatchObject({
      status: 'ABANDONED',
      exit_message: expect.stringMatching(/^batch \d+ of workflow "orders" was declared failed by \S+$/),
    });
    // Once more: the rest of the batch, of an execution that is given up already.
    expect((await app.call('POST', `/fail_batch/orders?job=customers&batch_id=${batch.batch_id}`)).status).toBe(200);
    expect(commits()).toEqual(['batch-failed, execution-changed', 'batch-failed']);
    expect(await app.run('Bound', {})).toMatchObject({
      status: 'COMPLETED',
      job_instance_id: 2,
      batch: { from_date: batch.from_date, to_date: batch.to_date },
    });
  });

  it('are left to their own end while they run, and their window is run whole by a launch all the same', async () => {
    const app = await start();
    const release = app.hold();
    const { id } = await app.launch('Bound', {});
    await vi.waitFor(async () => expect((await app.call('GET', `/executions/${id}`)).json.status).toBe('STARTED'));
    expect((await app.call('POST', '/close_batch/orders?force=true&reason=loaded by hand')).status).toBe(200);
    expect((await app.call('POST', '/fail_batch/orders?job=customers&force=true&reason=it was not')).status).toBe(200);
    expect((await app.call('GET', `/executions/${id}`)).json.status).toBe('STARTED');
    release();
    const { status, batch } = await app.ended(id);
    expect([status, await app.status()]).toEqual(['COMPLETED', 'failed']);
    expect(await app.call('POST', `/executions/${id}/restart`)).toMatchObject({
      status: 409,
      json: { type: '/problems/already-complete', execution_id: id },
    });
    const again = await app.run('Bound', {});
    expect(again).toMatchObject({ status: 'COMPLETED', job_instance_id: 2, batch: { to_date: batch.to_date } });
    expect((await app.call('GET', `/executions/${again.id}/steps`)).json).toHaveLength(1);
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
