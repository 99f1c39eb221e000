import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { openBoundBatch } from '../../src/domain/bound-batch.ts';
import { readSpecialParameters } from '../../src/domain/special-parameters.ts';
import { storedWorkflowChange } from '../../src/domain/stored-workflow-change.ts';
import { parseInstant } from '../../src/domain/time.ts';
import { decodeWorkflow, emptyLedger, encodeLedger } from '../../src/domain/workflow.ts';
import { runExecution } from '../../src/runner/engine.ts';
import { millisecondsLeft } from '../../src/runner/execution-timeout.ts';
import { functionReader } from '../../src/runner/items/function-reader.ts';
import { listReader } from '../../src/runner/items/iterable-reader.ts';
import { functionWriter } from '../../src/runner/items/memory-writers.ts';
import type { TaskBody } from '../../src/runner/step-body.ts';
import type { Commit } from '../../src/ports/store.ts';
import { createSettableClock } from '../settable-clock.ts';
import { createManualTimers, type ManualTimers } from './manual-timers.ts';
import { chunkBody, createWorld, jobOf, type World } from './world.ts';

const task = (run: TaskBody['run']): TaskBody => ({ kind: 'task', run });
const forever: TaskBody['run'] = () => new Promise(() => {});
const untilTold: TaskBody['run'] = ({ signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
const never = new AbortController().signal;

describe('timeouts', () => {
  let world: World;
  let timers: ManualTimers;
  beforeEach(async () => {
    timers = createManualTimers();
    world = await createWorld({ timers });
  });
  afterEach(() => world.close());

  it('ends a step that takes too long, first by its signal, then by leaving it behind', async () => {
    let reason: unknown = null;
    const job = jobOf([
      {
        name: 'Slow',
        timeoutSeconds: 60,
        body: task(({ signal }) => {
          signal.addEventListener('abort', () => (reason = signal.reason));
          return forever({} as never);
        }),
      },
    ]);
    const id = await world.launch(job);
    const running = world.run(id, job);
    await vi.waitFor(async () => expect((await world.outcome(id)).rows).toEqual(['Slow STARTED']));
    await vi.waitFor(() => expect(timers.waiting()).toBe(1));
    timers.advance(59_999);
    expect(reason).toBeNull();
    timers.advance(1);
    expect(reason).toMatchObject({ name: 'TimedOut' });
    timers.advance(1000);
    expect(await running).toBe('ended');
    expect((await world.outcome(id)).execution).toMatchObject({
      status: 'FAILED',
      exitMessage: expect.stringMatching(
        /^The step took longer than its timeout of 60 s\. It went on for 1 s .* may still run/,
      ) as string,
    });
  });

  it('says that it was the timeout where a step heeds its signal, and in the log what the step made of that', async () => {
    for (const [thrown, isLogged] of [
      [new DOMException('This operation was aborted', 'AbortError'), false],
      [new Error('half a file was written'), true],
    ] as const) {
      const run: TaskBody['run'] = ({ signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(thrown)));
      const job = jobOf([{ name: 'Slow', timeoutSeconds: 1, body: task(run) }]);
      const id = await world.launch(job);
      const running = world.run(id, job);
      await vi.waitFor(() => expect(timers.waiting()).toBe(1));
      timers.advance(1000);
      expect(await running).toBe('ended');
      const { execution, steps } = await world.outcome(id);
      expect([execution.exitMessage, steps[0]?.exitMessage]).toEqual(
        Array(2).fill('The step took longer than its timeout of 1 s.'),
      );
      expect((await world.log(id, 'Slow')).includes(`caused by Error: ${thrown.message}`)).toBe(isLogged);
      expect(await world.log(id, null)).toContain('ended: FAILED, The step took longer than its timeout of 1 s.');
    }
  });

  it('tries nothing again beside a task that goes on after its timeout; one that ends is tried again', async () => {
    for (const [run, attempts] of [
      [forever, 1],
      [untilTold, 3],
    ] as const) {
      let begun = 0;
      const body = task((ctx) => {
        begun += 1;
        return run(ctx);
      });
      const retry = { maxRetries: 2, delaySeconds: 1, backoff: 'fixed' } as const;
      const job = jobOf([{ name: 'Slow', timeoutSeconds: 2, retry, body }]);
      let result: string | null = null;
      void world
        .launch(job)
        .then((id) => world.run(id, job))
        .then((ended) => (result = ended));
      await vi.waitFor(() => {
        timers.advance(1000);
        expect(result).toBe('ended');
      });
      expect(begun).toBe(attempts);
    }
  });

  it('tells of a shortened delay in hundredths of a second', async () => {
    const retry = { maxRetries: 1, delaySeconds: 0.3456, backoff: 'exponential' } as const;
    const failing = (): never => {
      throw new Error('not yet');
    };
    const job = jobOf([{ name: 'Flaky', retry, body: task(failing) }]);
    const id = await world.launch(job);
    const running = world.run(id, job);
    await vi.waitFor(async () => expect(await world.log(id, 'Flaky')).toMatch(/ tried again in 0\.26 s$/m));
    await vi.waitFor(() => expect(timers.waiting()).toBe(1));
    timers.advance(1000);
    expect(await running).toBe('ended');
  });

  it('waits for a write that goes on after the timeout before the chunk is written again, and keeps what it wrote', async () => {
    const writes: string[] = [];
    const gate = Promise.withResolvers<void>();
    const writer = functionWriter<number>(async (items) => {
      writes.push(`${items.join()} begins`);
      // It does not look at its signal.
      if (writes.length === 1) await gate.promise;
      writes.push(`${items.join()} ends`);
    });
    const retry = { maxRetries: 1, delaySeconds: 1, backoff: 'fixed' } as const;
    const body = chunkBody({ reader: listReader([1, 2, 3, 4]), writer, chunkSize: 2 });
    const job = jobOf([{ name: 'Load', timeoutSeconds: 60, retry, body }]);
    const id = await world.launch(job);
    const running = world.run(id, job);
    await vi.waitFor(() => expect(writes).toEqual(['1,2 begins']));
    timers.advance(60_000);
    for (let wait = 0; wait < 20; wait += 1) timers.advance(1000);
    await vi.waitFor(async () => expect(await world.log(id, 'Load')).toContain('lest two write at a time'));
    expect(writes).toEqual(['1,2 begins']);
    gate.resolve();
    await vi.waitFor(async () => expect(await world.log(id, 'Load')).toContain('tried again in 1 s'));
    await vi.waitFor(() => expect(timers.waiting()).toBe(1));
    timers.advance(1000);
    expect(await running).toBe('ended');
    expect(writes).toEqual(['1,2 begins', '1,2 ends', '3,4 begins', '3,4 ends']);
    expect((await world.outcome(id)).steps[0]).toMatchObject({
      status: 'COMPLETED',
      counters: { write: 4, commit: 2 },
    });
  });

  it('does not wait for a read that goes on after the timeout: nothing of it is written any more', async () => {
    const gate = Promise.withResolvers<number>();
    const written: number[] = [];
    let reads = 0;
    const reader = functionReader<number>((index) => {
      reads += 1;
      if (reads === 1) return gate.promise;
      return index === 0 ? 7 : null;
    });
    const retry = { maxRetries: 1, delaySeconds: 1, backoff: 'fixed' } as const;
    const body = chunkBody({ reader, writer: functionWriter<number>((items) => void written.push(...items)) });
    const job = jobOf([{ name: 'Load', timeoutSeconds: 60, retry, body }]);
    const id = await world.launch(job);
    const running = world.run(id, job);
    await vi.waitFor(() => expect(reads).toBe(1));
    timers.advance(60_000);
    timers.advance(1000);
    await vi.waitFor(async () => expect(await world.log(id, 'Load')).toContain('tried again in 1 s'));
    await vi.waitFor(() => expect(timers.waiting()).toBe(1));
    timers.advance(1000);
    expect(await running).toBe('ended');
    gate.resolve(1);
    await gate.promise;
    expect(written).toEqual([7]);
  });

  it('ends an execution that takes too long, however often its steps would be tried again', async () => {
    const job = jobOf(
      [
        { name: 'Slow', body: task(forever), retry: { maxRetries: 5, delaySeconds: 1, backoff: 'fixed' } },
        { name: 'Next', body: task(() => undefined) },
      ],
      { timeoutSeconds: 10 },
    );
    const id = await world.launch(job);
    const running = world.run(id, job);
    await vi.waitFor(async () => expect((await world.outcome(id)).rows).toEqual(['Slow STARTED']));
    timers.advance(10_000);
    timers.advance(1000);
    expect(await running).toBe('ended');
    const { execution, rows } = await world.outcome(id);
    expect(rows).toEqual(['Slow FAILED']);
    expect(execution.exitMessage).toBe('The execution took longer than its timeout of 10 s.');
    expect(await world.log(id, null)).toContain('ended: FAILED, The execution took longer than its timeout of 10 s.');
  });

  it('counts the time of an execution from its first start, whoever goes on with it', async () => {
    const clock = createSettableClock('2026-11-21T12:00:00');
    const other = await createWorld({ timers, stores: await createMemoryStores({ clock }) });
    onTestFinished(() => other.close());
    const job = jobOf([{ name: 'Slow', body: task(untilTold) }], { timeoutSeconds: 10 });
    const id = await other.launch(job);
    const handBack = new AbortController();
    const first = other.run(id, job, handBack.signal);
    await vi.waitFor(async () => expect((await other.outcome(id)).rows).toEqual(['Slow STARTED']));
    handBack.abort();
    expect(await first).toBe('handed-back');
    clock.advance({ seconds: 8 });
    const second = other.run(id, job);
    await vi.waitFor(() => expect(timers.waiting()).toBe(1));
    timers.advance(2000);
    expect(await second).toBe('ended');
    expect((await other.outcome(id)).execution).toMatchObject({
      status: 'FAILED',
      exitMessage: 'The execution took longer than its timeout of 10 s.',
    });
  });

  it.each([
    ['half of it has passed', '12:00:05', 5000],
    ['it is over', '12:00:11', 0],
    ['the clock was set back', '11:00:00', 10_000],
  ])('leaves of a timeout what is left when %s', (_name, time, left) => {
    const [startedAt, now] = ['12:00:00', time].map((each) => parseInstant(`2026-11-21T${each}`) ?? 0n);
    expect(millisecondsLeft(10, startedAt ?? 0n, now ?? 0n)).toBe(left);
  });

  it('counts a task that looked at its signal as stopped, and one that never looked as completed', async () => {
    for (const [looks, row] of [
      [true, 'Task STOPPED'],
      [false, 'Task COMPLETED'],
    ] as const) {
      const gate = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const job = jobOf([
        {
          name: 'Task',
          body: task(async (ctx) => {
            if (looks) expect(ctx.signal.aborted).toBe(false);
            begun.resolve();
            await gate.promise;
          }),
        },
        { name: 'Next', body: task(() => undefined) },
      ]);
      const id = await world.launch(job, { forced: true });
      const session = await world.take(id);
      const running = runExecution(session, job, world.tools, never);
      await begun.promise;
      await world.requestStop(id);
      await session.refresh();
      gate.resolve();
      await running;
      const { status, rows } = await world.outcome(id);
      expect([status, rows]).toEqual(['STOPPED', [row]]);
    }
  });
});

describe('the end of an execution', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
    await world.stores.store.commit({
      operation: { id: 'load', fingerprint: '', answer: null, keepSeconds: 60 },
      changes: [
        {
          kind: 'workflow',
          name: 'orders',
          expected: { head: null, ledger: null },
          head: new Map([['job1', '{"status":"new","from_date":"2026-11-01T00:00:00"}']]),
          ledger: encodeLedger({ ...emptyLedger, revision: 1, order: ['job1'] }),
          records: [],
          listing: { status: 'new', updatedAt: 0n, latestStart: null },
        },
      ],
      journal: [],
    });
  });
  afterEach(() => world.close());

  async function bound(owner: number) {
    const stored = await world.stores.reader.load('orders');
    const workflow = decodeWorkflow('orders', stored);
    if (workflow === null) throw new Error('no workflow');
    const { batch, change } = openBoundBatch(workflow, {
      jobs: null,
      supersede: false,
      backfill: null,
      owner,
      now: stored.now,
      initialDate: parseInstant('1776-07-04') ?? 0n,
      by: 'somebody',
    });
    return { batch, beside: [storedWorkflowChange(stored, change)] };
  }

  async function batchStatus(): Promise<string> {
    const workflow = decodeWorkflow('orders', await world.stores.reader.peek('orders'));
    const special = readSpecialParameters(workflow?.jobs.get('job1') ?? new Map());
    return 'problems' in special ? 'unreadable' : special.status;
  }

  it('closes the batch that it owns when it is completed, and fails it with the message when it fails', async () => {
    let isMended = false;
    const job = jobOf([
      {
        name: 'Load',
        body: task(() => {
          if (!isMended) throw new Error('no space left');
        }),
      },
    ]);
    const first = await world.launch(job, await bound(1));
    expect(await batchStatus()).toBe('open');
    await world.run(first, job);
    expect(await batchStatus()).toBe('failed');
    const [record] = await world.stores.reader.records('orders', { before: null, limit: 1, kinds: [] });
    expect(record?.jobs.get('job1')).toMatchObject({ status: 'failed', reason: 'no space left' });
    isMended = true;
    const second = await world.launch(job, await bound(2));
    await world.run(second, job);
    expect(await batchStatus()).toBe('success');
    const last = (
      await world.stores.journal.read({ workflow: 'orders', direction: 'descending', beyond: null, limit: 2 })
    )
      .map(({ entry }) => entry.type)
      .sort();
    expect(last).toEqual(['batch-closed', 'execution-changed']);
  });

  it('is repeated when somebody changes the workflow in the same moment', async () => {
    const job = jobOf([{ name: 'Load', body: task(() => undefined) }]);
    const id = await world.launch(job, await bound(1));
    const session = await world.take(id);
    let meddled = false;
    const load = world.stores.reader.load.bind(world.stores.reader);
    const reader = {
      ...world.stores.reader,
      load: async (name: string) => {
        const loaded = await load(name);
        if (meddled) return loaded;
        meddled = true;
        const workflow = decodeWorkflow('orders', loaded);
        if (workflow === null) throw new Error('no workflow');
        const next = { ...workflow, ledger: { ...workflow.ledger, revision: workflow.ledger.revision + 1 } };
        await world.stores.store.commit({
          operation: { id: 'meddle', fingerprint: '', answer: null, keepSeconds: 60 },
          changes: [storedWorkflowChange(loaded, { name, next, deleted: false, records: [], journal: [] })],
          journal: [],
        });
        return loaded;
      },
    };
    await runExecution(session, job, { ...world.tools, stores: { ...world.stores, reader } }, never);
    expect(meddled).toBe(true);
    expect([(await world.outcome(id)).status, await batchStatus()]).toEqual(['COMPLETED', 'success']);
  });

  it('is UNKNOWN when what became of a step could not be stored', async () => {
    const { stores } = world;
    const job = jobOf([{ name: 'Load', body: task(({ context }) => context.set('done', true)) }]);
    const id = await world.launch(job);
    const refusing = {
      ...stores.store,
      async commit(commit: Commit) {
        if (commit.changes.some((change) => change.kind === 'document' && change.collection === 'context'))
          throw new Error('value too long');
        return stores.store.commit(commit);
      },
    };
    const refusingWorld = await createWorld({ stores: { ...stores, store: refusing } });
    expect(await runExecution(await refusingWorld.take(id), job, world.tools, never)).toBe('unknown');
    const { execution, rows, instance } = await world.outcome(id);
    await refusingWorld.close();
    expect(execution).toMatchObject({
      status: 'UNKNOWN',
      exitMessage: 'Its outcome could not be stored: value too long',
    });
    expect(rows).toEqual(['Load UNKNOWN']);
    expect(instance.steps.get('Load')?.status).toBe('UNKNOWN');
  });

  it('is left to another conductor where this one hands it back and cannot store a step’s end', async () => {
    const { stores } = world;
    const handBack = new AbortController();
    const job = jobOf([{ name: 'Load', body: task(({ context }) => context.set('done', true)) }]);
    const id = await world.launch(job);
    const refusing = {
      ...stores.store,
      async commit(commit: Commit) {
        if (!commit.changes.some((change) => change.kind === 'document' && change.collection === 'context'))
          return stores.store.commit(commit);
        handBack.abort();
        throw new Error('value too long');
      },
    };
    const refusingWorld = await createWorld({ stores: { ...stores, store: refusing } });
    expect(await runExecution(await refusingWorld.take(id), job, world.tools, handBack.signal)).toBe('handed-back');
    await refusingWorld.close();
    expect(await world.outcome(id)).toMatchObject({ status: 'STARTED', rows: ['Load STARTED'] });
    await world.run(id, job);
    expect(await world.outcome(id)).toMatchObject({ status: 'COMPLETED', rows: ['Load COMPLETED'] });
  });
});
