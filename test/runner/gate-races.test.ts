import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { documentChange, documentKeys } from '../../src/domain/execution-documents.ts';
import { queueBookDocument } from '../../src/domain/gate-text.ts';
import { usualSettings } from '../../src/domain/queue-settings.ts';
import { createConductor } from '../../src/runner/conductor.ts';
import { runExecution } from '../../src/runner/engine.ts';
import { createGates, type GateCommit, type Gates } from '../../src/runner/gates.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { type Claimable, claimables, takeLease } from '../../src/runner/lease-taking.ts';
import { createManualTimers, type ManualTimers, passSeconds } from './manual-timers.ts';
import { createWorld, jobOf, type World } from './world.ts';

let world: World;
let timers: ManualTimers;
let operations = 0;
beforeEach(async () => {
  timers = createManualTimers();
  world = await createWorld({ timers });
});
afterEach(() => world.close());

function operation() {
  return { id: `race-${(operations += 1)}`, fingerprint: '', answer: null, keepSeconds: 60 };
}

function orders(run: () => unknown = () => undefined, limits: { maxRunning?: number } = {}): RunnableJob {
  return jobOf([{ name: 'Step', body: { kind: 'task', run } }], { name: 'Orders', ...limits });
}

async function claimable(executionId: number): Promise<Claimable> {
  const [found] = await claimables(world.stores, [executionId]);
  if (found === undefined) throw new Error('it is over');
  return found;
}

describe('conductors that ask a gate at the same time', () => {
  async function pass(gates: Gates, executionId: number, { definition }: RunnableJob, before = async () => {}) {
    const found = await claimable(executionId);
    const take = async (beside: GateCommit): Promise<number | null> => {
      await before();
      const taking = { conductor: 'one of them', operation: operation(), countsAsTakeover: false, beside };
      return takeLease(world.stores, found, taking);
    };
    const passing = await gates.pass({ claimable: found, definition, lost: null, take });
    return passing.kind;
  }

  it.each([1, 2, 3])('have %i places in all', async (maxRunning) => {
    const job = orders(undefined, { maxRunning });
    const ids = await Promise.all(Array.from({ length: 8 }, () => world.launch(job)));
    const conductors = ids.map(() => createGates({ stores: world.stores, onWait: () => {} }));
    const passed = await Promise.all(ids.map((id, place) => pass(conductors[place] as Gates, id, job)));
    expect(passed.filter((kind) => kind === 'taken')).toHaveLength(maxRunning);
    expect(passed.filter((kind) => kind === 'held')).toHaveLength(ids.length - maxRunning);
  });

  it('heed what is decided on the queue while they take', async () => {
    const job = orders();
    const id = await world.launch(job);
    const gates = createGates({ stores: world.stores, onWait: () => {} });
    const pauses = vi.fn<() => Promise<void>>(async () => {
      const pause = { by: 'somebody', since: 0n, reason: null };
      const book = queueBookDocument(new Map([['default', { ...usualSettings, pause }]]));
      await world.stores.store.commit({
        operation: operation(),
        changes: [documentChange(null, book)],
        journal: [],
      });
    });
    expect(await pass(gates, id, job, pauses)).toBe('held');
    expect(pauses).toHaveBeenCalledTimes(1);
    expect((await claimable(id)).lease).toBeNull();
  });

  it('count what ran while a job had no limit, however it was limited before', async () => {
    const one = orders(undefined, { maxRunning: 1 });
    const ids = [await world.launch(one), await world.launch(one), await world.launch(one)] as const;
    const gates = (): Gates => createGates({ stores: world.stores, onWait: () => {} });
    expect(await pass(gates(), ids[0], one)).toBe('taken');
    expect(await pass(gates(), ids[1], orders())).toBe('taken');
    await world.requestStop(ids[0]);
    await runExecution(await world.take(ids[0], 'again'), one, world.tools, new AbortController().signal);
    expect((await world.outcome(ids[0])).status).toBe('STOPPED');
    expect(await pass(gates(), ids[2], one)).toBe('held');
    const known = gates();
    expect(await pass(known, ids[2], one)).toBe('held');
    // They are known, and read no more.
    const scan = vi.spyOn(world.stores.documents, 'scan');
    expect(await pass(known, ids[2], one)).toBe('held');
    expect(scan).not.toHaveBeenCalled();
  });

  it('read once who ran before their queue was limited', async () => {
    const job = orders();
    const ids = [await world.launch(job), await world.launch(job)] as const;
    const gates = createGates({ stores: world.stores, onWait: () => {} });
    expect(await pass(gates, ids[0], job)).toBe('taken');
    const settings = { limits: { places: 1, rate: null }, pause: null, placesSince: await world.clock.now() };
    const book = queueBookDocument(new Map([['default', settings]]));
    await world.stores.store.commit({ operation: operation(), changes: [documentChange(null, book)], journal: [] });
    const scan = vi.spyOn(world.stores.documents, 'scan');
    expect(await pass(gates, ids[1], job)).toBe('held');
    expect(await pass(gates, ids[1], job)).toBe('held');
    expect(scan).toHaveBeenCalledTimes(1);
  });

  it('let others be begun though one cannot be read whose place it would count', async () => {
    const job = orders(undefined, { maxRunning: 1 });
    const ids = [await world.launch(job), await world.launch(job)] as const;
    const key = documentKeys.execution(ids[0]);
    const [stored = null] = await world.stores.documents.get([key]);
    const text = '{"of":"a newer version"}';
    await world.stores.store.commit({
      operation: operation(),
      changes: [{ kind: 'document', ...key, expected: stored?.revision ?? null, text, add: [], remove: [] }],
      journal: [],
    });
    expect(await pass(createGates({ stores: world.stores, onWait: () => {} }), ids[1], job)).toBe('taken');
  });

  it('look again for what others were always in the way of', async () => {
    const job = orders();
    const id = await world.launch(job);
    const onWait = vi.fn<(milliseconds: number) => void>();
    const gates = createGates({ stores: world.stores, onWait });
    const found = await claimable(id);
    const passing = await gates.pass({
      claimable: found,
      definition: job.definition,
      lost: null,
      take: async () => null,
    });
    expect(passing).toEqual({ kind: 'held', untilMilliseconds: 100 });
    expect(onWait).toHaveBeenCalledWith(100);
    expect(gates.hasHeldBack()).toBe(true);
    expect(gates.isKnownHeld(id)).toBe(false);
    expect(await pass(gates, id, job)).toBe('taken');
  });
});

it('what was begun where nobody knew of a limit is taken over when there is a place for it', async () => {
  const begun: string[] = [];
  let end = (): void => {};
  const first = new Promise<void>((resolve) => {
    end = resolve;
  });
  const limited = orders(() => (begun.push('here'), begun.length === 1 ? first : undefined), { maxRunning: 1 });
  const conductor = createConductor({
    ...world.tools,
    stores: world.stores,
    catalog: { get: () => limited },
    id: 'here',
    leaseSeconds: 15,
    concurrency: 4,
    lookEveryMilliseconds: 1000,
    onProblem: (error) => {
      throw error;
    },
  });
  await conductor.start();
  const holder = await world.launch(limited);
  await vi.waitFor(() => expect(begun).toEqual(['here']));
  const stray = await world.launch(limited);
  const hanging = orders(() => new Promise(() => {}));
  void runExecution(await world.take(stray, 'gone'), hanging, world.tools, new AbortController().signal);
  await vi.waitFor(async () => expect((await world.outcome(stray)).rows).toEqual(['Step STARTED']));
  await passSeconds(timers, 40);
  expect(begun).toEqual(['here']);
  end();
  await vi.waitFor(async () => {
    timers.advance(1000);
    for (const id of [holder, stray]) expect((await world.outcome(id)).status).toBe('COMPLETED');
  });
  expect(begun).toEqual(['here', 'here']);
  expect((await world.outcome(stray)).execution.takeovers).toBe(1);
  await conductor.stop();
});
