import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { documentKeys } from '../../src/domain/execution-documents.ts';
import { decodeLease } from '../../src/domain/lease.ts';
import type { Commit, CommitOutcome } from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { Conductor } from '../../src/runner/conductor.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { createLogs } from '../../src/runner/step-log.ts';
import type { TaskBody } from '../../src/runner/step-body.ts';
import type { Caller } from '../../src/service/commands.ts';
import { createSettableClock } from '../settable-clock.ts';
import { createManualTimers, type ManualTimers } from './manual-timers.ts';
import { nobody, type OneProcess, type OneProcessOptions, startOneProcess } from './one-process.ts';
import { jobOf } from './world.ts';

const task = (run: TaskBody['run']): TaskBody => ({ kind: 'task', run });
describe('a launch where a conductor runs in the same process', () => {
  let stores: Stores;
  let timers: ManualTimers;
  let folder: string;
  let commits: Commit[];
  let problems: unknown[];
  let conductors: Conductor[];
  /** Called in place of the store for each commit that a process of ours asks for. */
  let onCommit: (commit: Commit, store: (commit: Commit) => Promise<CommitOutcome>) => Promise<CommitOutcome>;
  beforeEach(async () => {
    stores = await createMemoryStores({ clock: createSettableClock('2026-11-21T12:00:00') });
    timers = createManualTimers();
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-taken-'));
    [commits, problems, conductors] = [[], [], []];
    onCommit = (commit, store) => store(commit);
  });
  afterEach(async () => {
    await Promise.all(conductors.map((conductor) => conductor.stop()));
    await stores.upkeep.close();
    rmSync(folder, { recursive: true, force: true });
    expect(problems).toEqual([]);
  });

  const logs = () => createLogs({ folder, now: timers.wall });

  async function start(jobs: readonly RunnableJob[], options: Partial<OneProcessOptions> = {}): Promise<OneProcess> {
    const onProblem = (error: unknown): void => void problems.push(error);
    const process = await startOneProcess({ stores: watched(), timers, folder, jobs, onProblem, ...options });
    conductors.push(process.conductor);
    return process;
  }

  /** What is committed besides signs of life is noted. */
  function watched(): Stores {
    const commit = (asked: Commit): Promise<CommitOutcome> => {
      if (asked.changes.every((change) => change.kind === 'document' && change.collection === 'conductor'))
        return stores.store.commit(asked);
      commits.push(asked);
      return onCommit(asked, (given) => stores.store.commit(given));
    };
    return { ...stores, store: { commit } };
  }

  const ends = ({ services }: OneProcess, id: number, status: string): Promise<void> =>
    vi.waitFor(async () => expect((await services.executions.get(id)).status).toBe(status));
  const leaseOf = async (id: number) => {
    const [stored] = await stores.documents.get([documentKeys.lease(id)]);
    return stored == null ? null : { revision: stored.revision, ...decodeLease(stored.text) };
  };
  const away = (): BatchyError => new BatchyError('store-unavailable', 'the store is away');
  const quick = jobOf([{ name: 'Step', body: task(() => undefined) }]);

  /** A job whose step waits until it is let go, and ends at once when it is told to stop. */
  function gated(name = 'Gated') {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const body = task(({ signal }) => {
      begun.resolve();
      signal.addEventListener('abort', () => gate.reject(signal.reason));
      return gate.promise;
    });
    gate.promise.catch(() => undefined);
    return { job: jobOf([{ name: 'Step', body }], { name }), begun: begun.promise, open: () => gate.resolve() };
  }

  it('is stored with the lease, the start and the first step: two commits in all', async () => {
    const here = await start([quick]);
    const { id, status } = await here.launch(quick);
    expect(status).toBe('STARTING');
    await ends(here, id, 'COMPLETED');
    expect(
      commits.map(({ journal }) => journal.map(({ execution }) => `${execution?.stepName} ${execution?.after}`)),
    ).toEqual([
      ['null STARTING', 'null STARTED', 'Step STARTED'],
      ['Step COMPLETED', 'null COMPLETED'],
    ]);
    expect(await leaseOf(id)).toMatchObject({ revision: 1, conductor: 'here' });
    expect((await here.services.executions.instance(1)).lastExecutionId).toBe(id);
  });

  it('goes on with what an execution before it has left, and hands its context on', async () => {
    let fails = true;
    const job = jobOf([
      { name: 'First', body: task(({ context }) => context.set('found', 'it')) },
      {
        name: 'Second',
        body: task(({ context }) => {
          if (fails) throw new Error('not yet');
          context.set('again', context.get('found') ?? null);
        }),
      },
    ]);
    const here = await start([job]);
    const first = await here.launch(job);
    await ends(here, first.id, 'FAILED');
    fails = false;
    const second = await here.launch(job);
    await ends(here, second.id, 'COMPLETED');
    expect(second.instanceId).toBe(first.instanceId);
    expect((await here.services.executions.steps(second.id)).map(({ stepName }) => stepName)).toEqual(['Second']);
    expect(Object.fromEntries(await here.services.executions.context(second.id))).toEqual({ found: 'it', again: 'it' });
    // None of them in vain.
    expect(commits).toHaveLength(5);
  });

  it('waits in the store where there is no room, and nobody who comes later goes before it', async () => {
    const [first, second, third] = [gated('First'), gated('Second'), gated('Third')];
    const seen = watched();
    let looking = Promise.withResolvers<void>();
    looking.resolve();
    const scan: Stores['documents']['scan'] = async (page) => {
      await looking.promise;
      return seen.documents.scan(page);
    };
    const here = await start([first.job, second.job, third.job], {
      stores: { ...seen, documents: { ...seen.documents, scan } },
      concurrency: 1,
    });
    const { id } = await here.launch(first.job);
    await first.begun;
    looking = Promise.withResolvers<void>();
    const waiting = await here.launch(second.job);
    expect(await leaseOf(waiting.id)).toBeNull();
    first.open();
    await ends(here, id, 'COMPLETED');
    // Nobody has looked yet for what waits.
    const late = await here.launch(third.job);
    expect(await leaseOf(late.id)).toBeNull();
    looking.resolve();
    await second.begun;
    second.open();
    third.open();
    await ends(here, late.id, 'COMPLETED');
  });

  it('waits in a queue that was paused a moment before, though nobody has looked since', async () => {
    const [first, second] = [gated('First'), gated('Second')];
    const here = await start([first.job, second.job]);
    const { id } = await here.launch(first.job);
    await first.begun;
    const nothing = { status: 204, headers: {}, body: '' };
    await here.services.queues.pause('default', null, nobody, () => nothing);
    const late = await here.launch(second.job);
    expect(await leaseOf(late.id)).toBeNull();
    expect(await here.services.executions.awaits(await here.services.executions.get(late.id))).toBe(
      'queue default is paused by somebody',
    );
    first.open();
    second.open();
    await ends(here, id, 'COMPLETED');
    expect((await here.services.executions.get(late.id)).status).toBe('STARTING');
    await here.services.queues.resume('default', nobody, () => nothing);
    await vi.waitFor(async () => {
      timers.advance(1000);
      expect((await here.services.executions.get(late.id)).status).toBe('COMPLETED');
    });
  });

  it('waits for a place where its queue may have only so many run', async () => {
    const [first, second] = [gated('First'), gated('Second')];
    const here = await start([first.job, second.job]);
    const nothing = { status: 204, headers: {}, body: '' };
    await here.services.queues.limit('default', { places: 1 }, null, nobody, () => nothing);
    const { id } = await here.launch(first.job);
    await first.begun;
    const late = await here.launch(second.job);
    expect(await leaseOf(late.id)).toBeNull();
    first.open();
    // No time passes: who sees it end begins the next.
    await second.begun;
    second.open();
    await ends(here, late.id, 'COMPLETED');
    expect((await here.services.executions.get(id)).status).toBe('COMPLETED');
  });

  it('takes the place of an execution of which only the end is left to store', async () => {
    const end = Promise.withResolvers<void>();
    onCommit = async (commit, store) => {
      if (commit.journal.some(({ execution }) => execution?.jobName === 'Gated' && execution.after === 'COMPLETED'))
        await end.promise;
      return store(commit);
    };
    const first = gated();
    const here = await start([first.job, quick], { concurrency: 1 });
    const ending = await here.launch(first.job);
    first.open();
    await vi.waitFor(() => expect(commits).toHaveLength(2));
    const { id } = await here.launch(quick);
    await ends(here, id, 'COMPLETED');
    end.resolve();
    await ends(here, ending.id, 'COMPLETED');
  });

  it('is tried again where something changed in between, and runs once', async () => {
    let conflicts = 2;
    let runs = 0;
    onCommit = async (commit, store) => ((conflicts -= 1) >= 0 ? { kind: 'conflict' } : store(commit));
    const job = jobOf([{ name: 'Step', body: task(() => void (runs += 1)) }]);
    const here = await start([job]);
    const { id } = await here.launch(job);
    await ends(here, id, 'COMPLETED');
    expect(runs).toBe(1);
    const { text } = await logs().read(id, null, 0, 10_000);
    expect(text.match(/ begins /g)).toHaveLength(1);
  });

  it('is refused where what it goes on with is abandoned in between', async () => {
    const job = jobOf([{ name: 'Step', body: task(() => Promise.reject(new Error('never'))) }]);
    const here = await start([job]);
    const { id } = await here.launch(job);
    await ends(here, id, 'FAILED');
    const noAnswer = () => ({ status: 200, headers: {}, body: '' });
    onCommit = async (commit, store) => {
      onCommit = (given, plain) => plain(given);
      await here.services.executions.abandon(id, nobody, noAnswer);
      return store(commit);
    };
    await expect(here.launch(job)).rejects.toMatchObject({ code: 'abandoned' });
  });

  it('runs once for many requests with one Idempotency-Key, in whichever process they come', async () => {
    let runs = 0;
    const job = jobOf([{ name: 'Step', body: task(() => void (runs += 1)) }]);
    const processes = await Promise.all(['one', 'two', 'three'].map((id) => start([job], { id })));
    const caller: Caller = { name: 'somebody', idempotency: { key: 'k', request: 'launch' } };
    const launched = await Promise.all(processes.flatMap(({ launch }) => [launch(job, caller), launch(job, caller)]));
    expect(new Set(launched.map(({ id }) => id)).size).toBe(1);
    await ends(processes[0] as OneProcess, launched[0]?.id ?? 0, 'COMPLETED');
    expect(runs).toBe(1);
  });

  it.each([
    ['away', 'store-unavailable'],
    ['full', 'store-full'],
  ] as const)('is refused where the store is %s, and nothing runs', async (what, code) => {
    const job = jobOf([{ name: 'Step', body: task(() => expect.unreachable('it was not launched')) }]);
    const here = await start([job, quick]);
    onCommit = () => Promise.reject(new BatchyError(code, `the store is ${what}`));
    await expect(here.launch(job)).rejects.toMatchObject({ code });
    onCommit = (commit, store) => store(commit);
    timers.advance(1000);
    const { id } = await here.launch(quick);
    await ends(here, id, 'COMPLETED');
    expect(here.conductor.runs()).toEqual([]);
  });

  it.each([
    ['away', 'store-unavailable'],
    ['full', 'store-full'],
  ] as const)('is the launcher’s to store where the store is %s for a step’s number', async (what, code) => {
    const seen = watched();
    const fails = new BatchyError(code, `the store is ${what}`);
    const reserve: Stores['documents']['reserve'] = (sequence, count) =>
      sequence === 'step' && commits.length === 0 ? Promise.reject(fails) : seen.documents.reserve(sequence, count);
    const here = await start([quick], { stores: { ...seen, documents: { ...seen.documents, reserve } } });
    const { id } = await here.launch(quick);
    await ends(here, id, 'COMPLETED');
    expect(commits).toHaveLength(3);
  });

  it('runs, as no takeover, where it was stored although nobody heard of it', async () => {
    const job = jobOf([{ name: 'Step', body: task(() => undefined) }], { onOwnerLost: 'fail' });
    const here = await start([job]);
    onCommit = async (commit, store) => {
      await store(commit);
      throw away();
    };
    await expect(here.launch(job)).rejects.toThrow('the store is away');
    onCommit = (commit, store) => store(commit);
    await vi.waitFor(async () => {
      timers.advance(250);
      expect(await here.services.executions.get(1)).toMatchObject({ status: 'COMPLETED', takeovers: 0 });
    });
  });

  it('stops when it is asked to right after', async () => {
    const { job, begun } = gated();
    const here = await start([job]);
    const { id } = await here.launch(job);
    await here.services.executions.stop(id, nobody, () => ({ status: 202, headers: {}, body: '' }));
    await begun;
    await ends(here, id, 'STOPPED');
  });

  it('is launched all the same where the conductor ends in that moment, and another runs it', async () => {
    const { job, begun, open } = gated();
    const stopping = Promise.withResolvers<void>();
    onCommit = async (commit, store) => {
      await stopping.promise;
      return store(commit);
    };
    const here = await start([job]);
    const launching = here.launch(job);
    await vi.waitFor(() => expect(commits).toHaveLength(1));
    const stopped = here.conductor.stop();
    stopping.resolve();
    const { id } = await launching;
    await stopped;
    const there = await start([job], { id: 'there' });
    await begun;
    open();
    await ends(there, id, 'COMPLETED');
    expect(await there.services.executions.get(id)).toMatchObject({ takeovers: 0 });
  });

  it('is run by another, or never was, when the process dies before or after any of its commits', async () => {
    for (const commit of [1, 2])
      for (const isStored of [false, true]) {
        let runs = 0;
        const job = jobOf([{ name: 'Step', body: task(() => void (runs += 1)) }], { name: `Job${commit}${isStored}` });
        let count = 0;
        let isDead = false;
        const mortal = watched();
        const dying: Stores = {
          ...mortal,
          store: {
            async commit(asked) {
              if (asked.changes.some((change) => change.kind === 'document' && change.collection === 'conductor'))
                return stores.store.commit(asked);
              if (isDead) return new Promise<never>(() => {});
              count += 1;
              if (count < commit) return stores.store.commit(asked);
              isDead = true;
              if (isStored) await stores.store.commit(asked);
              return new Promise<never>(() => {});
            },
          },
        };
        const dead = `dead-${commit}-${isStored}`;
        // Its timers stand still: there is no sign of life of it.
        const process = await start([job], { id: dead, stores: dying, timers: createManualTimers() });
        conductors.pop();
        void process.launch(job);
        await vi.waitFor(() => expect(isDead).toBe(true));
        const other = await start([job], { id: `other-${dead}` });
        const isOver = commit === 2 && isStored;
        if (commit === 2 || isStored) {
          await vi.waitFor(
            async () => {
              timers.advance(1000);
              await new Promise(setImmediate);
              const { lastExecution } = await other.services.jobs.get(job.definition.name);
              expect(lastExecution).toMatchObject({ status: 'COMPLETED', takeovers: isOver ? 0 : 1 });
            },
            { timeout: 10_000, interval: 1 },
          );
          expect(runs).toBe(commit === 2 && !isStored ? 2 : 1);
        } else {
          timers.advance(60_000);
          await new Promise(setImmediate);
          expect((await other.services.jobs.get(job.definition.name)).lastExecution).toBeNull();
          expect(runs).toBe(0);
        }
        await other.conductor.stop();
      }
  });
});
