import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { executionIndexes } from '../../src/domain/document-index.ts';
import { documentChange } from '../../src/domain/execution-documents.ts';
import { queueBookDocument } from '../../src/domain/gate-text.ts';
import { usualSettings } from '../../src/domain/queue-settings.ts';
import type { ConsumeOptions, Dispatcher } from '../../src/ports/dispatcher.ts';
import { createCapabilities } from '../../src/runner/capabilities.ts';
import { createConductor, type Conductor } from '../../src/runner/conductor.ts';
import type { ConductorOptions } from '../../src/runner/conductor-options.ts';
import { createHeartbeat, type HeartbeatSender } from '../../src/runner/heartbeat.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { createManualTimers, type ManualTimers, passSeconds } from './manual-timers.ts';
import { createWorld, jobOf, type World } from './world.ts';

let world: World;
let timers: ManualTimers;
let began: string[];
/** Of what runs now, by its job's name. */
const ends = new Map<string, () => void>();
let conductor: Conductor | null = null;

beforeEach(async () => {
  timers = createManualTimers();
  world = await createWorld({ timers });
  began = [];
});
afterEach(async () => {
  for (const end of ends.values()) end();
  await conductor?.stop();
  await world.close();
});

/** A job that goes on until the test lets it end. */
function held(name: string): RunnableJob {
  const run = (): Promise<void> =>
    new Promise((resolve) => {
      began.push(name);
      ends.set(name, resolve);
    });
  return jobOf([{ name: 'Step', body: { kind: 'task', run } }], { name });
}

async function conduct(jobs: readonly RunnableJob[], options: Partial<ConductorOptions> = {}): Promise<void> {
  conductor = createConductor({
    ...world.tools,
    stores: world.stores,
    catalog: { get: (name) => jobs.find(({ definition }) => definition.name === name) },
    id: 'here',
    leaseSeconds: 15,
    concurrency: 1,
    lookEveryMilliseconds: 1000,
    onProblem: (error) => expect.unreachable(String(error)),
    ...options,
  });
  await conductor.start();
}

/** It is taken before anything of it is read. */
const limited = (job: RunnableJob): RunnableJob => ({ ...job, definition: { ...job.definition, maxRunning: 5 } });

const hasBegun = (names: readonly string[]): Promise<void> => vi.waitFor(() => expect(began).toEqual(names));

it('what has lost its owner comes before what waits, though no place is ever free when it is looked for', async () => {
  const jobs = ['First', 'Second', 'Third', 'Stray'].map(held);
  for (const job of jobs.slice(0, 3)) await world.launch(job);
  await conduct(jobs);
  await hasBegun(['First']);
  await world.take(await world.launch(jobs[3] as RunnableJob), 'gone');
  await passSeconds(timers, 4);
  ends.get('First')?.();
  await hasBegun(['First', 'Stray']);
  ends.get('Stray')?.();
  await hasBegun(['First', 'Stray', 'Second']);
});

it('what has lost its owner comes before what is handed over', async () => {
  const jobs = ['First', 'Second', 'Stray'].map(held);
  const handed: number[] = [];
  for (const job of jobs.slice(0, 2)) handed.push(await world.launch(job));
  await world.take(await world.launch(jobs[2] as RunnableJob), 'gone');
  const giveTo = async (take: ConsumeOptions['take']): Promise<void> => {
    const next = handed.shift();
    if (next !== undefined && (await take(next)).kind === 'later') handed.push(next);
  };
  // Gives whatever it has as soon as there is room.
  const dispatcher: Dispatcher = {
    dispatch: async () => {},
    consume: ({ take }) => ({
      setRoom(free) {
        if (free > 0) void giveTo(take);
      },
      stop: async () => {},
    }),
    close: async () => {},
  };
  await conduct(jobs, { dispatcher });
  await hasBegun(['First']);
  await passSeconds(timers, 4);
  ends.get('First')?.();
  await hasBegun(['First', 'Stray']);
  ends.get('Stray')?.();
  await hasBegun(['First', 'Stray', 'Second']);
});

it('what cannot be run here keeps nobody waiting', async () => {
  const jobs = ['First', 'Second', 'Foreign', 'Gpu'].map(held);
  const needing = { ...(jobs[3] as RunnableJob) };
  const gpu = { ...needing, definition: { ...needing.definition, capabilities: ['gpu'] } };
  await world.take(await world.launch(jobs[2] as RunnableJob), 'gone');
  await world.take(await world.launch(gpu), 'gone');
  for (const job of jobs.slice(0, 2)) await world.launch(job);
  await conduct([...jobs.slice(0, 2), gpu]);
  await hasBegun(['First']);
  await passSeconds(timers, 3);
  ends.get('First')?.();
  await hasBegun(['First', 'Second']);
});

it('what waits in a queue of others is read once, however long it waits', async () => {
  const jobs = ['Theirs', 'Stray'].map(held);
  const [theirs, stray] = jobs as [RunnableJob, RunnableJob];
  jobs[0] = { ...theirs, definition: { ...theirs.definition, queue: 'etl' } };
  for (let each = 0; each < 100; each += 1) await world.launch(theirs, { forced: true, waits: { queue: 'etl' } });
  const { documents } = world.stores;
  const get = documents.get.bind(documents);
  let read = 0;
  documents.get = (keys) => {
    read += keys.length;
    return get(keys);
  };
  await conduct(jobs);
  await passSeconds(timers, 1);
  read = 0;
  await passSeconds(timers, 10);
  expect(read).toBeLessThan(100);
  await world.take(await world.launch(stray), 'gone');
  await passSeconds(timers, 4);
  await hasBegun(['Stray']);
});

describe('where very much waits', () => {
  /** In a queue that is paused. */
  async function launchMuch(job: RunnableJob): Promise<void> {
    const paused = queueBookDocument(
      new Map([['default', { ...usualSettings, pause: { by: 'ann', since: 0n, reason: null } }]]),
    );
    const operation = { id: 'paused', fingerprint: '', answer: null, keepSeconds: 60 };
    await world.stores.store.commit({ operation, changes: [documentChange(null, paused)], journal: [] });
    for (let each = 0; each < 3000; each += 1) await world.launch(job, { forced: true });
  }

  async function muchWaits(): Promise<RunnableJob[]> {
    const [waits, stray] = ['Waits', 'Stray'].map(held) as [RunnableJob, RunnableJob];
    await launchMuch(waits);
    return [waits, stray];
  }

  function countScans(): () => number {
    const { documents } = world.stores;
    const scan = documents.scan.bind(documents);
    let scans = 0;
    documents.scan = (range) => {
      if (range.index === executionIndexes.live && range.beyond === null) scans += 1;
      return scan(range);
    };
    return () => scans;
  }

  /** @param clock by which it gives signs of life */
  async function beat(conductor: string, clock: ManualTimers): Promise<HeartbeatSender> {
    const { stores, tools } = world;
    const sender = createHeartbeat({
      ...tools,
      stores,
      timers: clock,
      conductor,
      everyMilliseconds: 5000,
      onProblem: (error) => expect.unreachable(String(error)),
    });
    await sender.start();
    return sender;
  }

  it('it is not looked through at each look, and what a conductor leaves behind is found at once', async () => {
    const jobs = await muchWaits();
    const living = await beat('living', timers);
    await world.take(await world.launch(jobs[1] as RunnableJob), 'living');
    await conduct(jobs);
    await passSeconds(timers, 10);
    const scans = countScans();
    await passSeconds(timers, 14);
    const before = scans();
    expect(before).toBeLessThan(4);
    expect(began).toEqual([]);
    // Behind a look at all that is live the next one is far.
    for (let second = 0; second < 10 && scans() === before; second += 1) await passSeconds(timers, 1);
    expect(scans()).toBe(before + 1);
    // It ends in good order, and hands back what it has.
    await living.stop();
    await passSeconds(timers, 3);
    await hasBegun(['Stray']);
  });

  it('what was handed over and came to grief once it was taken is gone on with soon', async () => {
    const jobs = await muchWaits();
    const id = await world.launch(limited(jobs[1] as RunnableJob), { waits: { queue: 'etl' } });
    const hand: { take?: ConsumeOptions['take'] } = {};
    const dispatcher: Dispatcher = {
      dispatch: async () => {},
      consume({ take }) {
        hand.take = take;
        return { setRoom: () => {}, stop: async () => {} };
      },
      close: async () => {},
    };
    const problems: unknown[] = [];
    const { documents } = world.stores;
    const lines = ['default', 'etl'].map((queue) => ({ queue, capabilities: [] }));
    await conduct(jobs.map(limited), { dispatcher, lines, onProblem: (problem) => problems.push(problem) });
    await passSeconds(timers, 10);
    const get = documents.get.bind(documents);
    documents.get = (keys) => {
      if (!keys.some(({ collection }) => collection === 'instance')) return get(keys);
      documents.get = get;
      return Promise.reject(new Error('it was away for a moment'));
    };
    expect(await hand.take?.(id)).toMatchObject({ kind: 'later' });
    expect(problems).toHaveLength(1);
    await passSeconds(timers, 5);
    await hasBegun(['Stray']);
  });

  it('what is left behind in the moment in which it becomes very much is found at once, too', async () => {
    const [waits, stray] = ['Waits', 'Stray'].map(held) as [RunnableJob, RunnableJob];
    const living = await beat('living', timers);
    await world.take(await world.launch(stray), 'living');
    await conduct([waits, stray]);
    await passSeconds(timers, 5);
    await launchMuch(waits);
    const scans = countScans();
    await vi.waitFor(async () => {
      await passSeconds(timers, 1);
      expect(scans()).toBeGreaterThan(0);
    });
    // That look is over.
    for (let turn = 0; turn < 5000; turn += 1) await new Promise(setImmediate);
    await living.stop();
    await passSeconds(timers, 2);
    await hasBegun(['Stray']);
  });

  it('what has lost its owner is gone on with within a lease and five seconds', async () => {
    const jobs = await muchWaits();
    const itsClock = createManualTimers();
    await beat('dies', itsClock);
    await world.take(await world.launch(jobs[1] as RunnableJob), 'dies');
    await conduct(jobs);
    for (let second = 0; second < 10; second += 1) {
      itsClock.advance(1000);
      await passSeconds(timers, 1);
    }
    expect(began).toEqual([]);
    await passSeconds(timers, 20);
    await hasBegun(['Stray']);
  });
});

it('what is refused again and again leaves a turn to what is new, however long that takes and however much of it there is', async () => {
  const [gpu, other] = ['Gpu', 'Other'].map(held) as [RunnableJob, RunnableJob];
  const needing = { ...gpu, definition: { ...gpu.definition, capabilities: ['gpu'] } };
  for (let each = 0; each < 12; each += 1) await world.take(await world.launch(needing, { forced: true }), 'gone');
  await world.launch(other);
  let answersAfter = 400;
  const asked = new Set<number>();
  const has = ({ executionId }: { readonly executionId: number }): Promise<boolean> =>
    new Promise((resolve) => {
      asked.add(executionId);
      timers.after(answersAfter, () => resolve(false));
    });
  const capabilities = createCapabilities([{ kind: 'capability', name: 'gpu', has }], [], {
    timers,
    onProblem: (error) => expect.unreachable(String(error)),
  });
  await conduct([needing, other], { capabilities });
  for (let turn = 0; turn < 300 && began.length === 0; turn += 1) await passMilliseconds(100);
  expect(began).toEqual(['Other']);
  expect(asked.size).toBe(12);
  answersAfter = 0;
  await passMilliseconds(1000);
});

async function passMilliseconds(milliseconds: number): Promise<void> {
  timers.advance(milliseconds);
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}
