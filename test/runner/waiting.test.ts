import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { JobExecution } from '../../src/domain/execution.ts';
import type { Work } from '../../src/domain/work.ts';
import type { ConsumeOptions, Dispatcher, Taken } from '../../src/ports/dispatcher.ts';
import { createCapabilities } from '../../src/runner/capabilities.ts';
import { createConductor, type Conductor } from '../../src/runner/conductor.ts';
import type { ConductorOptions } from '../../src/runner/conductor-options.ts';
import { createHeartbeat } from '../../src/runner/heartbeat.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { claimables } from '../../src/runner/lease-taking.ts';
import { createManualTimers, type ManualTimers, passSeconds } from './manual-timers.ts';
import { createWorld, jobOf, type World } from './world.ts';

let world: World;
let timers: ManualTimers;
let problems: unknown[];
let began: string[];
let letGo: () => void;
let gate: Promise<void>;
const conductors: Conductor[] = [];

beforeEach(async () => {
  timers = createManualTimers();
  world = await createWorld({ timers });
  problems = [];
  began = [];
  gate = new Promise((resolve) => {
    letGo = resolve;
  });
});
afterEach(async () => {
  letGo();
  await Promise.all(conductors.splice(0).map((conductor) => conductor.stop()));
  await world.close();
  expect(problems).toEqual([]);
});

/** A job that tells that it has begun. @param run what it does then */
function told(name: string, run: () => unknown = () => undefined): RunnableJob {
  const body = { kind: 'task', run: () => (began.push(name), run()) } as const;
  return jobOf([{ name: 'Step', body }], { name });
}

let operations = 0;
async function conduct(jobs: readonly RunnableJob[], options: Partial<ConductorOptions> = {}): Promise<Conductor> {
  const conductor = createConductor({
    ...world.tools,
    stores: world.stores,
    catalog: { get: (name) => jobs.find(({ definition }) => definition.name === name) },
    id: 'here',
    leaseSeconds: 15,
    concurrency: 1,
    lookEveryMilliseconds: 1000,
    onProblem: (error) => problems.push(error),
    ...options,
  });
  conductors.push(conductor);
  await conductor.start();
  return conductor;
}

const launchAll = async (
  jobs: readonly RunnableJob[],
  waits: readonly Pick<JobExecution, 'queue' | 'priority' | 'notBefore'>[],
): Promise<number[]> => {
  const ids: number[] = [];
  for (const [index, job] of jobs.entries()) ids.push(await world.launch(job, { waits: waits[index] ?? {} }));
  return ids;
};

const hasBegun = (names: readonly string[]): Promise<void> => vi.waitFor(() => expect(began).toEqual(names));

describe('what waits for a conductor that asks the store', () => {
  it('is begun by priority, and by age within one', async () => {
    const names = ['Low', 'Normal', 'High1', 'VeryLow', 'High2', 'VeryHigh'];
    const jobs = names.map((name) => told(name));
    await launchAll(jobs, [
      { priority: 'low' },
      {},
      { priority: 'high' },
      { priority: 'very_low' },
      { priority: 'high' },
      { priority: 'very_high' },
    ]);
    await conduct(jobs);
    await hasBegun(['VeryHigh', 'High1', 'High2', 'Normal', 'Low', 'VeryLow']);
  });

  it('is begun by priority over several queues, and left alone in others', async () => {
    const jobs = ['Slow', 'Fast', 'Elsewhere', 'Usual'].map((name) => told(name));
    const elsewhere = jobs[2] as RunnableJob;
    jobs[2] = { ...elsewhere, definition: { ...elsewhere.definition, queue: 'other' } };
    await launchAll(jobs, [{ queue: 'etl', priority: 'low' }, { queue: 'etl', priority: 'high' }, { queue: 'other' }]);
    const lines = ['default', 'etl'].map((queue) => ({ queue, capabilities: [] }));
    await conduct(jobs, { lines });
    await hasBegun(['Fast', 'Usual', 'Slow']);
    await passSeconds(timers, 60);
    expect(began).toHaveLength(3);
  });

  it('is found in the queue in which it was launched, though its job waits in another one since', async () => {
    const job = told('Renamed');
    const before = await world.launch(job, { waits: { queue: 'before' } });
    await conduct([{ ...job, definition: { ...job.definition, queue: 'since' } }], {
      lines: [{ queue: 'since', capabilities: [] }],
    });
    await hasBegun(['Renamed']);
    await vi.waitFor(async () => expect((await world.outcome(before)).status).toBe('COMPLETED'));
  });

  it('is not begun before its time, and then before what has less priority', async () => {
    const jobs = ['Later', 'Now', 'Soon'].map((name) => told(name));
    const now = world.clock.peek();
    const seconds = (count: number): bigint => now + BigInt(count) * 1_000_000_000n;
    await launchAll(jobs, [{ notBefore: seconds(3600) }, {}, { notBefore: seconds(60) }]);
    await conduct(jobs);
    await hasBegun(['Now']);
    await passSeconds(timers, 3);
    expect(began).toEqual(['Now']);
    world.clock.advance({ seconds: 60 });
    await passSeconds(timers, 1);
    await hasBegun(['Now', 'Soon']);
    world.clock.advance({ hours: 1 });
    await passSeconds(timers, 1);
    await hasBegun(['Now', 'Soon', 'Later']);
  });

  it('is begun by priority, and by age within one, when its time has come, too', async () => {
    const names = ['VeryLow', 'Normal', 'VeryHigh', 'High', 'Usual'];
    const jobs = names.map((name) => told(name));
    const notBefore = world.clock.peek() + 60_000_000_000n;
    await launchAll(jobs, [
      { priority: 'very_low', notBefore },
      { notBefore: notBefore + 1_000_000_000n },
      { priority: 'very_high', notBefore: notBefore + 2_000_000_000n },
      { priority: 'high' },
    ]);
    world.clock.advance({ seconds: 90 });
    await conduct(jobs);
    await hasBegun(['VeryHigh', 'High', 'Normal', 'Usual', 'VeryLow']);
  });

  it('is begun when its time has come, though very much of it cannot be begun here', async () => {
    const gpu = told('Gpu');
    const needing = { ...gpu, definition: { ...gpu.definition, capabilities: ['gpu'] } };
    const notBefore = world.clock.peek() + 1_000_000_000n;
    for (let count = 0; count < 100; count += 1) await world.launch(needing, { waits: { notBefore }, forced: true });
    const other = told('Other');
    await world.launch(other, { waits: { notBefore: notBefore + 1_000_000_000n } });
    world.clock.advance({ seconds: 10 });
    await conduct([needing, other]);
    await hasBegun(['Other']);
  });

  it('is not taken for a stray while its conductor lives, however much else is there; then it is', async () => {
    const jobs = Array.from({ length: 40 }, (_each, index) => told(`Job${index}`));
    const ids = await launchAll(jobs, []);
    // Two who are gone own what lies far apart, one lives and owns the rest.
    const beat = createHeartbeat({
      stores: world.stores,
      conductor: 'living',
      everyMilliseconds: 5000,
      timers,
      operationId: () => `beat-${(operations += 1)}`,
      onProblem: (error) => problems.push(error),
    });
    await beat.start();
    const dead = ['dead1', 'dead2'].map((conductor) =>
      createHeartbeat({
        stores: world.stores,
        conductor,
        everyMilliseconds: 1e9,
        timers,
        operationId: () => `beat-${(operations += 1)}`,
        onProblem: (error) => problems.push(error),
      }),
    );
    for (const each of dead) await each.start();
    const ownerOf = (index: number): string => (index === 0 ? 'dead1' : index === 39 ? 'dead2' : 'living');
    for (const [index, id] of ids.entries()) await world.take(id, ownerOf(index));
    await conduct(jobs);
    await passSeconds(timers, 14);
    expect(began).toEqual([]);
    await passSeconds(timers, 6);
    await hasBegun(['Job0', 'Job39']);
    await passSeconds(timers, 30);
    expect(began).toHaveLength(2);
    await beat.stop();
    for (const each of dead) await each.stop();
  });
});

describe('what is handed to a conductor', () => {
  interface Hand extends Dispatcher {
    readonly dispatched: Work[];
    readonly room: () => number;
    readonly give: (executionId: number) => Promise<Taken>;
    readonly isStopped: () => boolean;
  }

  function createHand(): Hand {
    const dispatched: Work[] = [];
    let room = 0;
    let stopped = false;
    let consuming: ConsumeOptions | null = null;
    return {
      dispatched,
      room: () => room,
      isStopped: () => stopped,
      give: (executionId) => consuming?.take(executionId) ?? Promise.reject(new Error('nobody is there')),
      dispatch: async (work) => void dispatched.push(work),
      consume(options) {
        consuming = options;
        return {
          setRoom: (free) => {
            room = free;
          },
          stop: async () => {
            stopped = true;
          },
        };
      },
      close: async () => {},
    };
  }

  it('is run to its end, and nothing is taken that is not handed over', async () => {
    const jobs = [told('One', () => gate), told('Other')];
    const [one = 0, other = 0] = await launchAll(jobs, []);
    const dispatcher = createHand();
    const conductor = await conduct(jobs, { dispatcher, concurrency: 2 });
    expect(dispatcher.room()).toBe(2);
    const given = dispatcher.give(one);
    await hasBegun(['One']);
    expect(dispatcher.room()).toBe(1);
    conductor.look();
    await passSeconds(timers, 2);
    expect(began).toEqual(['One']);
    expect(await dispatcher.give(one)).toEqual({ kind: 'over' });
    letGo();
    expect(await given).toEqual({ kind: 'over' });
    expect((await world.outcome(one)).status).toBe('COMPLETED');
    expect(await dispatcher.give(one)).toEqual({ kind: 'over' });
    expect(await dispatcher.give(other)).toEqual({ kind: 'over' });
    expect((await world.outcome(other)).status).toBe('COMPLETED');
    expect(dispatcher.room()).toBe(2);
  });

  it('is given back where there is no room, it is too early, or it cannot be run here', async () => {
    const busy = told('Busy', () => gate);
    const jobs = [
      busy,
      told('Early'),
      jobOf([{ name: 'Step', body: { kind: 'task', run: () => undefined } }], { name: 'Gpu' }),
    ];
    const [gpu] = jobs.slice(2).map((job) => ({ ...job, definition: { ...job.definition, capabilities: ['gpu'] } }));
    const notBefore = world.clock.peek() + 90_000_000_000n;
    const [held = 0, early = 0] = await launchAll(jobs.slice(0, 2), [{}, { notBefore }]);
    const unable = await world.launch(gpu as RunnableJob);
    const unknown = await world.launch(told('Unknown'));
    const dispatcher = createHand();
    await conduct([busy, jobs[1] as RunnableJob, gpu as RunnableJob], { dispatcher });
    expect(await dispatcher.give(early)).toMatchObject({ kind: 'later', milliseconds: 90_000 });
    for (const id of [unable, unknown])
      expect(await dispatcher.give(id)).toEqual({ kind: 'later', milliseconds: 1000 });
    const given = dispatcher.give(held);
    await hasBegun(['Busy']);
    expect(await dispatcher.give(early)).toEqual({ kind: 'later', milliseconds: 0 });
    letGo();
    await given;
    expect((await world.outcome(early)).status).toBe('STARTING');
  });

  it('is given back without an attempt where a capability says no', async () => {
    let isFree = false;
    const job = told('Port');
    const needing = { ...job, definition: { ...job.definition, capabilities: ['port_is_free'] } };
    const id = await world.launch(needing);
    const dispatcher = createHand();
    const capabilities = createCapabilities(
      [{ kind: 'capability', name: 'port_is_free', has: async () => isFree }],
      [],
      {
        timers,
        onProblem: (error) => problems.push(error),
      },
    );
    await conduct([needing], { dispatcher, capabilities });
    expect(await dispatcher.give(id)).toEqual({ kind: 'later', milliseconds: 1000 });
    expect(dispatcher.room()).toBe(1);
    isFree = true;
    expect(await dispatcher.give(id)).toEqual({ kind: 'over' });
    expect((await world.outcome(id)).execution.takeovers).toBe(0);
  });

  it('is handed on once more where nobody has taken it, after ever longer times', async () => {
    const jobs = [told('Lost'), told('Taken')];
    const [lost = 0, taken = 0] = await launchAll(jobs, [{ priority: 'high' }]);
    await world.take(taken, 'living');
    const beat = createHeartbeat({
      stores: world.stores,
      conductor: 'living',
      everyMilliseconds: 5000,
      timers,
      operationId: () => `beat-${(operations += 1)}`,
      onProblem: (error) => problems.push(error),
    });
    await beat.start();
    const dispatcher = createHand();
    await conduct(jobs, { dispatcher });
    await passSeconds(timers, 4);
    expect(dispatcher.dispatched).toEqual([]);
    await passSeconds(timers, 2);
    const work = { executionId: lost, queue: 'default', priority: 'high', capabilities: [], delayMilliseconds: 0 };
    expect(dispatcher.dispatched).toEqual([work]);
    await passSeconds(timers, 11);
    expect(dispatcher.dispatched).toEqual([work, work]);
    await passSeconds(timers, 15);
    expect(dispatcher.dispatched).toEqual([work, work]);
    await beat.stop();
  });

  it('is left to whoever runs it, however often it is handed over', async () => {
    const job = told('Once', () => gate);
    const id = await world.launch(job);
    const [hand, other] = [createHand(), createHand()];
    await conduct([job], { dispatcher: hand });
    const given = hand.give(id);
    await hasBegun(['Once']);
    await conduct([job], { dispatcher: other, id: 'there' });
    for (let time = 0; time < 3; time += 1) expect(await other.give(id)).toEqual({ kind: 'over' });
    letGo();
    expect(await given).toEqual({ kind: 'over' });
    expect(began).toEqual(['Once']);
    expect((await world.outcome(id)).execution).toMatchObject({ status: 'COMPLETED', takeovers: 0 });
  });

  it('is begun once where it is handed over twice at the same moment', async () => {
    const job = told('Once', () => gate);
    const id = await world.launch(job);
    const dispatcher = createHand();
    await conduct([job], { dispatcher, concurrency: 3 });
    const [first, second] = [dispatcher.give(id), dispatcher.give(id)];
    await hasBegun(['Once']);
    expect(await Promise.race([first, second])).toEqual({ kind: 'over' });
    await passSeconds(timers, 10);
    expect(dispatcher.room()).toBe(2);
    letGo();
    expect(await Promise.all([first, second])).toEqual([{ kind: 'over' }, { kind: 'over' }]);
    expect(began).toEqual(['Once']);
    expect((await world.outcome(id)).execution).toMatchObject({ status: 'COMPLETED', takeovers: 0 });
  });

  it('is begun once where a look finds it while its message is asked whether it is too early', async () => {
    const job = told('Due', () => gate);
    const id = await world.launch(job, { waits: { notBefore: world.clock.peek() + 60_000_000_000n } });
    const { promise: late, resolve: answer } = Promise.withResolvers<void>();
    let isLate = false;
    const now = async () => {
      if (isLate) await late;
      return world.stores.clock.now();
    };
    const dispatcher = createHand();
    const stores = { ...world.stores, clock: { ...world.stores.clock, now } };
    await conduct([job], { dispatcher, concurrency: 3, stores });
    await passSeconds(timers, 1);
    world.clock.advance({ seconds: 60 });
    isLate = true;
    const given = dispatcher.give(id);
    await new Promise(setImmediate);
    isLate = false;
    await passSeconds(timers, 1);
    await hasBegun(['Due']);
    answer();
    expect(await given).toEqual({ kind: 'over' });
    await passSeconds(timers, 10);
    expect(dispatcher.room()).toBe(2);
    expect(began).toEqual(['Due']);
    expect((await world.outcome(id)).execution.takeovers).toBe(0);
  });

  it('is handed on however much stands before it that nobody can run', async () => {
    const job = told('Last');
    const unable = jobOf([{ name: 'Step', body: { kind: 'task', run: () => undefined } }], { name: 'Unable' });
    for (let each = 0; each < 100; each += 1) await world.launch(unable);
    const last = await world.launch(job, { waits: { priority: 'very_low' } });
    const dispatcher = createHand();
    await conduct([job], { dispatcher, onProblem: () => undefined });
    await passSeconds(timers, 12);
    expect(dispatcher.dispatched.map(({ executionId }) => executionId)).toEqual([last]);
  });

  it('is begun when its time has come by the clock of the store, whoever hands on goes by another', async () => {
    const job = told('Due');
    const id = await world.launch(job, { waits: { notBefore: world.clock.peek() + 60_000_000_000n } });
    await conduct([job], { dispatcher: createHand() });
    await passSeconds(timers, 3);
    expect(began).toEqual([]);
    world.clock.advance({ seconds: 60 });
    await passSeconds(timers, 1);
    await hasBegun(['Due']);
    await vi.waitFor(async () => expect((await world.outcome(id)).status).toBe('COMPLETED'));
  });

  it('is begun when its time has come, though nothing can be handed on', async () => {
    const [lost, due] = [told('Lost'), told('Due')];
    await world.launch(lost);
    await world.launch(due, { waits: { notBefore: world.clock.peek() + 60_000_000_000n } });
    const deaf = new Error('nobody hears');
    const onProblem = (error: unknown): void => expect(error).toBe(deaf);
    const dispatcher = { ...createHand(), dispatch: () => Promise.reject(deaf) };
    await conduct([lost, due], { dispatcher, onProblem });
    await passSeconds(timers, 6);
    world.clock.advance({ seconds: 60 });
    await passSeconds(timers, 1);
    await hasBegun(['Due']);
  });

  it('is taken as a stray once its owner is gone, whether or not it is handed over', async () => {
    const job = told('Orphan');
    const id = await world.launch(job);
    await world.take(id, 'gone');
    const dispatcher = createHand();
    await conduct([job], { dispatcher });
    expect(await dispatcher.give(id)).toEqual({ kind: 'over' });
    await hasBegun(['Orphan']);
    await vi.waitFor(async () => expect((await world.outcome(id)).status).toBe('COMPLETED'));
  });

  it('goes to others at once when its conductor stops', async () => {
    const job = jobOf([
      {
        name: 'Step',
        body: {
          kind: 'task',
          run: ({ signal }) =>
            new Promise((_resolve, reject) => {
              began.push('Long');
              signal.addEventListener('abort', () => reject(signal.reason as Error));
            }),
        },
      },
    ]);
    const id = await world.launch(job);
    const dispatcher = createHand();
    const conductor = await conduct([job], { dispatcher });
    const given = dispatcher.give(id);
    await hasBegun(['Long']);
    conductors.splice(0);
    await conductor.stop();
    expect(await given).toEqual({ kind: 'later', milliseconds: 0 });
    expect(dispatcher.isStopped()).toBe(true);
    expect(await dispatcher.give(id)).toEqual({ kind: 'later', milliseconds: 0 });
    expect((await claimables(world.stores, [id]))[0]?.lease?.conductor).toBeNull();
  });
});
