import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { documentKeys } from '../../src/domain/execution-documents.ts';
import { defaultRetry } from '../../src/domain/job.ts';
import { createConductor, type Conductor } from '../../src/runner/conductor.ts';
import type { ConductorOptions } from '../../src/runner/conductor-options.ts';
import { runExecution } from '../../src/runner/engine.ts';
import { claimables, takeLease } from '../../src/runner/lease-taking.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { listReader } from '../../src/runner/items/iterable-reader.ts';
import { functionWriter } from '../../src/runner/items/memory-writers.ts';
import type { TaskBody } from '../../src/runner/step-body.ts';
import { createConductorRecords } from '../../src/service/conductor-records.ts';
import { createManualTimers, type ManualTimers } from './manual-timers.ts';
import { chunkBody, createWorld, jobOf, type World } from './world.ts';

const task = (run: TaskBody['run']): TaskBody => ({ kind: 'task', run });

describe('a conductor', () => {
  let world: World;
  let timers: ManualTimers;
  let problems: unknown[];
  const conductors: Conductor[] = [];
  beforeEach(async () => {
    timers = createManualTimers();
    world = await createWorld({ timers });
    problems = [];
  });
  afterEach(async () => {
    await Promise.all(conductors.splice(0).map((conductor) => conductor.stop()));
    await world.close();
    expect(problems).toEqual([]);
  });

  let operations = 0;
  async function conduct(jobs: readonly RunnableJob[], options: Partial<ConductorOptions> = {}): Promise<Conductor> {
    const conductor = createConductor({
      ...world.tools,
      stores: world.stores,
      catalog: { get: (name) => jobs.find(({ definition }) => definition.name === name) },
      id: 'here',
      leaseSeconds: 15,
      concurrency: 4,
      lookEveryMilliseconds: 1000,
      onProblem: (error) => problems.push(error),
      ...options,
    });
    conductors.push(conductor);
    await conductor.start();
    return conductor;
  }

  const statusOf = async (id: number): Promise<string> => (await world.outcome(id)).status;
  const ends = (id: number, status: string): Promise<void> =>
    vi.waitFor(async () => expect(await statusOf(id)).toBe(status));

  it('runs what was launched before it came, and what is launched while it is there', async () => {
    const job = jobOf([{ name: 'Step', body: task(() => undefined) }]);
    const before = await world.launch(job);
    await conduct([job]);
    await ends(before, 'COMPLETED');
    await ends(await world.launch(job, { forced: true }), 'COMPLETED');
  });

  it('leaves alone what it has no job for, and what another one runs', async () => {
    const mine = jobOf([{ name: 'Step', body: task(() => undefined) }]);
    const foreign = await world.launch(jobOf([{ name: 'Step', body: task(() => undefined) }], { name: 'Foreign' }));
    const owned = await world.launch(mine);
    await conduct([], { id: 'there' });
    await world.take(owned, 'there');
    await conduct([mine]);
    // Signs of life go on, so that its lease holds however much time passes.
    for (let second = 0; second < 60; second += 1) {
      timers.advance(1000);
      await new Promise(setImmediate);
    }
    expect([await statusOf(foreign), await statusOf(owned)]).toEqual(['STARTING', 'STARTING']);
    // Each tells once of what it has no job for; the other one has none for its own.
    await vi.waitFor(() => expect(problems).toHaveLength(3));
    const told = problems
      .splice(0)
      .map((problem) => Number(/Execution (\d+) is STARTING and nobody/.exec(String(problem))?.[1]))
      .sort((one, other) => one - other);
    expect(told).toEqual([foreign, foreign, owned]);
  });

  it('runs others beside one that cannot be read, and tries that one again after a rest', async () => {
    const broken = await world.launch(jobOf([{ name: 'Step', body: task(() => undefined) }], { name: 'Broken' }));
    const sound = await world.launch(jobOf([{ name: 'Step', body: task(() => undefined) }], { name: 'Sound' }));
    const { instance } = await world.outcome(broken);
    const key = documentKeys.instance(instance.id);
    const put = async (expected: number | null, text: string | null): Promise<void> => {
      operations += 1;
      const operation = { id: `put-${operations}`, fingerprint: '', answer: null, keepSeconds: 60 };
      const change = { kind: 'document', ...key, expected, text, add: [], remove: [] } as const;
      await world.stores.store.commit({ operation, changes: [change], journal: [] });
    };
    const [stored] = await world.stores.documents.get([key]);
    await put(stored?.revision ?? null, null);
    const jobs = ['Broken', 'Sound'].map((name) => jobOf([{ name: 'Step', body: task(() => undefined) }], { name }));
    await conduct(jobs, {
      concurrency: 1,
      onProblem(error) {
        problems.push(error);
        // It would try for ever, and leave no time for this test to end.
        if (problems.length > 100) for (const conductor of conductors) void conductor.stop();
      },
    });
    await ends(sound, 'COMPLETED');
    expect(problems.splice(0)).toMatchObject([{ code: 'unknown-execution' }]);
    await put(null, stored?.text ?? null);
    timers.advance(1000);
    await ends(broken, 'COMPLETED');
  });

  it('runs no more at a time than it may, and the rest afterwards', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let begun = 0;
    const jobs = gates.map((gate, index) =>
      jobOf([{ name: 'Step', body: task(() => ((begun += 1), gate.promise)) }], { name: `Job${index}` }),
    );
    const ids = [];
    for (const job of jobs) ids.push(await world.launch(job));
    await conduct(jobs, { concurrency: 2 });
    await vi.waitFor(() => expect(begun).toBe(2));
    gates[0]?.resolve();
    await vi.waitFor(() => expect(begun).toBe(3));
    for (const gate of gates) gate.resolve();
    for (const id of ids) await ends(id, 'COMPLETED');
  });

  it('stops an execution that somebody asked to stop', async () => {
    const begun = Promise.withResolvers<void>();
    const job = jobOf([
      {
        name: 'Step',
        body: task(({ signal }) => {
          begun.resolve();
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('interrupted')));
          });
        }),
      },
    ]);
    const id = await world.launch(job);
    await conduct([job]);
    await begun.promise;
    await world.requestStop(id);
    await ends(id, 'STOPPED');
    expect((await world.outcome(id)).rows).toEqual(['Step STOPPED']);
  });

  it('goes on with the execution of a conductor that died, in the same row', async () => {
    const written: number[] = [];
    let dies = true;
    const job = jobOf([
      { name: 'First', body: task(() => undefined) },
      {
        name: 'Load',
        body: chunkBody({
          reader: listReader([1, 2, 3, 4, 5]),
          writer: functionWriter<number>(async (items) => {
            if (dies && items.includes(3)) await new Promise(() => {});
            written.push(...items);
          }),
          chunkSize: 2,
        }),
      },
    ]);
    const id = await world.launch(job);
    // Its process hangs in the middle of a write, and its sign of life with it.
    const dead = await world.take(id, 'dead');
    void runExecution(dead, job, world.tools, new AbortController().signal);
    await vi.waitFor(async () => expect((await world.outcome(id)).steps[1]?.counters.commit).toBe(1));
    dies = false;
    await conduct([job]);
    await ends(id, 'COMPLETED');
    const { execution, rows, steps } = await world.outcome(id);
    expect(execution.takeovers).toBe(1);
    expect(rows).toEqual(['First COMPLETED', 'Load COMPLETED']);
    expect(steps[1]?.counters).toMatchObject({ read: 5, commit: 3 });
    expect(written).toEqual([1, 2, 3, 4, 5]);
  });

  it('counts an attempt of a program that was cut off, runs it once more, and tries it no more often than it may', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-cut-off-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const runs = path.join(folder, 'runs');
    const hanging = task(() => new Promise(() => {}));
    const failing = {
      kind: 'shell',
      argv: [`echo >> ${runs}; exit 1`],
      shell: true,
      passEnvironment: [],
      environment: {},
      workingDirectory: null,
    } as const;
    // With two attempts left it is run twice; with none once nevertheless, since it was not its fault.
    for (const [maxRetries, further] of [
      [2, 2],
      [0, 1],
    ] as const) {
      writeFileSync(runs, '');
      const name = `Cut${maxRetries}`;
      const retry = { ...defaultRetry, maxRetries, delaySeconds: 0 };
      const id = await world.launch(jobOf([{ name: 'Step', body: failing, retry }], { name }));
      const dead = await world.take(id, `dead${maxRetries}`);
      const begun = jobOf([{ name: 'Step', body: hanging, retry }], { name });
      void runExecution(dead, begun, world.tools, new AbortController().signal);
      await vi.waitFor(async () => expect((await world.outcome(id)).rows).toEqual(['Step STARTED']));
      await conduct([jobOf([{ name: 'Step', body: failing, retry }], { name })], { id: `next${maxRetries}` });
      await vi.waitFor(
        async () => {
          timers.advance(10);
          expect(await statusOf(id)).toBe('FAILED');
        },
        { timeout: 20_000 },
      );
      expect(readFileSync(runs, 'utf8')).toHaveLength(further);
      expect((await world.outcome(id)).steps.map(({ counters }) => counters.retry)).toEqual([further]);
    }
  });

  it('takes over only when the owner’s heartbeat has stood still for as long as a lease lasts', async () => {
    const job = jobOf([{ name: 'Step', body: task(() => undefined) }]);
    const there = await conduct([], { id: 'there', timers: createManualTimers() });
    const id = await world.launch(job);
    await world.take(id, 'there');
    await conduct([job]);
    for (let second = 0; second < 14; second += 1) {
      timers.advance(1000);
      await new Promise(setImmediate);
    }
    expect(await statusOf(id)).toBe('STARTING');
    await vi.waitFor(async () => {
      timers.advance(1000);
      expect(await statusOf(id)).toBe('COMPLETED');
    });
    expect((await world.outcome(id)).execution.takeovers).toBe(1);
    await there.stop();
  });

  it('14: ends an execution that has killed four conductors as FAILED, owner lost', async () => {
    const job = jobOf([{ name: 'Step', body: task(() => undefined) }]);
    const hanging = jobOf([{ name: 'Step', body: task(() => new Promise(() => {})) }]);
    const id = await world.launch(job);
    void runExecution(await world.take(id, 'dead0'), hanging, world.tools, new AbortController().signal);
    await vi.waitFor(async () => expect((await world.outcome(id)).rows).toEqual(['Step STARTED']));
    for (let death = 1; death <= 3; death += 1) {
      const [claimable] = await claimables(world.stores, [id]);
      const operation = { id: `death-${death}`, fingerprint: '', answer: null, keepSeconds: 60 };
      if (claimable !== undefined)
        await takeLease(world.stores, claimable, { conductor: `dead${death}`, operation, countsAsTakeover: true });
    }
    await conduct([job]);
    await ends(id, 'FAILED');
    const { execution, rows } = await world.outcome(id);
    expect(execution).toMatchObject({ exitMessage: 'owner lost', takeovers: 3 });
    expect(rows).toEqual(['Step FAILED']);
  });

  it('says in the log, and at the end, why its owner was lost, where that was seen', async () => {
    const records = createConductorRecords({ stores: world.stores, operationId: world.tools.operationId });
    const lose = async (job: RunnableJob): Promise<number> => {
      const id = await world.launch(job);
      await world.take(id, 'dead');
      return id;
    };
    const resumed = jobOf([{ name: 'Step', body: task(() => undefined) }], { name: 'Resumed' });
    const failing = jobOf([{ name: 'Step', body: task(() => undefined) }], { name: 'Failing', onOwnerLost: 'fail' });
    const dead = await conduct([], { id: 'dead', timers: createManualTimers() });
    const [goesOn, over] = [await lose(resumed), await lose(failing)];
    await records.ended('dead', 'ended with exit code 7', null);
    await conduct([resumed, failing]);
    await vi.waitFor(
      async () => {
        timers.advance(1000);
        expect([await statusOf(goesOn), await statusOf(over)]).toEqual(['COMPLETED', 'FAILED']);
      },
      { timeout: 10_000, interval: 1 },
    );
    await vi.waitFor(async () =>
      expect(await world.log(goesOn, null)).toContain(
        'the process that ran it ended with exit code 7; it goes on here, takeover 1 of 3 at most',
      ),
    );
    expect((await world.outcome(over)).execution.exitMessage).toBe('owner lost: its process ended with exit code 7');
    expect(await world.log(over, null)).toContain('ended with exit code 7; it may not be taken over again');
    await dead.stop();
  });

  it('counts no takeover where another execution has ended the process, however often', async () => {
    const records = createConductorRecords({ stores: world.stores, operationId: world.tools.operationId });
    const job = jobOf([{ name: 'Step', body: task(() => undefined) }], { maxTakeovers: 0 });
    const other = jobOf([{ name: 'Step', body: task(() => undefined) }], { name: 'Other', maxTakeovers: 0 });
    const [innocent, guilty] = [await world.launch(job), await world.launch(other)];
    const dead = await conduct([], { id: 'dead', timers: createManualTimers() });
    for (const id of [innocent, guilty]) await world.take(id, 'dead');
    await records.ended('dead', `was ended by execution ${guilty}`, guilty);
    await conduct([job, other]);
    await vi.waitFor(
      async () => {
        timers.advance(1000);
        expect([await statusOf(innocent), await statusOf(guilty)]).toEqual(['COMPLETED', 'FAILED']);
      },
      { timeout: 10_000, interval: 1 },
    );
    expect((await world.outcome(innocent)).execution.takeovers).toBe(0);
    expect(await world.log(innocent, null)).toMatch(/was ended by execution \d+; it goes on here$/m);
    await dead.stop();
  });

  it('fails at once what may not go on elsewhere', async () => {
    const job = jobOf([{ name: 'Step', body: task(() => undefined) }], { onOwnerLost: 'fail' });
    const id = await world.launch(job);
    await world.take(id, 'dead');
    await conduct([job]);
    await ends(id, 'FAILED');
    expect((await world.outcome(id)).execution).toMatchObject({ exitMessage: 'owner lost', takeovers: 0 });
  });

  it('hands back what it runs when it ends, and another goes on with it at once', async () => {
    let attempts = 0;
    const begun = Promise.withResolvers<void>();
    const job = jobOf([
      {
        name: 'Step',
        body: task(({ signal }) => {
          attempts += 1;
          if (attempts > 1) return undefined;
          begun.resolve();
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
          });
        }),
      },
    ]);
    const id = await world.launch(job);
    const first = await conduct([job], { id: 'first' });
    await begun.promise;
    await first.stop();
    expect((await world.outcome(id)).rows).toEqual(['Step STARTED']);
    await conduct([job], { id: 'second' });
    await ends(id, 'COMPLETED');
    expect((await world.outcome(id)).execution.takeovers).toBe(0);
    expect(attempts).toBe(2);
  });

  it('lets a step finish when it ends, begins nothing more, and ends what takes too long', async () => {
    const runs: string[] = [];
    const finish = Promise.withResolvers<void>();
    const told = (name: string, until: Promise<unknown>) => ({
      name,
      body: task(({ signal }) => {
        runs.push(name);
        const aborted = new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
        return Promise.race([until, aborted]);
      }),
    });
    const job = jobOf([told('First', finish.promise), told('Second', Promise.resolve())], { name: 'Short' });
    const hanging = jobOf([told('Hang', new Promise(() => {}))], { name: 'Long' });
    const [short, long] = [await world.launch(job), await world.launch(hanging)];
    const first = await conduct([job, hanging], { id: 'first', finishMilliseconds: 2000 });
    await vi.waitFor(() => expect(runs.toSorted()).toEqual(['First', 'Hang']));
    const stopped = first.stop();
    await new Promise(setImmediate);
    finish.resolve();
    await vi.waitFor(async () => expect((await world.outcome(short)).rows).toEqual(['First COMPLETED']));
    expect((await world.outcome(long)).rows).toEqual(['Hang STARTED']);
    timers.advance(2000);
    await stopped;
    expect((await world.outcome(long)).rows).toEqual(['Hang STARTED']);
    await conduct([job], { id: 'second' });
    await ends(short, 'COMPLETED');
    expect(runs.toSorted()).toEqual(['First', 'Hang', 'Second']);
  });

  it('drains: ends what it runs and takes nothing new', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const job = jobOf([{ name: 'Step', body: task(() => (begun.resolve(), gate.promise)) }]);
    const id = await world.launch(job);
    const other = jobOf([{ name: 'Step', body: task(() => undefined) }], { name: 'Other' });
    const conductor = await conduct([job, other]);
    await begun.promise;
    const drained = conductor.drain();
    const late = await world.launch(other);
    gate.resolve();
    await drained;
    expect([await statusOf(id), await statusOf(late)]).toEqual(['COMPLETED', 'STARTING']);
  });
});
