import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';

import '../property-seed.ts';
import type { JobDefinition } from '../../src/domain/job.ts';
import { priorities, rankOf } from '../../src/domain/priority.ts';
import { createGates } from '../../src/runner/gates.ts';
import { claimables, takeLease } from '../../src/runner/lease-taking.ts';
import { createGatedWorld, type GatedWorld } from './gated-world.ts';
import { jobOf } from './world.ts';

async function gated(...definitions: Pick<JobDefinition, 'name' | 'maxRunning'>[]): Promise<GatedWorld> {
  const made = await createGatedWorld(definitions);
  onTestFinished(() => made.close());
  return made;
}

describe('a job of which so many run at a time', () => {
  it('has the others wait, on all conductors, and begins them at once where one ends', async () => {
    const { conduct, launch, begun, until, end, timers, executionOf } = await gated({ name: 'Orders', maxRunning: 2 });
    const ids: number[] = [];
    for (let count = 0; count < 5; count += 1) ids.push(await launch('Orders'));
    await conduct('a');
    await conduct('b');
    await until(() => expect(begun).toHaveLength(2));
    timers.advance(1000);
    await until(async () => expect((await executionOf(ids[2] as number)).status).toBe('STARTING'), 3);
    expect(begun.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const [first] = begun;
    // No time passes: who sees it end knows that there is a place, and who is to have it.
    end(first?.id as number);
    await expect.poll(() => begun.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    for (const id of ids) end(id);
    await until(async () => {
      for (const id of ids) expect((await executionOf(id)).status).toBe('COMPLETED');
    });
    expect(begun.map(({ id }) => id).toSorted((one, other) => one - other)).toEqual(ids);
  });

  it('gives the last place to one of those who take different executions at the same moment', async () => {
    const { launch, world } = await gated({ name: 'Orders' });
    const { definition } = jobOf([], { name: 'Orders', maxRunning: 2 });
    const ids: number[] = [];
    for (let count = 0; count < 5; count += 1) ids.push(await launch('Orders'));
    const passings = await Promise.all(
      (await claimables(world.stores, ids)).map((claimable) => {
        const conductor = `c${claimable.execution.id}`;
        const operation = { id: conductor, fingerprint: '', answer: null, keepSeconds: 60 };
        return createGates({ stores: world.stores, onWait: () => {} }).pass({
          claimable,
          definition,
          lost: null,
          take: (beside) =>
            takeLease(world.stores, claimable, { conductor, operation, countsAsTakeover: false, beside }),
        });
      }),
    );
    expect(passings.filter(({ kind }) => kind === 'taken')).toHaveLength(2);
    expect(passings.filter(({ kind }) => kind === 'held')).toHaveLength(3);
  });

  it('gives a place that becomes free in the midst of a look to whoever stands in front', async () => {
    const { launch, world } = await gated({ name: 'Orders' });
    const { definition } = jobOf([], { name: 'Orders', maxRunning: 1 });
    const ids = [await launch('Orders'), await launch('Orders'), await launch('Orders')];
    const [runs, front, behind] = await claimables(world.stores, ids);
    const gates = createGates({ stores: world.stores, onWait: () => {} });
    const pass = async (claimable: typeof runs): Promise<string> => {
      if (claimable === undefined) throw new Error('it is not there');
      const operation = { id: `take-${claimable.execution.id}`, fingerprint: '', answer: null, keepSeconds: 60 };
      const taking = { conductor: 'here', operation, countsAsTakeover: false };
      const { kind } = await gates.pass({
        claimable,
        definition,
        lost: null,
        take: (beside) => takeLease(world.stores, claimable, { ...taking, beside }),
      });
      return kind;
    };
    expect(await pass(runs)).toBe('taken');
    expect(await pass(front)).toBe('held');
    const { documents } = world.stores;
    const get = documents.get.bind(documents);
    // Somebody else ends it, which is read from now on.
    documents.get = async (keys) => {
      const found = await get(keys);
      return keys.map(({ collection, id }, place) =>
        collection === 'execution' && id === String(ids[0]) ? null : (found[place] ?? null),
      );
    };
    expect(await pass(behind)).toBe('held');
    await gates.refresh();
    expect(await pass(front)).toBe('taken');
    expect(await pass(behind)).toBe('held');
  });

  it('keeps nobody else from being begun, however many of it wait in front', async () => {
    const { conduct, launch, begun, until } = await gated({ name: 'Orders', maxRunning: 1 }, { name: 'Other' });
    for (let count = 0; count < 30; count += 1) await launch('Orders', { priority: 'very_high' });
    const other = await launch('Other', { priority: 'very_low' });
    await conduct('a', { concurrency: 2 });
    await until(() => expect(begun.map(({ id }) => id)).toEqual([1, other]));
  });

  it('gives its place to whoever goes on with an execution, and to nobody else meanwhile', async () => {
    const { conduct, kill, launch, begun, until, end } = await gated({ name: 'Orders', maxRunning: 1 });
    const [first, second] = [await launch('Orders'), await launch('Orders')];
    await conduct('a');
    await until(() => expect(begun).toEqual([{ id: first, by: 'a' }]));
    kill('a');
    await conduct('b');
    await until(() => expect(begun[1]).toEqual({ id: first, by: 'b' }));
    end(first);
    await until(() => expect(begun[2]).toEqual({ id: second, by: 'b' }));
  });

  it('gives up its place with the execution, though its owner died before anybody heard of that', async () => {
    const { conduct, kill, launch, begun, until, world } = await gated({ name: 'Orders', maxRunning: 1 });
    const [first, second] = [await launch('Orders'), await launch('Orders')];
    await conduct('a');
    await until(() => expect(begun).toHaveLength(1));
    kill('a');
    await world.requestStop(first);
    await conduct('b');
    await until(() => expect(begun.at(-1)).toEqual({ id: second, by: 'b' }));
  });
});

describe('a queue', () => {
  const limited = { limits: { places: 1, rate: null }, placesSince: 0n };

  it('has so many of all its jobs run, and those of other queues beside them', async () => {
    const { conduct, launch, begun, until, decide } = await gated({ name: 'One' }, { name: 'Two' });
    await decide('etl', limited);
    const first = await launch('One', { queue: 'etl' });
    const second = await launch('Two', { queue: 'etl' });
    const other = await launch('Two');
    await conduct('a', { lines: ['default', 'etl'].map((queue) => ({ queue, capabilities: [] })) });
    await until(() =>
      expect(begun.map(({ id }) => id).toSorted((one, another) => one - another)).toEqual([first, other]),
    );
    expect(second).toBeGreaterThan(first);
  });

  it('counts what ran before it was limited', async () => {
    const { conduct, launch, begun, until, pass, decide, end } = await gated({ name: 'One' });
    const ids = [await launch('One'), await launch('One')];
    await conduct('a');
    await until(() => expect(begun).toHaveLength(2));
    await decide('all', limited);
    ids.push(await launch('One'));
    end(ids[0] as number);
    await pass(5);
    expect(begun).toHaveLength(2);
    end(ids[1] as number);
    await until(() => expect(begun.map(({ id }) => id)).toEqual(ids));
  });

  it('begins nothing while it is paused, lets go on what runs, and begins the rest within a second after', async () => {
    const { conduct, launch, begun, running, until, pass, decide, end, executionOf } = await gated({ name: 'One' });
    const ids = [await launch('One')];
    await conduct('a');
    await until(() => expect(begun).toHaveLength(1));
    await decide('default', { pause: { by: 'ann', since: 0n, reason: null } });
    ids.push(await launch('One'), await launch('One'));
    await pass(5);
    expect(begun).toHaveLength(1);
    expect([...running]).toEqual([ids[0]]);
    end(ids[0] as number);
    await until(async () => expect((await executionOf(ids[0] as number)).status).toBe('COMPLETED'));
    await decide('default', { pause: null });
    await until(() => expect(begun.map(({ id }) => id)).toEqual(ids), 2);
  });

  it('holds back what was handed back while it is paused, and not what lost its owner', async () => {
    const { conduct, kill, launch, begun, until, pass, decide } = await gated({ name: 'One' });
    const ids = [await launch('One'), await launch('One')];
    const first = await conduct('a', { concurrency: 1 });
    await until(() => expect(begun).toHaveLength(1));
    await conduct('b', { concurrency: 1 });
    await until(() => expect(begun).toHaveLength(2));
    const pause = { by: 'ann', since: 0n, reason: null };
    await decide('default', { pause });
    await first.stop();
    kill('b');
    await conduct('c');
    await until(() => expect(begun).toHaveLength(3));
    expect(begun[2]).toEqual({ id: ids[1], by: 'c' });
    await pass(20);
    expect(begun).toHaveLength(3);
    await decide('default', { pause: null });
    await until(() => expect(begun[3]).toEqual({ id: ids[0], by: 'c' }));
  });

  it('begins no more than its rate says, and the next as soon as it may', async () => {
    const { conduct, launch, begun, until, decide, timers, world } = await gated({ name: 'One' });
    await decide('default', { limits: { places: null, rate: { max: 2, seconds: 1 } } });
    for (let count = 0; count < 3; count += 1) await launch('One');
    await conduct('a', { lookEveryMilliseconds: 60_000 });
    await until(() => expect(begun).toHaveLength(2), 0);
    world.clock.advance({ seconds: 1 });
    timers.advance(1000);
    await expect.poll(() => begun.length).toBe(3);
  });
});

type Happening = ['launch', number, number] | ['end'] | ['kill'] | ['conduct'] | ['pass', number];

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(fc.constant('launch' as const), fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 4 })),
  },
  { weight: 5, arbitrary: fc.constant<['end']>(['end']) },
  { weight: 1, arbitrary: fc.constant<['kill']>(['kill']) },
  { weight: 1, arbitrary: fc.constant<['conduct']>(['conduct']) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('pass' as const), fc.integer({ min: 1, max: 20 })) },
);

it(
  'whatever happens, no more run than may, in their order, and nobody waits for ever',
  { timeout: 120_000 },
  async () => {
    const names = ['Orders', 'Items'];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(happening, { minLength: 5, maxLength: 25 }),
        async (maxRunning, together, happenings) => {
          const made = await createGatedWorld([{ name: 'Orders', maxRunning }, { name: 'Items' }]);
          const { conduct, kill, launch, end, running, begun, until, executionOf, decide, timers } = made;
          const launched = new Map<number, { readonly jobName: string; readonly rank: number }>();
          const alive = ['c0'];
          let count = 1;
          const ofOrders = () => [...running].filter((id) => launched.get(id)?.jobName === 'Orders').length;
          const check = (): void => {
            expect(running.size).toBeLessThanOrEqual(together);
            expect(ofOrders()).toBeLessThanOrEqual(maxRunning);
          };
          await decide('all', { limits: { places: together, rate: null }, placesSince: 0n });
          await conduct('c0', { concurrency: 3 });
          for (const [what, ...given] of happenings) {
            if (what === 'launch') {
              const priority = priorities[given[1] as number] ?? 'normal';
              const jobName = names[given[0] as number] as string;
              const id = await launch(jobName, { priority });
              launched.set(id, { jobName, rank: rankOf(priority) });
            }
            const [oldest] = running;
            if (what === 'end' && oldest !== undefined) end(oldest);
            if (what === 'kill' && alive.length > 1) kill(alive.shift() as string);
            if (what === 'conduct' && alive.length < 3) {
              const name = `c${count}`;
              count += 1;
              alive.push(name);
              await conduct(name, { concurrency: 3 });
            }
            for (let seconds = 0; seconds < (what === 'pass' ? (given[0] as number) : 0); seconds += 1) {
              timers.advance(1000);
              await new Promise(setImmediate);
              check();
            }
            for (let turns = 0; turns < 5; turns += 1) await new Promise(setImmediate);
            check();
          }
          // Those that wait now are begun in their order, each once another has ended.
          const waiting = new Map(launched);
          for (const { id } of begun) waiting.delete(id);
          const before = begun.length;
          await until(async () => {
            check();
            const [oldest] = running;
            if (oldest !== undefined) end(oldest);
            for (const id of launched.keys()) expect((await executionOf(id)).status).toBe('COMPLETED');
          }, 400);
          for (const jobName of names) {
            const order = begun.slice(before).flatMap(({ id }) => (waiting.get(id)?.jobName === jobName ? [id] : []));
            const sorted = [...new Set(order)].toSorted(
              (one, other) => (waiting.get(one)?.rank ?? 0) - (waiting.get(other)?.rank ?? 0) || one - other,
            );
            if (jobName === 'Orders') expect([...new Set(order)]).toEqual(sorted);
          }
          await made.close();
        },
      ),
      { numRuns: 100 },
    );
  },
);
