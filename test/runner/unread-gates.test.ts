import { expect, it, onTestFinished } from 'vitest';

import { documentKeys, type StateDocumentKey } from '../../src/domain/execution-documents.ts';
import { gateKey, queueBookDocument, queueBookKey } from '../../src/domain/gate-text.ts';
import type { JobDefinition } from '../../src/domain/job.ts';
import type { ConsumeOptions, Dispatcher } from '../../src/ports/dispatcher.ts';
import { runExecution } from '../../src/runner/engine.ts';
import { createGates, type Gates } from '../../src/runner/gates.ts';
import { claimables, takeLease } from '../../src/runner/lease-taking.ts';
import { createGatedWorld, type GatedWorld } from './gated-world.ts';
import { createWorld, jobOf, type World } from './world.ts';

/** What something newer has written, or a broken disk, lets nobody through who may not pass, and keeps nobody else from anything. */

let operations = 0;

async function write(world: World, key: StateDocumentKey, text: string): Promise<void> {
  const [stored = null] = await world.stores.documents.get([key]);
  const expected = stored?.revision ?? null;
  const operation = { id: `written-${(operations += 1)}`, fingerprint: '', answer: null, keepSeconds: 60 };
  const changes = [{ kind: 'document', ...key, expected, text, add: [], remove: [] }] as const;
  await world.stores.store.commit({ operation, changes, journal: [] });
}

const garble = (world: World, key: StateDocumentKey): Promise<void> => write(world, key, '{"of":"a newer version"}');

async function ordersAtAGate(maxRunning: number) {
  const world = await createWorld();
  onTestFinished(() => world.close());
  const body = { kind: 'task', run: () => undefined } as const;
  const job = jobOf([{ name: 'Step', body }], { name: 'Orders', maxRunning });
  const told: string[] = [];
  const gates: Gates = createGates({
    stores: world.stores,
    onWait: () => {},
    onUnread: ({ message }) => told.push(message),
  });
  return {
    world,
    told,
    launch: () => world.launch(job),
    /** Asks all gates anew from now on. */
    look: () => gates.refresh(),
    pass: async (executionId: number): Promise<string> => {
      const [claimable] = await claimables(world.stores, [executionId]);
      if (claimable === undefined) throw new Error('it is over');
      const operation = { id: `taken-${(operations += 1)}`, fingerprint: '', answer: null, keepSeconds: 60 };
      const passing = await gates.pass({
        claimable,
        definition: job.definition,
        lost: null,
        take: (beside) =>
          takeLease(world.stores, claimable, { conductor: 'one', operation, countsAsTakeover: false, beside }),
      });
      return passing.kind;
    },
    end: async (executionId: number): Promise<void> => {
      await world.requestStop(executionId);
      await runExecution(await world.take(executionId, 'again'), job, world.tools, new AbortController().signal);
    },
  };
}

it('one that has a place and cannot be read keeps it, and no others from theirs', async () => {
  const { world, told, launch, pass, end, look } = await ordersAtAGate(2);
  const ids = [await launch(), await launch(), await launch(), await launch()] as const;
  expect(await pass(ids[0])).toBe('taken');
  expect(await pass(ids[1])).toBe('taken');
  await garble(world, documentKeys.execution(ids[0]));
  await end(ids[1]);
  expect(await pass(ids[2])).toBe('taken');
  for (let times = 0; times < 5; times += 1) {
    await look();
    expect(await pass(ids[3])).toBe('held');
  }
  expect(told).toEqual([expect.stringContaining(`Execution ${ids[0]} cannot be read`)]);
  world.clock.advance({ seconds: 60 });
  await look();
  expect(await pass(ids[3])).toBe('held');
  expect(told).toHaveLength(2);
});

it.for(['execution', 'lease'] as const)(
  'one that runs counts where a limit is new, though its %s cannot be read',
  async (collection) => {
    const { world, launch, pass } = await ordersAtAGate(1);
    const ids = [await launch(), await launch()] as const;
    await world.take(ids[0], 'newer');
    await garble(world, documentKeys[collection](ids[0]));
    expect(await pass(ids[1])).toBe('held');
  },
);

async function gated(...definitions: Pick<JobDefinition, 'name' | 'maxRunning'>[]): Promise<GatedWorld> {
  const made = await createGatedWorld(definitions);
  onTestFinished(() => made.close());
  return made;
}

const idsOf = (begun: GatedWorld['begun']): number[] => begun.map(({ id }) => id);

it('who has passed a gate: nobody comes through any more, others are begun, and somebody hears of it once', async () => {
  const { world, conduct, launch, begun, until, pass } = await gated(
    { name: 'Orders', maxRunning: 3 },
    { name: 'Other' },
  );
  await garble(world, gateKey('job:Orders'));
  const ids = [await launch('Orders'), await launch('Orders')];
  const other = await launch('Other');
  const problems: unknown[] = [];
  await conduct('a', { onProblem: (problem) => problems.push(problem) });
  await until(() => expect(idsOf(begun)).toEqual([other]));
  await pass(10);
  expect(idsOf(begun)).toEqual([other]);
  expect(problems).toMatchObject([{ code: 'foreign-data', message: expect.stringContaining('job:Orders') as string }]);
  await write(world, gateKey('job:Orders'), '{"term":"","holders":[],"takings":[]}');
  await until(() => expect(idsOf(begun)).toEqual([other, ...ids]), 3);
});

it('what is decided on queues: nothing is begun, what runs goes on, and all is begun when it can be read', async () => {
  const { world, conduct, launch, begun, running, until, pass, end, executionOf } = await gated({ name: 'Other' });
  const first = await launch('Other');
  const problems: unknown[] = [];
  await conduct('a', { onProblem: (problem) => problems.push(problem) });
  await until(() => expect(begun).toHaveLength(1));
  await garble(world, queueBookKey);
  const second = await launch('Other');
  await pass(10);
  expect([...running]).toEqual([first]);
  expect(problems).toMatchObject([{ code: 'foreign-data' }]);
  end(first);
  await until(async () => expect((await executionOf(first)).status).toBe('COMPLETED'), 2);
  expect(begun).toHaveLength(1);
  await write(world, queueBookKey, queueBookDocument(new Map()).text);
  await until(() => expect(idsOf(begun)).toEqual([first, second]), 3);
});

it('what was handed over meanwhile is answered for, and handed on again when it can be read', async () => {
  const { world, conduct, launch, begun, until, pass } = await gated({ name: 'Other' });
  await garble(world, queueBookKey);
  const id = await launch('Other');
  const handed: number[] = [];
  let take: ConsumeOptions['take'] | null = null;
  const dispatcher: Dispatcher = {
    dispatch: async ({ executionId }) => void handed.push(executionId),
    consume: (options) => ((take = options.take), { setRoom: () => {}, stop: async () => {} }),
    close: async () => {},
  };
  const problems: unknown[] = [];
  await conduct('a', { dispatcher, onProblem: (problem) => problems.push(problem) });
  await pass(1);
  const given = take as ConsumeOptions['take'] | null;
  expect(await given?.(id)).toEqual({ kind: 'over' });
  await pass(10);
  expect([begun, handed]).toEqual([[], []]);
  await write(world, queueBookKey, queueBookDocument(new Map()).text);
  await until(() => expect(handed).toEqual([id]), 3);
  expect(problems).toHaveLength(1);
});
