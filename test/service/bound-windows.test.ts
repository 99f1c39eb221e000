import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { defineJob, step } from '../../src/authoring/index.ts';
import { appWithJobs, type OpenStores } from '../acceptance/app-with-jobs.ts';

const stores: Readonly<Record<string, () => OpenStores>> = {
  memory: () => (clock) => createMemoryStores({ clock }),
  SQLite: () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-windows-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return (clock) => createSqliteStores({ file: path.join(folder, 'batchy.db'), clock });
  },
};

/** A bound job of two steps; the one that is named fails. */
async function start(openStores: OpenStores, settings = '') {
  let failing = '';
  let ran: string[] = [];
  let gate: PromiseWithResolvers<void> | null = null;
  const bound = defineJob({
    name: 'Bound',
    workflow: 'orders',
    parameters: { chunk: { type: 'integer', identifying: false } },
    steps: ['Load', 'Publish'].map((name) =>
      step(name, async (ctx) => {
        ran.push([name, ctx.parameters['region']].filter(Boolean).join(' '));
        if (name === 'Publish') await gate?.promise;
        if (failing === name) throw new Error('the database is away');
      }),
    ),
  });
  const app = await appWithJobs({
    jobs: [bound],
    openStores,
    cfg: { orders: `customers:\n  from_date: "2026-01-01"\n${settings}` },
  });
  await app.call('POST', '/load_cfg/orders');
  return {
    ...app,
    /** Nothing is published until it is told. */
    hold: () => {
      const held = (gate = Promise.withResolvers<void>());
      return () => held.resolve();
    },
    fail: (name: string) => (failing = name),
    /** The steps that ran since it was asked last. */
    ran: () => {
      const before = ran;
      ran = [];
      return before;
    },
    customers: async () => (await app.call('GET', '/get_status/orders')).json.customers,
    /** Loads the window by hand, and declares afterwards that it was not. @returns the batch */
    async loadAndUndo() {
      const opened = (await app.call('POST', '/open_batch/orders')).json.customers;
      expect((await app.call('POST', `/close_batch/orders?batch_id=${opened.batch_id}`)).status).toBe(200);
      const undone = await app.call('POST', `/fail_batch/orders?batch_id=${opened.batch_id}&reason=half is missing`);
      expect(undone.status).toBe(200);
      return opened;
    },
  };
}

describe.each(Object.entries(stores))('windows of bound jobs on %s', (_name, store) => {
  it('are not shared by values of a parameter that would identify: its launch is refused', async () => {
    const app = await start(store());
    app.fail('Publish');
    for (const body of [
      { region: 'EU' },
      { region: { value: 'EU', identifying: true } },
      { chunk: { value: 5, identifying: true } },
    ]) {
      const refused = await app.call('POST', '/jobs/Bound/launch', { body });
      expect(refused).toMatchObject({
        status: 422,
        json: { type: '/problems/invalid-parameters', errors: [{ pointer: `/${Object.keys(body)[0]}` }] },
      });
    }
    expect((await app.call('GET', '/executions')).json).toEqual([]);
    expect((await app.customers()).status).toBeUndefined();
    // What says that it does not identify is passed on.
    app.fail('');
    const taken = await app.run('Bound', { region: { value: 'EU', identifying: false }, chunk: 5 });
    expect(taken.status).toBe('COMPLETED');
    expect(app.ran()).toEqual(['Load EU', 'Publish EU']);
  });

  it('are run whole once a success of theirs was declared failed, whoever had it', async () => {
    const app = await start(store());
    app.fail('Publish');
    const first = await app.run('Bound');
    expect(first).toMatchObject({ status: 'FAILED', job_instance_id: 1 });
    const byHand = await app.loadAndUndo();
    expect(byHand.to_date).toBe(first.batch.to_date);
    const plan = (await app.call('GET', `/executions/${first.id}/restart-plan`)).json;
    expect(plan.map(({ action }: { action: string }) => action)).toEqual(['run', 'run']);
    expect(await app.call('POST', `/executions/${first.id}/restart`)).toMatchObject({
      status: 409,
      json: { type: '/problems/abandoned', execution_id: first.id },
    });
    app.ran();
    const second = await app.run('Bound');
    expect(second).toMatchObject({
      status: 'FAILED',
      job_instance_id: 2,
      batch: { from_date: first.batch.from_date, to_date: first.batch.to_date },
    });
    expect(app.ran()).toEqual(['Load', 'Publish']);
    // What this one has done is not in doubt.
    app.fail('');
    expect(await app.run('Bound')).toMatchObject({ status: 'COMPLETED', job_instance_id: 2 });
    expect(app.ran()).toEqual(['Publish']);
    expect((await app.customers()).status).toBe('success');
  });

  it('are run whole although somebody opened and failed them once more in between', async () => {
    const app = await start(store());
    app.fail('Publish');
    await app.run('Bound');
    await app.loadAndUndo();
    await app.call('POST', '/open_batch/orders');
    await app.call('POST', '/fail_batch/orders');
    app.ran();
    app.fail('');
    expect(await app.run('Bound')).toMatchObject({ status: 'COMPLETED', job_instance_id: 2 });
    expect(app.ran()).toEqual(['Load', 'Publish']);
  });

  it('are run whole although an execution of theirs still ran when their success was declared failed', async () => {
    const app = await start(store());
    app.fail('Publish');
    const release = app.hold();
    const { id } = await app.launch('Bound');
    await vi.waitFor(() => expect(app.ran()).toContain('Publish'));
    expect((await app.call('POST', '/close_batch/orders?force=true&reason=by hand')).status).toBe(200);
    expect((await app.call('POST', '/fail_batch/orders?job=customers&force=true&reason=it was not')).status).toBe(200);
    release();
    expect((await app.ended(id)).status).toBe('FAILED');
    app.fail('');
    expect(await app.run('Bound')).toMatchObject({ status: 'COMPLETED', job_instance_id: 2 });
    expect(app.ran()).toEqual(['Load', 'Publish']);
  });

  it('that a backfill loads are so as well; other backfills are restarted as ever', async () => {
    const app = await start(store());
    const backfilled = { from_date: '2025-01-01', to_date: '2025-01-02' };
    const other = { from_date: '2025-01-02', to_date: '2025-01-03' };
    app.fail('Publish');
    await app.run('Bound', backfilled);
    await app.run('Bound', other);
    const opened = await app.call('POST', '/workflows/orders/backfill', {
      body: { from: '2025-01-01', to: '2025-01-02', reason: 'by hand' },
    });
    expect(opened.status).toBe(201);
    const { batch_id: id } = opened.json.customers;
    expect((await app.call('POST', `/close_batch/orders?batch_id=${id}`)).status).toBe(200);
    expect((await app.call('POST', `/fail_batch/orders?batch_id=${id}&reason=it was not`)).status).toBe(200);
    app.ran();
    app.fail('');
    expect(await app.run('Bound', other)).toMatchObject({ status: 'COMPLETED', job_instance_id: 2 });
    expect(app.ran()).toEqual(['Publish']);
    expect(await app.run('Bound', backfilled)).toMatchObject({ status: 'COMPLETED', job_instance_id: 3 });
    expect(app.ran()).toEqual(['Load', 'Publish']);
  });

  it.each(['whenever', '2030-12-31'])('leave a to_date of the user as it is: %s', async (own) => {
    const app = await start(store(), `  to_date: "${own}"\n  lag_minutes: soon\n`);
    app.fail('Publish');
    const first = await app.run('Bound');
    expect(first.status).toBe('FAILED');
    app.clock.advance({ hours: 1 });
    app.fail('');
    const second = await app.run('Bound');
    // The same window all the same: nobody but us knows its end.
    expect(second).toMatchObject({ status: 'COMPLETED', job_instance_id: 1, batch: { to_date: first.batch.to_date } });
    const map = await app.customers();
    expect(map).toMatchObject({ to_date: own, lag_minutes: 'soon', status: 'success' });
    expect(map).not.toHaveProperty('emit_to_date');
    app.clock.advance({ hours: 1 });
    const next = await app.run('Bound');
    expect(next).toMatchObject({ status: 'COMPLETED', batch: { from_date: first.batch.to_date } });
    expect((await app.customers()).to_date).toBe(own);
  });

  it('end as far behind now as lag_minutes says, where it can be read as that', async () => {
    const app = await start(store(), '  to_date: whenever\n  lag_minutes: 60\n');
    app.clock.advance({ hours: 1 });
    const { batch } = await app.run('Bound');
    expect(batch.to_date < (await app.customers()).batch_start).toBe(true);
    expect((await app.customers()).to_date).toBe('whenever');
  });
});
