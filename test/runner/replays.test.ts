import '../property-seed.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createServices } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { runExecution } from '../../src/runner/engine.ts';
import { listReader } from '../../src/runner/items/iterable-reader.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { idempotentTarget, mortalStores } from './mortal-stores.ts';
import { chunkBody, createWorld, jobOf, type World } from './world.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_item, index) => index + 1);
const caller = { name: 'test', idempotency: null };

interface Replaying {
  readonly world: World;
  /** Launches a replay. @returns its id */
  readonly replay: (id: number) => Promise<number>;
  /** Numbers that are missing, as the operator sees them. */
  readonly missing: (id: number) => Promise<unknown[]>;
  /** Goes on with an execution, to its end or to the death of its process. */
  readonly see: (id: number, death?: { commit: number; after: boolean } | null) => Promise<void>;
}

async function replaying(job: RunnableJob): Promise<Replaying> {
  const { stores, die } = await mortalStores();
  const world = await createWorld({ stores });
  const { definition } = job;
  const services = createServices(stores, loadSettings({ folder: '/nowhere', environment: {} }).settings, {
    catalog: {
      ready: async () => {},
      jobs: () => new Map([[definition.name, { definition, file: 'test.ts', version: 'aaaaaaaaaaaa', readAt: 0n }]]),
      broken: () => [],
    },
    look: () => {},
    stopping: new AbortController().signal,
  });
  return {
    world,
    async replay(id) {
      let launched = 0;
      await services.executions.replay(id, { stepName: null, parameters: undefined }, caller, (execution) => {
        launched = execution.id;
        return { status: 202, headers: {}, body: '' };
      });
      return launched;
    },
    async missing(id) {
      const page = { after: null, limit: 500, missing: true };
      return (await services.executions.skipped(id, page)).map(({ item }) => item.item);
    },
    async see(id, death = null) {
      const session = await world.take(id);
      die(death);
      await runExecution(session, job, world.tools, new AbortController().signal);
      die(null);
    },
  };
}

describe('a replay whose process dies', () => {
  it('writes each item once and marks it in the same commit, whichever commit it dies at', async () => {
    // From before its begin to behind its end: three chunks, the length of the last, and what is stored around them.
    for (let commit = 1; commit <= 8; commit += 1) {
      for (const after of [false, true]) {
        const where = `commit ${commit}, ${after ? 'after' : 'before'} it`;
        let broken = true;
        const target = idempotentTarget();
        const body = chunkBody({
          reader: listReader(numbers(25)),
          processor: (item) => {
            if (broken) throw new Error('not yet');
            return item;
          },
          writer: target.writer,
          skip: { limit: 100, isSkippable: () => true },
        });
        const job = jobOf([{ name: 'Load', body }]);
        const { world, replay, missing, see } = await replaying(job);
        const { execution } = await world.runNew(job);
        expect(await missing(execution.id)).toEqual(numbers(25));
        broken = false;
        const id = await replay(execution.id);
        await see(id, { commit, after });
        // What is marked is what was committed: whole chunks, the writing of which came before.
        const left = await missing(execution.id);
        const done = numbers(25).filter((item) => !left.includes(item));
        expect(done, where).toEqual(numbers(done.length));
        expect(target.items().slice(0, done.length), where).toEqual(done);
        if ((await world.outcome(id)).status !== 'COMPLETED') await see(id);
        const { status, steps } = await world.outcome(id);
        expect(status, where).toBe('COMPLETED');
        expect(target.items(), where).toEqual(numbers(25));
        expect(target.calls.length, `${where}: at most one chunk is replayed`).toBeLessThanOrEqual(35);
        expect(steps[0]?.counters, where).toMatchObject({ read: 25, write: 25, commit: 3 });
        expect(await missing(execution.id), where).toEqual([]);
        await world.close();
      }
    }
  });

  it('misses nothing and writes nothing twice, whatever fails, dies, stops and is replayed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          count: fc.integer({ min: 1, max: 40 }),
          chunkSize: fc.integer({ min: 1, max: 9 }),
          /** Of the items, by round: who is refused by the processor, and by the writer. */
          rounds: fc.array(
            fc.record({
              processorRefuses: fc.integer({ min: 1, max: 6 }),
              writerRefuses: fc.integer({ min: 2, max: 9 }),
              death: fc.option(fc.record({ commit: fc.integer({ min: 1, max: 8 }), after: fc.boolean() })),
              stops: fc.boolean(),
            }),
            { minLength: 1, maxLength: 4 },
          ),
        }),
        async ({ count, chunkSize, rounds }) => {
          let refused = (item: number): boolean => item > 0;
          let refusedByWriter = (_item: number): boolean => false;
          const target = idempotentTarget();
          const body = chunkBody({
            reader: listReader(numbers(count)),
            processor: (item) => {
              if (refused(item as number)) throw new Error(`the processor refuses ${String(item)}`);
              return item;
            },
            writer: target.refusing((item) => refusedByWriter(item)),
            chunkSize,
            skip: { limit: 1000, isSkippable: () => true },
          });
          const job = jobOf([{ name: 'Load', body }]);
          const { world, replay, missing, see } = await replaying(job);
          const { id } = (await world.runNew(job)).execution;
          for (const { processorRefuses, writerRefuses, death, stops } of rounds) {
            refused = (item) => item % processorRefuses === 1;
            refusedByWriter = (item) => item % writerRefuses === 0;
            const replayed = await replay(id).catch((error: unknown) => {
              // Nothing is left.
              expect(error).toMatchObject({ code: 'not-replayable' });
              return null;
            });
            if (replayed === null) break;
            if (stops) await world.requestStop(replayed);
            await see(replayed, death);
            while (/^(?:START|STOPPING)/.test((await world.outcome(replayed)).status)) await see(replayed);
            // At each moment: what is marked is in the target, what is not is missing.
            const left = await missing(id);
            expect([...target.items(), ...left].toSorted((one, other) => Number(one) - Number(other))).toEqual(
              numbers(count),
            );
          }
          refused = () => false;
          refusedByWriter = () => false;
          for (let tries = 0; tries < 2 && (await missing(id)).length > 0; tries += 1) await see(await replay(id));
          expect(await missing(id)).toEqual([]);
          expect(target.items().toSorted((one, other) => one - other)).toEqual(numbers(count));
          await expect(replay(id)).rejects.toThrow(BatchyError);
          await world.close();
        },
      ),
      { numRuns: 100 },
    );
  });
});
