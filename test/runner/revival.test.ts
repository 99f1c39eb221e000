import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { createServices } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { DocumentReader } from '../../src/ports/document-reader.ts';
import { defaultRetry } from '../../src/domain/job.ts';
import { runExecution } from '../../src/runner/engine.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import type { StepContext } from '../../src/runner/step-context.ts';
import { createSettableClock } from '../settable-clock.ts';
import { createWorld, jobOf, type World } from './world.ts';

const never = new AbortController().signal;
const task = (run: (ctx: StepContext) => unknown) => ({ kind: 'task', run }) as const;

describe('a revived execution', () => {
  let world: World;
  beforeEach(async () => (world = await createWorld()));
  afterEach(() => world.close());

  function revive(id: number, { stores } = world, known: readonly RunnableJob[] = []) {
    const { settings } = loadSettings({ folder: '/nowhere', environment: {} });
    const { executions } = createServices(stores, settings, {
      catalog: {
        ready: async () => {},
        jobs: () =>
          new Map(
            known.map(({ definition }) => [
              definition.name,
              { definition, file: 'known.ts', version: 'aaaaaaaaaaaa', readAt: 0n },
            ]),
          ),
        broken: () => [],
      },
      look: () => {},
      stopping: never,
    });
    const answer = () => ({ status: 202, headers: {}, body: '' });
    return executions.revive(id, { name: 'ann', idempotency: null }, answer);
  }

  /** `bad` fails until it is mended, `after` needs it, `long` runs until it is told to end. */
  function listOf() {
    const end = Promise.withResolvers<void>();
    const ran: string[] = [];
    let isMended = false;
    const job = jobOf(
      [
        {
          name: 'long',
          dependsOn: [],
          body: task(async () => {
            await end.promise;
            ran.push('long');
          }),
        },
        {
          name: 'bad',
          dependsOn: [],
          body: task(() => {
            ran.push('bad');
            if (!isMended) throw new Error('not mended');
          }),
        },
        { name: 'after', dependsOn: ['bad'], body: task(() => ran.push('after')) },
        { name: 'last', dependsOn: ['long'], body: task(() => ran.push('last')) },
      ],
      { onFailure: 'continue' },
    );
    return {
      job,
      ran,
      end,
      mend: () => {
        isMended = true;
      },
    };
  }
  const failedOf = async (id: number): Promise<number> =>
    (await world.outcome(id)).steps.filter(({ status }) => status === 'FAILED').length;

  it('tries anew what has failed, and what that has defaulted, while the others run on', async () => {
    const { job, ran, end, mend } = listOf();
    const id = await world.launch(job);
    const session = await world.take(id);
    const running = runExecution(session, job, world.tools, never);
    await vi.waitFor(async () => expect(await failedOf(id)).toBe(1));
    mend();
    await revive(id);
    await session.refresh();
    await vi.waitFor(() => expect(ran).toEqual(['bad', 'bad', 'after']));
    end.resolve();
    expect(await running).toBe('ended');
    const { status, rows } = await world.outcome(id);
    expect(status).toBe('COMPLETED');
    expect(rows.toSorted()).toEqual(['after COMPLETED', 'bad COMPLETED', 'last COMPLETED', 'long COMPLETED']);
    expect(await world.log(id, null)).toContain('bad: revived');
  });

  it('is planned anew once for each revival, however long what is revived has to wait for its turn', async () => {
    const gate = Promise.withResolvers<void>();
    let isMended = false;
    const flaky = task(async ({ attempt }) => {
      await gate.promise;
      if (attempt < 5) throw new Error('again');
    });
    const bad = task(() => {
      if (!isMended) throw new Error('not mended');
    });
    const retry = { ...defaultRetry, maxRetries: 9 };
    const job = jobOf(
      [
        { name: 'bad', dependsOn: [], body: bad },
        { name: 'flaky', dependsOn: [], body: flaky, retry },
      ],
      { onFailure: 'continue', maxProcs: 1 },
    );
    const id = await world.launch(job);
    const session = await world.take(id);
    const running = runExecution(session, job, world.tools, never);
    await vi.waitFor(async () => expect(await failedOf(id)).toBe(1));
    await revive(id);
    await session.refresh();
    isMended = true;
    gate.resolve();
    await running;
    expect((await world.outcome(id)).status).toBe('COMPLETED');
    expect((await world.log(id, null)).match(/bad: revived/g)).toHaveLength(1);
  });

  it('may fail and be revived again', async () => {
    const { job, ran, end, mend } = listOf();
    const id = await world.launch(job);
    const session = await world.take(id);
    const running = runExecution(session, job, world.tools, never);
    for (const failures of [1, 2]) {
      await vi.waitFor(async () => expect([ran.length, await failedOf(id)]).toEqual([failures, 1]));
      if (failures === 2) mend();
      await revive(id);
      await session.refresh();
    }
    await vi.waitFor(() => expect(ran).toEqual(['bad', 'bad', 'bad', 'after']));
    end.resolve();
    await running;
    expect((await world.outcome(id)).status).toBe('COMPLETED');
  });

  it('goes on although it was about to end', async () => {
    const { job, ran, end, mend } = listOf();
    const id = await world.launch(job);
    const session = await world.take(id);
    const running = runExecution(session, job, world.tools, never);
    await vi.waitFor(async () => expect(await failedOf(id)).toBe(1));
    mend();
    // Nobody tells it: its last commit finds out.
    await revive(id);
    end.resolve();
    expect(await running).toBe('ended');
    expect(ran).toEqual(['bad', 'long', 'last', 'bad', 'after']);
    expect((await world.outcome(id)).status).toBe('COMPLETED');
  });

  it('runs nothing twice that ends while the plan is made anew', async () => {
    const { job, ran, end, mend } = listOf();
    const stores = await createMemoryStores({ clock: createSettableClock('2026-11-22T12:00:00') });
    let isMaking = false;
    const documents: DocumentReader = {
      ...stores.documents,
      get: async (keys) => {
        const found = await stores.documents.get(keys);
        if (isMaking && keys.some(({ collection }) => collection === 'step')) {
          end.resolve();
          for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
        }
        return found;
      },
    };
    const other = await createWorld({ stores: { ...stores, documents } });
    onTestFinished(() => other.close());
    const id = await other.launch(job);
    const session = await other.take(id);
    const running = runExecution(session, job, other.tools, never);
    await vi.waitFor(async () =>
      expect((await other.outcome(id)).rows).toEqual(expect.arrayContaining(['bad FAILED', 'long STARTED'])),
    );
    mend();
    await revive(id, other);
    isMaking = true;
    await session.refresh();
    expect(await running).toBe('ended');
    expect(ran.toSorted()).toEqual(['after', 'bad', 'bad', 'last', 'long']);
    expect((await other.outcome(id)).status).toBe('COMPLETED');
  });

  it('is revived by whoever takes it over, where its owner could not any more', async () => {
    const { job, ran, end, mend } = listOf();
    const id = await world.launch(job);
    const session = await world.take(id);
    const handBack = new AbortController();
    const running = runExecution(session, job, world.tools, handBack.signal);
    await vi.waitFor(async () => expect(await failedOf(id)).toBe(1));
    handBack.abort();
    end.resolve();
    await running;
    mend();
    await revive(id);
    expect(await world.run(id, job)).toBe('ended');
    expect(ran.filter((name) => name === 'bad')).toHaveLength(2);
    expect((await world.outcome(id)).status).toBe('COMPLETED');
  });

  it('leaves alone what a decision of the job has taken', async () => {
    const end = Promise.withResolvers<void>();
    const failing = (name: string) =>
      task(() => {
        ran.push(name);
        throw new Error('as it does');
      });
    const ran: string[] = [];
    let isMended = false;
    const job = jobOf(
      [
        { name: 'long', dependsOn: [], body: task(() => end.promise) },
        { name: 'tried', dependsOn: [], on: [{ exitCode: 'FAIL*', to: { step: 'else' } }], body: failing('tried') },
        { name: 'else', dependsOn: [], body: task(() => ran.push('else')) },
        {
          name: 'bad',
          dependsOn: ['else'],
          body: task(() => {
            ran.push('bad');
            if (!isMended) throw new Error('not mended');
          }),
        },
      ],
      { onFailure: 'continue' },
    );
    const id = await world.launch(job);
    const session = await world.take(id);
    const running = runExecution(session, job, world.tools, never);
    await vi.waitFor(async () => expect(await failedOf(id)).toBe(2));
    isMended = true;
    await revive(id, world, [job]);
    const { execution, steps } = await world.outcome(id);
    expect(execution.revived).toEqual(steps.filter(({ stepName }) => stepName === 'bad').map((step) => step.id));
    await session.refresh();
    await vi.waitFor(async () => expect((await world.outcome(id)).rows).toContain('bad COMPLETED'));
    await expect(revive(id, world, [job])).rejects.toThrow(/taken by decisions of the job.*\(tried\)/);
    end.resolve();
    expect(await running).toBe('ended');
    expect(ran).toEqual(['tried', 'else', 'bad', 'bad']);
    expect((await world.outcome(id)).status).toBe('COMPLETED');
  });

  it('is refused where nothing has failed, and where it has ended', async () => {
    const { job, end, mend } = listOf();
    mend();
    const id = await world.launch(job);
    await expect(revive(id)).rejects.toThrow(/is STARTING, so it cannot be revived/);
    const running = world.run(id, job);
    await vi.waitFor(async () => expect((await world.outcome(id)).rows).toContain('after COMPLETED'));
    const before = (await world.outcome(id)).execution;
    await expect(revive(id)).rejects.toThrow(/Nothing of execution 1 has failed yet/);
    expect((await world.outcome(id)).execution).toEqual(before);
    end.resolve();
    await running;
    await expect(revive(id)).rejects.toThrow(/is COMPLETED, so it cannot be revived/);
  });
});
