import { describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { defineJob, step } from '../../src/authoring/index.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { appWithJobs } from '../acceptance/app-with-jobs.ts';
import { fixedCatalog } from '../http/fixed-catalog.ts';
import { testApp } from '../http/test-app.ts';

const window = { from_date: '2025-01-01', to_date: '2025-01-02' };
const cfg = { orders: 'customers:\n  from_date: "2026-01-01"\n' };

/** A backfill that a job of two steps has loaded. */
async function loadedBackfill() {
  let fails = false;
  let ran: string[] = [];
  /** Done once, before the next end of a backfill is stored. */
  let meanwhile: (() => Promise<unknown>) | null = null;
  let opened: Stores | null = null;
  const bound = defineJob({
    name: 'Bound',
    workflow: 'orders',
    steps: ['First', 'Second'].map((name) =>
      step(name, () => {
        ran.push(name);
        if (fails) throw new Error('the database is away');
      }),
    ),
  });
  const app = await appWithJobs({
    jobs: [bound],
    cfg,
    settings: { EXECUTION_RETENTION_DAYS: 30 },
    openStores: async (clock) => {
      opened = await createMemoryStores({ clock });
      const { store } = opened;
      const commit: Store['commit'] = async (asked) => {
        const first = asked.journal.some(({ type }) => type === 'backfill-failed') ? meanwhile : null;
        if (first !== null) {
          meanwhile = null;
          await first();
        }
        return store.commit(asked);
      };
      return { ...opened, store: { ...store, commit } };
    },
  });
  await app.call('POST', '/load_cfg/orders');
  const { id, batch } = await app.run('Bound', window);
  const undo = async () => {
    const { status } = await app.call('POST', `/fail_batch/orders?batch_id=${batch.batch_id}`);
    expect(status).toBe(200);
  };
  return {
    ...app,
    id: id as number,
    undo,
    force: () => app.run('Bound', window, '?force=true'),
    fail: (whether: boolean) => (fails = whether),
    before: (work: () => Promise<unknown>) => (meanwhile = work),
    statusOf: async (execution: number) => (await app.call('GET', `/executions/${execution}`)).json.status,
    /** The names of the steps that a launch of the window runs. */
    runAgain: async () => {
      ran = [];
      expect((await app.run('Bound', window)).status).toBe('COMPLETED');
      return ran;
    },
    stores: opened as unknown as Stores,
  };
}

describe('the execution that loaded a window whose success is declared failed', () => {
  it('takes along a later one of its instance that has not completed: a step that it skips may be one of the disowned', async () => {
    const { id, undo, fail, force, statusOf, runAgain } = await loadedBackfill();
    fail(true);
    const forced = await force();
    fail(false);
    expect(forced.job_instance_id).toBe(1);
    await undo();
    expect([await statusOf(id), await statusOf(forced.id)]).toEqual(['ABANDONED', 'ABANDONED']);
    expect(await runAgain()).toEqual(['First', 'Second']);
  });

  it('leaves alone a later one that has loaded the window itself', async () => {
    const { id, undo, force, statusOf, runAgain } = await loadedBackfill();
    const forced = await force();
    await undo();
    expect([await statusOf(id), await statusOf(forced.id)]).toEqual(['ABANDONED', 'COMPLETED']);
    expect(await runAgain()).toEqual([]);
  });

  it('takes along one that another service launches at the same moment', async () => {
    const { id, undo, before, stores, statusOf, runAgain } = await loadedBackfill();
    const other = await testApp({
      cfg,
      jobSide: fixedCatalog({ name: 'Bound', workflow: 'orders' }),
      openStores: async () => stores,
    });
    let late: number | null = null;
    before(async () => {
      const launched = await other.call('POST', '/jobs/Bound/launch', { body: window });
      expect(launched.json).toMatchObject({ status: 'COMPLETED', job_instance_id: 1 });
      late = launched.json.execution_id as number;
    });
    await undo();
    expect(late).not.toBeNull();
    expect([await statusOf(id), await statusOf(Number(late))]).toEqual(['ABANDONED', 'ABANDONED']);
    expect(await runAgain()).toEqual(['First', 'Second']);
  });

  it('may have been forgotten: the window is run whole all the same', async () => {
    const { id, undo, clock, services, call, runAgain } = await loadedBackfill();
    clock.advance({ hours: 31 * 24 });
    expect(await services.retention.prune()).toBeGreaterThan(0);
    expect((await call('GET', `/executions/${id}`)).status).toBe(404);
    await undo();
    expect(await runAgain()).toEqual(['First', 'Second']);
  });
});
