import { expect, it, onTestFinished } from 'vitest';

import { BatchyError } from '../../src/domain/errors.ts';
import type { JobDefinition } from '../../src/domain/job.ts';
import type { Commit } from '../../src/ports/store.ts';
import { createCapabilities } from '../../src/runner/capabilities.ts';
import { createConductor } from '../../src/runner/conductor.ts';
import type { TaskBody } from '../../src/runner/step-body.ts';
import { createManualTimers, passSeconds } from './manual-timers.ts';
import { createWorld, jobOf } from './world.ts';

/** What a store that is away for a moment does to an execution that changes hands: nobody has died by that. */

const takesLease = ({ changes }: Commit): boolean =>
  changes.some((change) => change.kind === 'document' && change.collection === 'lease');

async function conducted(
  options: Pick<JobDefinition, 'onOwnerLost' | 'maxRunning' | 'capabilities'>,
  run: TaskBody['run'],
  has: () => boolean = () => true,
) {
  const timers = createManualTimers();
  const world = await createWorld({ timers });
  onTestFinished(() => world.close());
  const job = jobOf([{ name: 'Step', body: { kind: 'task', run } }], options);
  const conduct = async (id: string) => {
    const conductor = createConductor({
      ...world.tools,
      stores: world.stores,
      catalog: { get: () => job },
      id,
      leaseSeconds: 15,
      concurrency: 4,
      lookEveryMilliseconds: 1000,
      graceMilliseconds: 5000,
      capabilities: createCapabilities([{ kind: 'capability', name: 'gpu', has }], [], {
        timers,
        onProblem: () => undefined,
      }),
      onProblem: () => undefined,
    });
    await conductor.start();
    return conductor;
  };
  return { timers, world, conduct, id: await world.launch(job) };
}

const away = (): BatchyError => new BatchyError('store-unavailable', 'away');

it.each([
  ['the answer to its taking', 'fail'],
  ['the answer to its taking', 'resume'],
  ['what is read once it is taken', 'fail'],
  ['what is read once it is taken', 'resume'],
] as const)('runs once and has lost no owner, where %s is lost (onOwnerLost: %s)', async (what, onOwnerLost) => {
  let runs = 0;
  const { timers, world, conduct, id } = await conducted({ onOwnerLost, maxRunning: 1 }, () => void (runs += 1));
  const { store, documents } = world.stores;
  const [commit, get] = [store.commit.bind(store), documents.get.bind(documents)];
  let fails = true;
  let readFails = false;
  store.commit = async (asked) => {
    const outcome = await commit(asked);
    if (!fails || !takesLease(asked)) return outcome;
    fails = false;
    if (what === 'the answer to its taking') throw away();
    readFails = true;
    return outcome;
  };
  documents.get = async (keys) => {
    if (!readFails) return get(keys);
    readFails = false;
    throw away();
  };
  const conductor = await conduct('here');
  await passSeconds(timers, 10);
  const { status, execution } = await world.outcome(id);
  expect([status, execution.takeovers, runs, fails]).toEqual(['COMPLETED', 0, 1, false]);
  await conductor.stop();
});

it.each([
  ['away', 'store-unavailable', 'fail'],
  ['away', 'store-unavailable', 'resume'],
  ['full', 'store-full', 'fail'],
] as const)(
  'is handed back by a conductor that ends while the store is %s (%s), and has lost no owner (onOwnerLost: %s)',
  async (what, code, onOwnerLost) => {
    let runs = 0;
    const { timers, world, conduct, id } = await conducted({ onOwnerLost }, ({ signal }) => {
      runs += 1;
      if (runs > 1) return undefined;
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))));
    });
    const first = await conduct('first');
    await expect.poll(() => runs).toBe(1);
    const { store } = world.stores;
    const commit = store.commit.bind(store);
    let fails = 2;
    store.commit = async (asked) => {
      if (!takesLease(asked) || fails === 0) return commit(asked);
      fails -= 1;
      throw new BatchyError(code, what);
    };
    const stopped = first.stop();
    await passSeconds(timers, 10);
    await stopped;
    expect(fails).toBe(0);
    const second = await conduct('second');
    await passSeconds(timers, 5);
    const { status, execution } = await world.outcome(id);
    expect([status, execution.takeovers, runs]).toEqual(['COMPLETED', 0, 2]);
    await second.stop();
  },
);

it('has lost no owner where the answer to its taking is lost and it is refused then', async () => {
  let runs = 0;
  let asked = 0;
  const options = { onOwnerLost: 'fail', maxRunning: 1, capabilities: ['gpu'] } as const;
  const { timers, world, conduct, id } = await conducted(
    options,
    () => void (runs += 1),
    () => (asked += 1) !== 2,
  );
  const { store } = world.stores;
  const commit = store.commit.bind(store);
  let fails = true;
  store.commit = async (given) => {
    const outcome = await commit(given);
    if (!fails || !takesLease(given)) return outcome;
    fails = false;
    throw away();
  };
  const conductor = await conduct('here');
  await passSeconds(timers, 15);
  const { status, execution } = await world.outcome(id);
  expect([status, execution.takeovers, runs, asked]).toEqual(['COMPLETED', 0, 1, 3]);
  await conductor.stop();
});
