import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { chunkStep, defineJob, functionWriter, listReader, type RunnableJob, step } from '../../src/authoring/index.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { appWithJobs, type AppWithJobs, type OpenStores } from './app-with-jobs.ts';

const day = 24;

/** What becomes of old executions, for any store: the same suite for each. */
export function retentionAcceptance(name: string, openStores: OpenStores): void {
  const start = (
    jobs: readonly RunnableJob[],
    { cfg = {}, days = 30, open = openStores }: { cfg?: Record<string, string>; days?: number; open?: OpenStores } = {},
  ): Promise<AppWithJobs> => appWithJobs({ jobs, openStores: open, cfg, settings: { EXECUTION_RETENTION_DAYS: days } });

  async function pruneAll({ services }: AppWithJobs): Promise<number> {
    for (let total = 0; ;) {
      const removed = await services.retention.prune();
      if (removed === 0) return total;
      total += removed;
    }
  }

  /** Collections of what the store holds of executions, and the indexes by which it is found. */
  async function left({ stores }: AppWithJobs): Promise<string[]> {
    const found = new Set<string>();
    for await (const item of stores.upkeep.exportAll()) {
      if (item.kind === 'document') found.add(item.collection);
      if (item.kind === 'index') found.add(item.index);
    }
    return [...found].filter((each) => !each.startsWith('conductor')).sort();
  }

  async function idsOf(app: AppWithJobs, instance: number): Promise<number[]> {
    const { json } = await app.call('GET', `/instances/${instance}/executions`);
    return json.map(({ id }: { id: number }) => id);
  }

  const skipping = (items: number) =>
    defineJob({
      name: 'Skipping',
      steps: [
        step('Remember', (ctx) => ctx.context.set('path', '/landing')),
        chunkStep('Load', {
          reader: listReader(Array.from({ length: items }, (_each, index) => index)),
          processor: () => {
            throw new Error('unreadable');
          },
          writer: functionWriter(() => undefined),
          chunkSize: 100,
          skip: { limit: items },
        }),
      ],
    });

  /** Each step fails while its name is in the set. */
  const failing = (jobName: string, fails: ReadonlySet<string>, more: { newInstancePerLaunch?: boolean } = {}) =>
    defineJob({
      name: jobName,
      ...more,
      steps: ['One', 'Two'].map((each) =>
        step(each, ({ logger }) => {
          // Only what logs something has a log of its own.
          logger.info('here');
          if (fails.has(each)) throw new Error('no');
        }),
      ),
    });

  describe(`the retention of executions on ${name}`, () => {
    it('keeps everything for ever unless it is told otherwise', async () => {
      const app = await start([failing('Plain', new Set())], { days: 0 });
      await app.run('Plain', {});
      app.clock.advance({ hours: 3650 * day });
      const before = await app.everything();
      expect(await pruneAll(app)).toBe(0);
      expect(await app.everything()).toBe(before);
    });

    it('forgets an instance whole, with all that belongs to it, and then the same parameters run again', async () => {
      const app = await start([skipping(450)]);
      const first = await app.run('Skipping', {});
      const again = await app.run('Skipping', {});
      expect((await app.call('GET', `/executions/${first.id}/skipped`)).json).not.toEqual([]);
      app.clock.advance({ hours: 29 * day });
      expect(await pruneAll(app)).toBe(0);
      app.clock.advance({ hours: 2 * day });
      // Two executions, their leases (the second ran nothing, and has none) and contexts, two steps, the instance and its key.
      expect(await pruneAll(app)).toBe(450 + 2 + 1 + 2 + 2 + 2 + 2);
      expect(await left(app)).toEqual([]);
      for (const url of [`/executions/${first.id}`, `/executions/${again.id}/steps`, `/instances/1`])
        expect((await app.call('GET', url)).status, url).toBe(404);
      expect((await app.call('GET', '/executions')).json).toEqual([]);
      const fresh = await app.run('Skipping', {});
      expect(fresh.job_instance_id).toBe(2);
      expect((await app.call('GET', `/executions/${fresh.id}/steps`)).json).toHaveLength(2);
    });

    it('keeps of an instance in use what a restart needs, and forgets its other old executions', async () => {
      const fails = new Set(['Two']);
      const app = await start([failing('Stubborn', fails)]);
      const ids: number[] = [];
      for (let launches = 0; launches < 4; launches += 1) ids.push((await app.run('Stubborn', {})).id);
      app.clock.advance({ hours: 31 * day });
      const last = await app.run('Stubborn', {});
      expect(await pruneAll(app)).toBeGreaterThan(0);
      // Step One was completed in the first.
      expect(await idsOf(app, 1)).toEqual([last.id, ids[0]]);
      expect((await app.call('GET', `/executions/${ids[0]}/steps`)).json).toHaveLength(2);
      fails.clear();
      const restarted = await app.run('Stubborn', {});
      expect(restarted).toMatchObject({ status: 'COMPLETED', job_instance_id: 1 });
      expect((await app.call('GET', `/executions/${restarted.id}/steps`)).json).toMatchObject([{ step_name: 'Two' }]);
    });

    it('leaves alone what runs, whatever it is as old as', async () => {
      const gate = Promise.withResolvers<void>();
      let waits = false;
      const slow = defineJob({
        name: 'Slow',
        steps: [
          step('Wait', async () => {
            if (!waits) throw new Error('not yet');
            await gate.promise;
          }),
        ],
      });
      const app = await start([slow]);
      const first = await app.run('Slow', {});
      waits = true;
      const { id } = await app.launch('Slow', {});
      app.clock.advance({ hours: 400 * day });
      expect(await pruneAll(app)).toBe(0);
      gate.resolve();
      expect((await app.ended(id)).status).toBe('COMPLETED');
      expect(await idsOf(app, 1)).toEqual([id, first.id]);
    });

    it('keeps what a replay still needs: while it runs, and as long as it may be restarted', async () => {
      const gate = Promise.withResolvers<void>();
      const known = new Set<number>();
      const job = defineJob({
        name: 'Prices',
        steps: [
          chunkStep('Convert', {
            reader: listReader([1, 2, 3]),
            processor: async (item: number) => {
              if (known.size > 0) await gate.promise;
              if (!known.has(item)) throw new Error('no rate');
              return item;
            },
            writer: functionWriter(() => undefined),
            skip: { limit: 3 },
          }),
        ],
      });
      const app = await start([job]);
      const { id } = await app.run('Prices', {});
      app.clock.advance({ hours: 31 * day });
      known.add(1);
      const replay = (await app.call('POST', `/executions/${id}/skipped/replay`)).json.execution_id;
      expect(await pruneAll(app)).toBe(0);
      gate.resolve();
      await app.ended(replay);
      app.clock.advance({ hours: 29 * day });
      expect(await pruneAll(app)).toBe(0);
      known.add(2);
      const second = (await app.call('POST', `/executions/${id}/skipped/replay`)).json.execution_id;
      expect(await app.ended(second)).toMatchObject({ status: 'COMPLETED' });
      expect((await app.call('GET', `/executions/${second}/steps`)).json).toMatchObject([{ write_count: 1 }]);
      app.clock.advance({ hours: 31 * day });
      await pruneAll(app);
      expect(await left(app)).toEqual([]);
    });

    it('keeps the failed window of a workflow until it has been loaded, and the batch that is shown', async () => {
      const fails = new Set(['Two']);
      const bound = defineJob({
        name: 'Bound',
        workflow: 'orders',
        steps: [
          step('One', () => undefined),
          step('Two', () => {
            if (fails.has('Two')) throw new Error('no');
          }),
        ],
      });
      const app = await start([bound], { cfg: { orders: 'customers:\n  from_date: "2026-01-01"\n' } });
      await app.call('POST', '/load_cfg/orders');
      const first = await app.run('Bound', {});
      // Somebody else tried by hand, in vain: the head shows that batch, the window is the same.
      await app.call('POST', '/open_batch/orders');
      await app.call('POST', '/fail_batch/orders');
      app.clock.advance({ hours: 400 * day });
      expect(await pruneAll(app)).toBe(0);
      fails.clear();
      const second = await app.run('Bound', {});
      expect(second).toMatchObject({ status: 'COMPLETED', job_instance_id: first.job_instance_id });
      expect((await app.call('GET', `/executions/${second.id}/steps`)).json).toMatchObject([{ step_name: 'Two' }]);
      app.clock.advance({ hours: 31 * day });
      await pruneAll(app);
      expect((await app.call('GET', `/executions/${second.id}`)).status).toBe(200);
      const third = await app.run('Bound', {});
      expect(await pruneAll(app)).toBeGreaterThan(0);
      expect((await app.call('GET', '/instances')).json).toMatchObject([{ id: third.job_instance_id }]);
    });

    it('gives no number twice to a job that numbers its launches', async () => {
      const app = await start([failing('Nightly', new Set(), { newInstancePerLaunch: true })]);
      for (let nights = 0; nights < 3; nights += 1) await app.run('Nightly', {});
      app.clock.advance({ hours: 31 * day });
      await pruneAll(app);
      expect((await app.call('GET', '/instances')).json).toMatchObject([{ id: 3 }]);
      const next = await app.run('Nightly', {});
      expect((await app.call('GET', `/instances/${next.job_instance_id}/parameters`)).json).toMatchObject([
        { key_name: 'run_id', long_value: 4 },
      ]);
    });

    /** Does something, once, right before a commit or after a reading that is told by the test. */
    async function startDisturbed(job: RunnableJob) {
      type Disturbance = { readonly when: (what: string) => boolean; readonly act: () => Promise<unknown> };
      let planned: Disturbance | null = null;
      const disturb = async (what: string): Promise<void> => {
        const now = planned;
        if (now === null || !now.when(what)) return;
        planned = null;
        await now.act();
      };
      const app = await start([job], {
        open: async (clock): Promise<Stores> => {
          const stores = await openStores(clock);
          return {
            ...stores,
            store: {
              ...stores.store,
              async commit(commit) {
                const documents = commit.changes.filter((each) => each.kind === 'document');
                for (const { collection, expected, text } of documents)
                  await disturb(`${text === null ? 'remove' : expected === null ? 'add' : 'change'} ${collection}`);
                return stores.store.commit(commit);
              },
            },
            documents: {
              scan: (page) => stores.documents.scan(page),
              reserve: (sequence, count) => stores.documents.reserve(sequence, count),
              async get(keys) {
                const found = await stores.documents.get(keys);
                for (const { collection } of keys) await disturb(`read ${collection}`);
                return found;
              },
            },
          };
        },
      });
      return {
        app,
        plan: (when: string, act: () => Promise<unknown>) => (planned = { when: (what) => what === when, act }),
      };
    }

    it('leaves an instance that is launched while it is being forgotten', async () => {
      const fails = new Set(['Two']);
      const { app, plan } = await startDisturbed(failing('Raced', fails));
      const first = await app.run('Raced', {});
      app.clock.advance({ hours: 31 * day });
      fails.clear();
      let second = { id: 0 };
      plan('remove instance', async () => (second = await app.launch('Raced', {})));
      await app.services.retention.prune();
      expect(await app.ended(second.id)).toMatchObject({ status: 'COMPLETED', job_instance_id: 1 });
      expect(await idsOf(app, 1)).toEqual([second.id, first.id]);
    });

    it.each(['change instance', 'read instance-key'])(
      'launches a new instance when the old one is forgotten under its hands (%s)',
      async (moment) => {
        const { app, plan } = await startDisturbed(failing('Raced', new Set()));
        await app.run('Raced', {});
        app.clock.advance({ hours: 31 * day });
        plan(moment, () => app.services.retention.prune());
        const second = await app.run('Raced', {});
        expect(second).toMatchObject({ status: 'COMPLETED', job_instance_id: 2 });
        expect((await app.call('GET', `/executions/${second.id}/steps`)).json).toHaveLength(2);
        expect((await app.run('Raced', {})).job_instance_id).toBe(2);
      },
    );

    it('lets one of two launches run whose instance is forgotten, and made anew, between two readings', async () => {
      const job = failing('Raced', new Set());
      const { app, plan } = await startDisturbed(job);
      // Within one process the second launch would wait for its turn.
      const upkeep = { ...app.stores.upkeep, close: async () => {} };
      const other = await start([job], { open: async () => ({ ...app.stores, upkeep }) });
      await app.run('Raced', {});
      app.clock.advance({ hours: 31 * day });
      plan('read instance-key', async () => {
        await app.services.retention.prune();
        await other.run('Raced', {});
      });
      const late = await app.run('Raced', {});
      expect(await idsOf(app, 2)).toEqual([late.id, late.id - 1]);
      expect((await app.call('GET', '/instances')).json).toHaveLength(1);
    });

    it('removes the logs, also where another machine forgot the execution, and nothing else that lies there', async () => {
      const app = await start([failing('Plain', new Set())]);
      const old = await app.run('Plain', {});
      app.clock.advance({ hours: 31 * day });
      const young = await app.run('Plain', { other: 1 });
      const folder = path.join(app.folder, 'data', 'logs');
      mkdirSync(path.join(folder, '77'));
      writeFileSync(path.join(folder, '77', 'Load.log'), 'of another machine’s execution');
      writeFileSync(path.join(folder, '78.log'), 'of one that has just begun to log');
      for (const other of ['notes.txt', '7.log.gz']) writeFileSync(path.join(folder, other), 'not ours');
      for (const each of readdirSync(folder)) utimesSync(path.join(folder, each), 0, each === '78.log' ? 4e9 : 0);
      expect(existsSync(path.join(folder, String(old.id), 'One.log'))).toBe(true);
      await app.services.retention.prune();
      await app.services.retention.prune();
      expect(readdirSync(folder).sort()).toEqual(
        ['7.log.gz', '78.log', 'notes.txt', String(young.id), `${young.id}.log`].sort(),
      );
      expect((await app.call('GET', `/executions/${young.id}/log`)).text).toContain('step One begins');
    });
  });
}
