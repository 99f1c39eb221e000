import '../property-seed.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { noCounters, type StepCounters } from '../../src/domain/execution.ts';
import { runExecution } from '../../src/runner/engine.ts';
import { iterableReader, listReader } from '../../src/runner/items/iterable-reader.ts';
import { addCounters } from '../../src/runner/step-dispatch.ts';
import { idempotentTarget, mortalStores } from './mortal-stores.ts';
import { chunkBody, createWorld, jobOf } from './world.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_item, index) => index + 1);

describe('a chunk step whose process dies', () => {
  it('writes each row once, whichever commit it dies at', async () => {
    // Begin with the step, two chunks, the length of the short one, that one, the end of step and execution; before and after each.
    for (let commit = 1; commit <= 6; commit += 1) {
      for (const after of [false, true]) {
        const { stores, die } = await mortalStores();
        const world = await createWorld({ stores });
        const target = idempotentTarget();
        const job = jobOf([
          { name: 'Load', body: chunkBody({ reader: listReader(numbers(25)), writer: target.writer }) },
        ]);
        const id = await world.launch(job);
        const session = await world.take(id);
        die({ commit, after });
        await runExecution(session, job, world.tools, new AbortController().signal);
        die(null);
        const before = await world.outcome(id);
        if (!(commit === 6 && after)) {
          expect(before.status, `died at commit ${commit}`).toMatch(/STARTING|STARTED/);
          await world.run(id, job);
        }
        const { status, steps } = await world.outcome(id);
        const where = `commit ${commit}, ${after ? 'after' : 'before'} it`;
        expect(status, where).toBe('COMPLETED');
        expect(target.items(), where).toEqual(numbers(25));
        expect(target.calls.length, `${where}: at most one chunk is replayed`).toBeLessThanOrEqual(35);
        expect(steps, where).toHaveLength(1);
        expect(steps[0]?.counters, where).toMatchObject({ read: 25, write: 25, commit: 3 });
        await world.close();
      }
    }
  });

  it.each([26, 30, 41])('writes each row once although the source has grown to %i rows in between', async (grown) => {
    // Up to the commit of the last chunk: behind the step’s end nobody reads any more.
    for (let commit = 1; commit <= 5; commit += 1) {
      for (const after of [false, true]) {
        const { stores, die } = await mortalStores();
        const world = await createWorld({ stores });
        const target = idempotentTarget();
        let count = 25;
        const reader = iterableReader(() => numbers(count));
        const job = jobOf([{ name: 'Load', body: chunkBody({ reader, writer: target.writer }) }]);
        const id = await world.launch(job);
        const session = await world.take(id);
        die({ commit, after });
        await runExecution(session, job, world.tools, new AbortController().signal);
        die(null);
        count = grown;
        await world.run(id, job);
        const { status, steps } = await world.outcome(id);
        const where = `commit ${commit}, ${after ? 'after' : 'before'} it`;
        expect(status, where).toBe('COMPLETED');
        expect(target.items(), where).toEqual(numbers(grown));
        expect(steps[0]?.counters.write, where).toBe(target.items().length);
        await world.close();
      }
    }
  });

  it('writes each item at least once, in order, and exactly once into an idempotent target, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          count: fc.integer({ min: 0, max: 60 }),
          chunkSize: fc.integer({ min: 1, max: 13 }),
          filteredEvery: fc.integer({ min: 2, max: 9 }),
          badEvery: fc.integer({ min: 5, max: 40 }),
          deaths: fc.array(
            fc.record({ commit: fc.integer({ min: 1, max: 9 }), after: fc.boolean(), restarts: fc.boolean() }),
            {
              maxLength: 5,
            },
          ),
        }),
        async ({ count, chunkSize, filteredEvery, badEvery, deaths }) => {
          const { stores, die } = await mortalStores();
          const world = await createWorld({ stores });
          const target = idempotentTarget();
          const body = chunkBody({
            reader: listReader(numbers(count)),
            processor: (item) => ((item as number) % filteredEvery === 0 ? null : item),
            writer: target.refusing((item) => item % badEvery === 0),
            chunkSize,
            skip: { limit: 1000, isSkippable: () => true },
          });
          const job = jobOf([{ name: 'Load', body }]);
          const ids = [await world.launch(job)];
          let id = ids[0] as number;
          for (const { restarts, ...death } of deaths) {
            const { status } = await world.outcome(id);
            if (status === 'COMPLETED') break;
            const session = await world.take(id);
            die(death);
            if (restarts) await world.requestStop(id).catch(() => undefined);
            await runExecution(session, job, world.tools, new AbortController().signal);
            die(null);
            if ((await world.outcome(id)).status !== 'STOPPED') continue;
            id = await world.launch(job);
            ids.push(id);
          }
          for (let status = (await world.outcome(id)).status; status !== 'COMPLETED';) {
            if (status === 'STOPPED') ids.push((id = await world.launch(job)));
            await world.run(id, job);
            ({ status } = await world.outcome(id));
          }
          const outcomes = await Promise.all(ids.map((each) => world.outcome(each)));
          const kept = numbers(count).filter((item) => item % filteredEvery !== 0);
          expect(outcomes.at(-1)?.status).toBe('COMPLETED');
          expect(target.items()).toEqual(kept.filter((item) => item % badEvery !== 0));
          const counters = outcomes
            .flatMap(({ steps }) => steps.map((step) => step.counters))
            .reduce<StepCounters>(addCounters, noCounters);
          expect(counters).toMatchObject({
            read: count,
            filter: count - kept.length,
            write: kept.filter((item) => item % badEvery !== 0).length,
            writeSkip: kept.filter((item) => item % badEvery === 0).length,
          });
          const skipped = await Promise.all(
            ids.map((each) =>
              stores.documents.scan({
                index: `skipped:${each}`,
                prefix: '',
                direction: 'ascending',
                beyond: null,
                limit: 100,
              }),
            ),
          );
          expect(skipped.flat()).toHaveLength(counters.writeSkip);
          await world.close();
        },
      ),
      { numRuns: 150 },
    );
  });
});
