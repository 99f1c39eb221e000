import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { BatchyError } from '../../src/domain/errors.ts';
import {
  documentChange,
  documentKeys,
  executionDocument,
  executionMembers,
} from '../../src/domain/execution-documents.ts';
import { runExecution } from '../../src/runner/engine.ts';
import { openSession } from '../../src/runner/execution-session.ts';
import { claimables, takeLease } from '../../src/runner/lease-taking.ts';
import { listReader } from '../../src/runner/items/iterable-reader.ts';
import { functionWriter } from '../../src/runner/items/memory-writers.ts';
import { createManualTimers } from './manual-timers.ts';
import { chunkBody, createWorld, jobOf, trustMilliseconds, type World } from './world.ts';

describe('an execution whose lease was taken', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.close());

  async function steal(executionId: number): Promise<void> {
    const [claimable] = await claimables(world.stores, [executionId]);
    if (claimable === undefined) throw new Error('it is over');
    const operation = { id: `steal-${executionId}`, fingerprint: '', answer: null, keepSeconds: 60 };
    const fence = await takeLease(world.stores, claimable, { conductor: 'thief', operation, countsAsTakeover: true });
    expect(fence).toBe(2);
  }

  it('writes nothing more, tells its steps, and runs none', async () => {
    let signal: AbortSignal | null = null;
    const chunks: number[] = [];
    const id: number = await world.launch(jobOf([]));
    const job = jobOf([
      {
        name: 'Load',
        body: chunkBody({
          reader: (ctx) => {
            signal = ctx.signal;
            return listReader([1, 2, 3, 4, 5, 6])(ctx);
          },
          writer: functionWriter<number>(async (items) => {
            chunks.push(...items);
            if (items.includes(4)) await steal(id);
          }),
          chunkSize: 2,
        }),
      },
      { name: 'After', body: { kind: 'task', run: () => chunks.push(-1) } },
    ]);
    const session = await world.take(id);
    expect(await runExecution(session, job, world.tools, new AbortController().signal)).toBe('lost');
    expect(session.lost.aborted).toBe(true);
    expect((signal as AbortSignal | null)?.aborted).toBe(true);
    const { execution, steps } = await world.outcome(id);
    expect(chunks).toEqual([1, 2, 3, 4]);
    expect(steps[0]).toMatchObject({ status: 'STARTED', counters: { commit: 1, read: 2 } });
    expect(execution).toMatchObject({ status: 'STARTED', takeovers: 1 });
    await expect(session.commit(() => ({ context: new Map([['x', 1]]) }))).rejects.toThrow('is another’s now');
    expect((await world.outcome(id)).context).toEqual({});
  });

  it.each([
    ['before it writes', true],
    ['as its writer makes ready', false],
  ])('is asked for after a pause %s, and nothing is written', async (_when, isBefore) => {
    const timers = createManualTimers();
    await world.close();
    world = await createWorld({ timers });
    const written: number[] = [];
    const id: number = await world.launch(jobOf([]));
    const pause = async (): Promise<void> => {
      await steal(id);
      timers.advance(60_000);
    };
    const writer = functionWriter<number>(async (items, { stillOurs }) => {
      if (!isBefore && items.includes(3)) {
        await pause();
        await stillOurs();
      }
      written.push(...items);
    });
    const processor = async (item: unknown): Promise<unknown> => {
      if (isBefore && item === 3) await pause();
      return item;
    };
    const reader = listReader([1, 2, 3, 4]);
    const job = jobOf([{ name: 'Load', body: chunkBody({ reader, processor, writer, chunkSize: 2 }) }]);
    const session = await world.take(id);
    expect(await runExecution(session, job, world.tools, new AbortController().signal)).toBe('lost');
    expect(written).toEqual([1, 2]);
  });

  it('is not taken for ours by an answer that was heard long after it was given', async () => {
    const timers = createManualTimers();
    const id = await world.launch(jobOf([]));
    await world.take(id, 'first');
    const { documents, store } = world.stores;
    let pauses = 1;
    const get: typeof documents.get = async (keys) => {
      const found = await documents.get(keys);
      if (keys.some(({ collection }) => collection === 'lease') && pauses-- > 0) {
        await steal(id);
        timers.advance(60_000);
      }
      return found;
    };
    const session = await openSession({
      stores: { store, documents: { ...documents, get } },
      executionId: id,
      fence: 1,
      operationId: () => 'never',
      timers,
      trustMilliseconds,
      giveUp: new AbortController().signal,
    });
    await expect(session.stillOurs()).rejects.toThrow('is another’s now');
  });

  it('is not asked for as long as commits tell whose it is', async () => {
    const timers = createManualTimers();
    await world.close();
    world = await createWorld({ timers });
    const { documents } = world.stores;
    const asked = vi.spyOn(documents, 'get');
    const before: number[] = [];
    const writer = functionWriter(() => {
      before.push(asked.mock.calls.length);
      timers.advance(trustMilliseconds * 0.9);
    });
    const reader = listReader(Array.from({ length: 10 }, (_none, index) => index));
    await world.runNew(jobOf([{ name: 'Load', body: chunkBody({ reader, writer, chunkSize: 1 }) }]));
    expect(before).toHaveLength(10);
    expect(new Set(before).size).toBe(1);
  });

  it('notices when somebody else has ended it', async () => {
    const job = jobOf([{ name: 'Step', body: { kind: 'task', run: () => undefined } }]);
    const id = await world.launch(job);
    const session = await world.take(id);
    await world.run(id, job);
    expect((await world.outcome(id)).status).toBe('COMPLETED');
    await expect(session.refresh()).rejects.toThrow('is another’s now');
    expect(session.lost.aborted).toBe(true);
  });

  it('is lost once it is over, though nobody has taken its lease', async () => {
    const id = await world.launch(jobOf([]));
    const session = await world.take(id);
    const { execution } = await world.outcome(id);
    const [stored] = await world.stores.documents.get([documentKeys.execution(id)]);
    const before = { members: executionMembers(execution), revision: stored?.revision ?? 0 };
    const ended = documentChange(before, executionDocument({ ...execution, status: 'FAILED' }));
    const operation = { id: 'ends it', fingerprint: '', answer: null, keepSeconds: 60 };
    await world.stores.store.commit({ operation, changes: [ended], journal: [] });
    await expect(session.refresh()).rejects.toThrow('is another’s now');
    expect(session.lost.aborted).toBe(true);
  });

  it('stores once what was sent again because its answer was lost', async () => {
    const id = await world.launch(jobOf([]));
    await world.take(id, 'first');
    let lostAnswers = 2;
    const { stores } = world;
    let operations = 0;
    const session = await openSession({
      stores: {
        documents: stores.documents,
        store: {
          async commit(commit) {
            const outcome = await stores.store.commit(commit);
            if (lostAnswers-- > 0) throw new BatchyError('store-unavailable', 'the answer was lost');
            return outcome;
          },
        },
      },
      executionId: id,
      fence: 1,
      operationId: () => `again-${(operations += 1)}`,
      timers: world.tools.timers,
      trustMilliseconds,
      giveUp: new AbortController().signal,
    });
    await session.commit(({ context }) => ({ context: new Map([...context, ['count', context.size + 1]]) }));
    expect(operations).toBe(1);
    expect((await world.outcome(id)).context).toEqual({ count: 1 });
  });

  it('puts what is asked for at the same time into one commit, and refuses one of them alone', async () => {
    const id = await world.launch(jobOf([]));
    const session = await world.take(id);
    const set = (key: string) => session.commit(({ context }) => ({ context: new Map([...context, [key, true]]) }));
    const results = await Promise.allSettled([
      set('a'),
      set('b'),
      session.commit(() => {
        throw new Error('refused');
      }),
      set('c'),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect((await world.outcome(id)).context).toEqual({ a: true, b: true, c: true });
  });
});
