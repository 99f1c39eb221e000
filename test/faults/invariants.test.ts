import { describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import type { Commit, CommitOutcome, StoredWorkflowChange } from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { testApp, type TestApp } from '../http/test-app.ts';
import { brokenInvariants } from './invariants.ts';

type CommitWith = (commit: Commit, store: Stores['store'], reader: Stores['reader']) => Promise<CommitOutcome>;

/** The whole service on a store with a planted bug. */
async function withBug(commitWith: CommitWith): Promise<TestApp> {
  return testApp({
    cfg: { wf1: 'job1:\n  from_date: 2026-01-01\njob2: {}\n' },
    openStores: async (clock) => {
      const stores = await createMemoryStores({ clock });
      return { ...stores, store: { commit: (commit) => commitWith(commit, stores.store, stores.reader) } };
    },
  });
}

function workflowsOf({ changes }: Commit): StoredWorkflowChange[] {
  return changes.filter((change) => change.kind === 'workflow');
}

const honest: CommitWith = (commit, store) => store.commit(commit);

/** A commit as if it had been computed from what is stored now, whatever it was computed from. */
const withoutCompare: CommitWith = async (commit, store, reader) => {
  const changes = await Promise.all(
    workflowsOf(commit).map(async (change) => ({ ...change, expected: await reader.peek(change.name) })),
  );
  return store.commit({ ...commit, changes });
};

/** Two servers, whose clients do not wait for one another. */
async function race(app: TestApp, other: TestApp): Promise<void> {
  await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      (index % 2 === 0 ? app : other).call('POST', index % 3 === 0 ? '/close_batch/wf1' : '/open_batch/wf1'),
    ),
  );
}

async function live(app: TestApp): Promise<void> {
  const call = async (url: string): Promise<void> => {
    const { status, text } = await app.call('POST', url);
    expect(status, text).toBe(200);
    app.clock.advance({ hours: 1 });
  };
  await call('/load_cfg/wf1');
  await call('/open_batch/wf1');
  await call('/open_batch/wf1?job=job1');
  await call('/close_batch/wf1?job=job1');
  await call('/fail_batch/wf1?job=job2');
  await call('/open_batch/wf1');
  await call('/close_batch/wf1');
  await call('/open_batch/wf1');
}

describe('the checker of invariants', () => {
  it('finds nothing wrong with an honest store', async () => {
    const app = await withBug(honest);
    await live(app);
    expect(await brokenInvariants(app.stores, 'wf1')).toEqual([]);
    await app.call('POST', '/load_cfg/wf1?force=true');
    await app.call('PATCH', '/workflows/wf1/jobs/job1', {
      body: { set: { from_date: '2026-01-01' }, reason: 'again' },
      headers: { 'if-match': '*' },
    });
    await app.call('POST', '/workflows/wf1/backfill', { body: { from: '2025-01-01', to: '2025-02-01' } });
    await app.call('POST', '/open_batch/wf1');
    await app.call('DELETE', '/workflows/wf1?confirm=wf1&force=true');
    await app.call('POST', '/load_cfg/wf1');
    expect(await brokenInvariants(app.stores, 'wf1')).toEqual([]);
  });

  it('finds a compare that was dropped, where two servers race', async () => {
    const stores = await createMemoryStores({ clock: (await withBug(honest)).clock });
    const shared = {
      ...stores,
      store: { commit: (commit: Commit) => withoutCompare(commit, stores.store, stores.reader) },
    };
    const cfg = { wf1: 'job1: {}\n' };
    const [one, other] = [
      await testApp({ cfg, openStores: async () => shared }),
      await testApp({ cfg, openStores: async () => shared }),
    ];
    await one.call('POST', '/load_cfg/wf1');
    await race(one, other);
    expect(await brokenInvariants(stores, 'wf1')).not.toEqual([]);
  });

  it.each<readonly [string, CommitWith]>([
    ['a journal that is not written', (commit, store) => store.commit({ ...commit, journal: [] })],
    [
      'records that are not written',
      (commit, store) =>
        store.commit({ ...commit, changes: workflowsOf(commit).map((change) => ({ ...change, records: [] })) }),
    ],
    [
      'a superseded batch that stays open',
      (commit, store) =>
        store.commit({
          ...commit,
          changes: workflowsOf(commit).map((change) => ({ ...change, records: change.records.slice(-1) })),
        }),
    ],
    [
      'copies that are not written',
      (commit, store) =>
        store.commit({
          ...commit,
          changes: workflowsOf(commit).map((change) => ({
            ...change,
            records: change.records.map((record) => ({
              ...record,
              jobs: new Map([...record.jobs].map(([job, write]) => [job, { ...write, copy: null }])),
            })),
          })),
        }),
    ],
    [
      'a listing that is not kept',
      (commit, store) =>
        store.commit({
          ...commit,
          changes: workflowsOf(commit).map((change) => ({
            ...change,
            listing: { ...change.listing, status: 'new' as const },
          })),
        }),
    ],
    [
      'a head that is not written',
      async (commit, store, reader) => {
        if (commit.journal[0]?.type !== 'batch-closed') return store.commit(commit);
        const changes = await Promise.all(
          workflowsOf(commit).map(async (change) => ({ ...change, head: (await reader.peek(change.name)).head })),
        );
        return store.commit({ ...commit, changes });
      },
    ],
    [
      'the effect of a batch that was opened twice',
      async (commit, store) => {
        const outcome = await store.commit(commit);
        const [entry] = commit.journal;
        if (entry?.type === 'batch-opened')
          await store.commit({
            operation: { ...commit.operation, id: `${commit.operation.id}-again` },
            changes: [],
            journal: [entry],
          });
        return outcome;
      },
    ],
    [
      'a window that begins where it should not: from_date = now after a failure',
      (commit, store) => {
        const moved = commit.journal.map((entry) =>
          entry.type === 'batch-opened'
            ? {
                ...entry,
                jobs: entry.jobs.map((job) =>
                  job.before?.status === 'failed' && job.after?.until
                    ? { ...job, after: { ...job.after, fromDate: job.after.until - 1000n } }
                    : job,
                ),
              }
            : entry,
        );
        return store.commit({ ...commit, journal: moved });
      },
    ],
  ])('finds %s', async (_name, bug) => {
    const app = await withBug(bug);
    await live(app);
    expect(await brokenInvariants(app.stores, 'wf1')).not.toEqual([]);
  });

  it('finds a journal that is a commit of its own, lost in between', async () => {
    let commits = 0;
    const app = await withBug(async (commit, store) => {
      const outcome = await store.commit({ ...commit, journal: [] });
      // The process dies after the first of its two commits, once.
      if ((commits += 1) !== 3)
        await store.commit({
          operation: { ...commit.operation, id: `${commit.operation.id}-journal` },
          changes: [],
          journal: commit.journal,
        });
      return outcome;
    });
    await live(app);
    expect(await brokenInvariants(app.stores, 'wf1')).not.toEqual([]);
  });

  it('finds what was acknowledged and is not there, and what took effect twice', async () => {
    const app = await withBug(honest);
    await live(app);
    expect(await brokenInvariants(app.stores, 'wf1', [{ type: 'batch-opened', batchId: 5 }])).toEqual([
      'batch-opened of 5 was acknowledged and took effect 0 times',
    ]);
  });
});
