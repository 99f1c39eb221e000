import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { systemTimers } from '../../src/adapters/system/timers.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import type { JobDefinition } from '../../src/domain/job.ts';
import type { Commit } from '../../src/ports/store.ts';
import { createConductor } from '../../src/runner/conductor.ts';
import { openSession } from '../../src/runner/execution-session.ts';
import { claimables, takeLease } from '../../src/runner/lease-taking.ts';
import type { TaskBody } from '../../src/runner/step-body.ts';
import { createSettableClock } from '../settable-clock.ts';
import { describeWithRedis, startRedis } from '../servers/redis.ts';
import { createManualTimers, passSeconds } from './manual-timers.ts';
import { createWorld, jobOf, trustMilliseconds } from './world.ts';

/** What a store without room for any change does to executions that run: they wait for it, and nothing else comes of it. */

const full = (): BatchyError => new BatchyError('store-full', 'there is no room');
const touches = ({ changes }: Commit, collection: string): boolean =>
  changes.some((change) => change.kind === 'document' && change.collection === collection);

/** @param run what the first of two steps does, until it is let go */
async function conducted(options: Pick<JobDefinition, 'onOwnerLost'>, run: TaskBody['run']) {
  const stores = await createMemoryStores({ clock: createSettableClock('2026-11-21T12:00:00') });
  const { store, documents } = stores;
  const [commit, reserve] = [store.commit.bind(store), documents.reserve.bind(documents)];
  /** `all`: also the numbers of what begins. */
  let refused: 'all' | 'steps' | 'nothing' = 'nothing';
  let refusals = 0;
  const refuse = (): Promise<never> => {
    refusals += 1;
    return Promise.reject(full());
  };
  store.commit = (asked) =>
    refused === 'all' || (refused === 'steps' && touches(asked, 'step')) ? refuse() : commit(asked);
  documents.reserve = (sequence, count) => (refused === 'all' ? refuse() : reserve(sequence, count));
  const timers = createManualTimers();
  const world = await createWorld({ stores, timers });
  onTestFinished(() => world.close());
  const ran: string[] = [];
  const job = jobOf(
    [
      { name: 'First', body: { kind: 'task', run: (context) => (ran.push('First'), run(context)) } },
      {
        name: 'Second',
        body: {
          kind: 'task',
          run({ signal }) {
            ran.push('Second');
            signal.throwIfAborted();
          },
        },
      },
    ],
    options,
  );
  const conduct = async (id: string) => {
    const conductor = createConductor({
      ...world.tools,
      stores,
      catalog: { get: () => job },
      id,
      leaseSeconds: 15,
      concurrency: 4,
      lookEveryMilliseconds: 1000,
      graceMilliseconds: 5000,
      onProblem: () => undefined,
    });
    await conductor.start();
    return conductor;
  };
  return {
    timers,
    world,
    conduct,
    ran,
    id: await world.launch(job),
    refuse: (what: typeof refused) => void (refused = what),
    refusals: () => refusals,
  };
}

it.each(['fail', 'resume'] as const)(
  'goes on when there is room again, and has lost no owner, however long that takes (onOwnerLost: %s)',
  async (onOwnerLost) => {
    const held = Promise.withResolvers<undefined>();
    const { timers, world, conduct, ran, id, ...room } = await conducted({ onOwnerLost }, () => held.promise);
    const conductors = [await conduct('one')];
    await passSeconds(timers, 1);
    conductors.push(await conduct('other'));
    await passSeconds(timers, 10);
    expect(ran).toEqual(['First']);
    room.refuse('all');
    held.resolve(undefined);
    await passSeconds(timers, 100);
    expect(await world.outcome(id)).toMatchObject({ status: 'STARTED', rows: ['First STARTED'] });
    const before = room.refusals();
    await passSeconds(timers, 3);
    expect(room.refusals()).toBeGreaterThan(before);
    room.refuse('nothing');
    await passSeconds(timers, 40);
    const { status, execution, rows } = await world.outcome(id);
    expect([status, execution.takeovers, rows]).toEqual(['COMPLETED', 0, ['First COMPLETED', 'Second COMPLETED']]);
    expect(ran).toEqual(['First', 'Second']);
    await Promise.all(conductors.map((conductor) => conductor.stop()));
  },
);

it('is nobody else’s because no sign of life had room', async () => {
  const held = Promise.withResolvers<undefined>();
  const { timers, world, conduct, ran, id, ...room } = await conducted({ onOwnerLost: 'fail' }, () => held.promise);
  const conductors = [await conduct('one')];
  await passSeconds(timers, 2);
  conductors.push(await conduct('other'));
  room.refuse('all');
  await passSeconds(timers, 99);
  // The other looks before the next sign of the owner comes.
  room.refuse('nothing');
  await passSeconds(timers, 40);
  held.resolve(undefined);
  await passSeconds(timers, 5);
  const { status, execution } = await world.outcome(id);
  expect([status, execution.takeovers, ran]).toEqual(['COMPLETED', 0, ['First', 'Second']]);
  await Promise.all(conductors.map((conductor) => conductor.stop()));
});

it('heeds a stop that found room before it', async () => {
  const held = Promise.withResolvers<undefined>();
  const { timers, world, conduct, id, ...room } = await conducted({ onOwnerLost: 'fail' }, () => held.promise);
  const conductor = await conduct('here');
  await passSeconds(timers, 1);
  room.refuse('steps');
  held.resolve(undefined);
  await passSeconds(timers, 5);
  await world.requestStop(id);
  room.refuse('nothing');
  await passSeconds(timers, 5);
  expect(await world.outcome(id)).toMatchObject({ status: 'STOPPED', rows: ['First COMPLETED', 'Second STOPPED'] });
  await conductor.stop();
});

it('ends within its time where the conductor is to end, and goes on when another has room', async () => {
  const held = Promise.withResolvers<undefined>();
  const { timers, world, conduct, ran, id, ...room } = await conducted({ onOwnerLost: 'resume' }, () => held.promise);
  const first = await conduct('first');
  await passSeconds(timers, 1);
  room.refuse('all');
  held.resolve(undefined);
  await passSeconds(timers, 5);
  let isOver = false;
  void first.stop().then(
    () => (isOver = true),
    () => (isOver = true),
  );
  await passSeconds(timers, 15);
  expect(isOver).toBe(true);
  expect(await world.outcome(id)).toMatchObject({ status: 'STARTED', rows: ['First STARTED'] });
  room.refuse('nothing');
  const second = await conduct('second');
  await passSeconds(timers, 60);
  expect((await world.outcome(id)).status).toBe('COMPLETED');
  // Nobody could store that the first step had ended.
  expect(ran).toEqual(['First', 'First', 'Second']);
  await second.stop();
});

it('writes nothing once it is another’s, and throws what it met once nobody waits any more', async () => {
  const stores = await createMemoryStores({ clock: createSettableClock('2026-11-21T12:00:00') });
  const world = await createWorld({ stores });
  onTestFinished(() => world.close());
  const { store } = stores;
  const commit = store.commit.bind(store);
  let refusals = 0;
  const giveUp = new AbortController();
  const take = async (id: number, conductor: string): Promise<number> => {
    const [claimable] = await claimables(stores, [id]);
    if (claimable === undefined) throw new Error('it is over');
    const operation = { id: `${conductor} takes ${id}`, fingerprint: '', answer: null, keepSeconds: 60 };
    return (await takeLease(stores, claimable, { conductor, operation, countsAsTakeover: false })) ?? 0;
  };
  const open = async (id: number) =>
    openSession({
      ...world.tools,
      stores,
      executionId: id,
      fence: await take(id, 'owner'),
      trustMilliseconds,
      giveUp: giveUp.signal,
    });
  const [id, other] = [await world.launch(jobOf([])), await world.launch(jobOf([]), { forced: true })];
  const [session, second] = [await open(id), await open(other)];
  const change = () => ({ context: new Map([['x', 1]]) });
  store.commit = async (asked) => {
    if (!touches(asked, 'context')) return commit(asked);
    refusals += 1;
    if (refusals === 3) {
      await take(id, 'thief');
      store.commit = commit;
    }
    throw full();
  };
  await expect(session.commit(change)).rejects.toThrow('is another’s now');
  expect([refusals, (await world.outcome(id)).context]).toEqual([3, {}]);
  store.commit = async () => {
    giveUp.abort();
    throw full();
  };
  await expect(second.commit(change)).rejects.toMatchObject({ code: 'store-full' });
});

describeWithRedis('a Redis whose memory is full', () => {
  it('is waited for by what runs', async () => {
    const server = await startRedis();
    const redis = new Redis(server.url);
    onTestFinished(async () => {
      redis.disconnect();
      await server.stop();
    });
    const stores = await createRedisStores({ url: server.url });
    const world = await createWorld({ stores, timers: systemTimers });
    onTestFinished(() => world.close());
    let refusals = 0;
    const { store, documents } = stores;
    const [commit, reserve] = [store.commit.bind(store), documents.reserve.bind(documents)];
    const count = (error: unknown): never => {
      refusals += 1;
      throw error;
    };
    store.commit = (asked) => commit(asked).catch(count);
    documents.reserve = (sequence, some) => reserve(sequence, some).catch(count);
    const ran: string[] = [];
    const step = (name: string) => ({
      name,
      body: {
        kind: 'task' as const,
        async run() {
          ran.push(name);
          refusals = 0;
          await redis.config('SET', 'maxmemory', '1');
        },
      },
    });
    const job = jobOf([step('First'), step('Second')]);
    const id = await world.launch(job);
    const running = world.run(id, job);
    // The number of the step that follows, and then the end of all.
    for (const steps of [['First'], ['First', 'Second']]) {
      await expect.poll(() => [ran, refusals > 1], { timeout: 20_000 }).toEqual([steps, true]);
      await redis.config('SET', 'maxmemory', '0');
    }
    expect(await running).toBe('ended');
    expect((await world.outcome(id)).rows).toEqual(['First COMPLETED', 'Second COMPLETED']);
    expect(ran).toEqual(['First', 'Second']);
  });
});
