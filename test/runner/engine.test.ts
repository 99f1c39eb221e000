import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { createSqliteStores } from '../../src/adapters/sqlite/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { defaultRetry } from '../../src/domain/job.ts';
import { runExecution } from '../../src/runner/engine.ts';
import { listWriter } from '../../src/runner/items/memory-writers.ts';
import { listReader } from '../../src/runner/items/iterable-reader.ts';
import type { TaskBody } from '../../src/runner/step-body.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../servers/redis.ts';
import { chunkBody, createWorld, jobOf, type World } from './world.ts';

const task = (run: TaskBody['run']): TaskBody => ({ kind: 'task', run });
const ok = task(() => undefined);
const numbers = (count: number): number[] => Array.from({ length: count }, (_item, index) => index + 1);

function acceptance(name: string, openStores: (() => Promise<Stores>) | undefined): void {
  describe(`the engine on ${name}`, () => {
    let world: World;
    const start = async (): Promise<World> =>
      (world = await createWorld(openStores ? { stores: await openStores() } : {}));
    afterEach(() => world.close());

    it('3: a failing step fails the execution, with its message on both; a restart runs only that step', async () => {
      const { runNew, log } = await start();
      let isMended = false;
      const job = jobOf([
        { name: 'Step1', body: ok },
        {
          name: 'ErrorStep',
          body: task(() => {
            if (!isMended) throw new Error('Something went wrong!', { cause: new Error('deep down') });
          }),
        },
      ]);
      const first = await runNew(job);
      expect(first.rows).toEqual(['Step1 COMPLETED', 'ErrorStep FAILED']);
      expect(first.execution).toMatchObject({
        status: 'FAILED',
        exitCode: 'FAILED',
        exitMessage: 'Something went wrong!',
      });
      expect(first.steps[1]).toMatchObject({ exitMessage: 'Something went wrong!', exitCode: 'FAILED' });
      expect(first.instance.steps.get('ErrorStep')).toMatchObject({ status: 'FAILED', starts: 1 });
      expect(await log(first.execution.id, 'ErrorStep')).toMatch(
        /ERROR Error: Something went wrong![\s\S]*caused by Error: deep down/,
      );
      isMended = true;
      const second = await runNew({ ...job, version: '5f0c3a9d41be' });
      expect(second.rows).toEqual(['ErrorStep COMPLETED']);
      expect(second.status).toBe('COMPLETED');
      expect(await log(second.execution.id, null)).toContain(
        'of TestJob begins (conductor test, version 5f0c3a9d41be of its file)',
      );
      expect((await runNew(job)).rows).toEqual([]);
    });

    it('4: a flaky step is tried again in one row; one that always fails ends what follows', async () => {
      const { runNew } = await start();
      let failures = 2;
      const attempts: number[] = [];
      const flaky = task(({ attempt }) => {
        attempts.push(attempt);
        if (failures-- > 0) throw new Error('flaky');
      });
      const retry = { ...defaultRetry, maxRetries: 3 };
      const job = jobOf([
        { name: 'Step1', body: ok },
        { name: 'FlakyStep', body: flaky, retry },
        { name: 'Step2', body: ok },
      ]);
      const mended = await runNew(job);
      expect(mended.rows).toEqual(['Step1 COMPLETED', 'FlakyStep COMPLETED', 'Step2 COMPLETED']);
      expect(mended.steps[1]?.counters.retry).toBe(2);
      expect(attempts).toEqual([1, 2, 3]);
      failures = Number.POSITIVE_INFINITY;
      const failed = await runNew(job, { forced: true });
      expect(failed.rows).toEqual(['Step1 COMPLETED', 'FlakyStep FAILED']);
      expect(failed.steps[1]?.counters.retry).toBe(3);
    });

    it('7 and 8: chunks are counted, forced the same; 25 items by 10 are 3 commits, none are none', async () => {
      const { runNew } = await start();
      const written: number[] = [];
      const step = (items: number[], processor: ((item: unknown) => unknown) | null) =>
        jobOf([
          {
            name: 'Chunk',
            body: chunkBody({ reader: listReader(items), processor, writer: listWriter(written) }),
          },
        ]);
      const even = (item: unknown): unknown => ((item as number) % 2 === 0 ? (item as number) ** 2 : null);
      const job = step(numbers(50), even);
      for (const forced of [false, true]) {
        const { status, steps } = await runNew(job, { forced });
        expect(status).toBe('COMPLETED');
        expect(steps[0]?.counters).toMatchObject({ read: 50, write: 25, filter: 25, commit: 5, rollback: 0 });
        expect(written).toEqual(numbers(25).map((index) => (2 * index) ** 2));
      }
      expect((await runNew(step(numbers(25), null), { forced: true })).steps[0]?.counters.commit).toBe(3);
      expect(
        (
          await runNew(
            step(numbers(20), () => null),
            { forced: true },
          )
        ).steps[0]?.counters,
      ).toMatchObject({
        commit: 2,
        filter: 20,
        write: 0,
      });
      const empty = await runNew(step([], null), { forced: true });
      expect(empty.steps[0]).toMatchObject({ status: 'COMPLETED', counters: { commit: 0, read: 0 } });
    });

    it('hands on what steps share, and keeps it for a restart that skips them', async () => {
      const { runNew } = await start();
      let isMended = false;
      const seen: unknown[] = [];
      const job = jobOf([
        { name: 'Download', body: task(({ context }) => context.set('path', '/tmp/orders.csv')) },
        {
          name: 'Load',
          body: task(({ context, parameters }) => {
            seen.push(context.get('path'), parameters['day']);
            if (!isMended) throw new Error('broken');
          }),
        },
      ]);
      const failed = await runNew(job, { parameters: { day: '2026-11-21' } });
      expect(failed.context).toEqual({ path: '/tmp/orders.csv' });
      isMended = true;
      await runNew(job, { parameters: { day: '2026-11-21' } });
      expect(seen).toEqual(['/tmp/orders.csv', '2026-11-21', '/tmp/orders.csv', '2026-11-21']);
    });

    it('runs branches at once, and lets them end when one has failed', async () => {
      const { runNew } = await start();
      const both = Promise.withResolvers<void>();
      let begun = 0;
      const meet = async (): Promise<void> => {
        begun += 1;
        if (begun === 2) both.resolve();
        await both.promise;
      };
      const job = jobOf([
        {
          name: 'A',
          body: task(async () => {
            await meet();
            throw new Error('A broke');
          }),
        },
        { name: 'B', body: task(meet), dependsOn: [] },
        { name: 'AfterB', body: ok, dependsOn: ['B', 'A'] },
      ]);
      const { rows, execution } = await runNew(job);
      expect([...rows].sort()).toEqual(['A FAILED', 'B COMPLETED']);
      expect(execution.exitMessage).toBe('A broke');
    });

    it('goes where the exit code says', async () => {
      const { runNew } = await start();
      const job = jobOf([
        { name: 'Check', body: task(() => 'NOTHING'), on: [{ exitCode: 'NOTHING', to: { end: 'COMPLETED' } }] },
        { name: 'Load', body: ok },
      ]);
      const { rows, status, steps } = await runNew(job);
      expect([rows, status, steps[0]?.exitCode]).toEqual([['Check COMPLETED'], 'COMPLETED', 'NOTHING']);
    });

    it('repeats no failure that the execution before has handled, though that one has the greater id', async () => {
      const { stores, launch, run, outcome } = await start();
      const first = await stores.documents.reserve('execution', 2);
      let tries = 0;
      const failing = task(() => {
        tries += 1;
        throw new Error('as expected');
      });
      const on = [
        { exitCode: 'FAILED', to: { step: 'B' } },
        { exitCode: '*', to: { step: 'B' } },
      ];
      const steps = [
        { name: 'A', body: failing, on },
        { name: 'B', body: ok, dependsOn: [] },
      ];
      const job = jobOf(steps);
      await run(await launch(job, { id: first + 1 }), job);
      expect((await outcome(first + 1)).status).toBe('COMPLETED');
      const more = jobOf([...steps, { name: 'C', body: ok, dependsOn: ['B'] }]);
      await run(await launch(more, { id: first }), more);
      expect((await outcome(first)).rows).toEqual(['C COMPLETED']);
      expect(tries).toBe(1);
    });

    it('runs partitions, each in a row of its own, and in a restart only those that failed', async () => {
      const { runNew } = await start();
      let isMended = false;
      const ran: unknown[] = [];
      let partitioned = 0;
      const job = jobOf([
        {
          name: 'Parts',
          body: {
            kind: 'partition',
            partition: () => {
              partitioned += 1;
              return [{ from: 1 }, { from: 2 }, { from: 3 }];
            },
            concurrency: 1,
            body: task(({ partition }) => {
              ran.push(partition);
              if (ran.length === 2 && !isMended) throw new Error('part broke');
            }),
          },
        },
      ]);
      const first = await runNew(job);
      expect(first.rows).toEqual(['Parts FAILED', 'Parts:partition0 COMPLETED', 'Parts:partition1 FAILED']);
      expect(first.execution.exitMessage).toBe('1 of 3 partitions failed: partition1: part broke');
      isMended = true;
      const second = await runNew(job);
      expect(second.rows).toEqual(['Parts COMPLETED', 'Parts:partition1 COMPLETED', 'Parts:partition2 COMPLETED']);
      expect(ran).toEqual([{ from: 1 }, { from: 2 }, { from: 2 }, { from: 3 }]);
      expect(partitioned).toBe(1);
      expect((await runNew(job, { forced: true })).rows).toHaveLength(4);
      expect(partitioned).toBe(2);
    });

    it('11: a stop ends a chunk step within a chunk; a restart completes it', async () => {
      const { launch, take, tools, outcome, requestStop, runNew } = await start();
      const written: number[] = [];
      let stopAt: (() => Promise<void>) | null = null;
      const job = jobOf([
        {
          name: 'Chunk',
          body: chunkBody({
            reader: listReader(numbers(100)),
            processor: async (item) => {
              if (item === 35) await stopAt?.();
              return item;
            },
            writer: listWriter(written),
          }),
        },
        { name: 'After', body: ok },
      ]);
      const id = await launch(job);
      const session = await take(id);
      stopAt = async () => {
        await requestStop(id);
        await session.refresh();
      };
      await runExecution(session, job, tools, new AbortController().signal);
      const stopped = await outcome(id);
      expect(stopped.execution).toMatchObject({ status: 'STOPPED', exitMessage: 'stopped by somebody' });
      expect(stopped.rows).toEqual(['Chunk STOPPED']);
      expect(stopped.steps[0]?.counters).toMatchObject({ read: 30, commit: 3 });
      stopAt = null;
      const restarted = await runNew(job);
      expect(restarted.rows).toEqual(['Chunk COMPLETED', 'After COMPLETED']);
      expect(restarted.steps[0]?.counters.read).toBe(70);
      expect(written).toEqual(numbers(100));
    });
  });
}

acceptance('memory', undefined);

describe('with SQLite', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-engine-'));
  let count = 0;
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  acceptance('SQLite', () => createSqliteStores({ file: path.join(folder, `${(count += 1)}.db`), clock: systemClock }));
});

describeWithRedis('with a real Redis', () => {
  let server: RedisServer;
  let database = 0;
  beforeAll(async () => {
    server = await startRedis({ args: ['--databases', '100'] });
  });
  afterAll(() => server.stop());
  acceptance('Redis', () => createRedisStores({ url: `${server.url}/${(database += 1)}` }));
});
