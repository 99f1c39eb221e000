import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import type { Commit } from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { runExecution } from '../../src/runner/engine.ts';
import { releaseLease } from '../../src/runner/lease-taking.ts';
import type { Logs } from '../../src/runner/step-log.ts';
import type { TaskBody } from '../../src/runner/step-body.ts';
import { createSettableClock } from '../settable-clock.ts';
import { createWorld, jobOf, type World } from './world.ts';

const task = (run: TaskBody['run'] = () => undefined): TaskBody => ({ kind: 'task', run });
const never = new AbortController().signal;

let world: World;
let commits: Commit[];
/** In place of the store's answer to a commit. */
let meddle: (commit: Commit, stores: Stores) => ReturnType<Stores['store']['commit']>;
beforeEach(async () => {
  const stores = await createMemoryStores({ clock: createSettableClock('2026-11-21T12:00:00') });
  commits = [];
  meddle = (commit, { store }) => store.commit(commit);
  world = await createWorld({
    stores: {
      ...stores,
      store: {
        async commit(commit) {
          commits.push(commit);
          return meddle(commit, stores);
        },
      },
    },
  });
});
afterEach(() => world.close());

describe('an execution that nobody has begun', () => {
  it('is taken with its first commit, by one of those who try', async () => {
    const ran: string[] = [];
    const job = jobOf([{ name: 'Step', body: task(() => void ran.push('Step')) }]);
    const id = await world.launch(job);
    const sessions = [await world.claim(id, 'one'), await world.claim(id, 'other')];
    const results = await Promise.all(
      sessions.map((session, index) => runExecution(session, job, { ...world.tools, by: `conductor ${index}` }, never)),
    );
    expect(results.toSorted()).toEqual(['ended', 'lost']);
    expect(ran).toEqual(['Step']);
    expect(await world.outcome(id)).toMatchObject({ status: 'COMPLETED', rows: ['Step COMPLETED'] });
    expect((await world.log(id, null)).match(/begins/g)).toHaveLength(2);
  });

  it('is known to be taken although the answer was lost and the store has forgotten that it did', async () => {
    const job = jobOf([{ name: 'Step', body: task() }]);
    const id = await world.launch(job);
    const session = await world.claim(id);
    let isLost = false;
    meddle = async (commit, { store }) => {
      if (isLost)
        return store.commit({ ...commit, operation: { ...commit.operation, id: `${commit.operation.id}-again` } });
      isLost = true;
      await store.commit(commit);
      throw new BatchyError('store-unavailable', 'no answer');
    };
    expect(await runExecution(session, job, world.tools, never)).toBe('ended');
    expect(await world.outcome(id)).toMatchObject({ status: 'COMPLETED', rows: ['Step COMPLETED'] });
  });

  it('is another’s where that one was faster, although both tokens are of the same number', async () => {
    const job = jobOf([{ name: 'Step', body: task() }]);
    const id = await world.launch(job);
    const session = await world.claim(id, 'slow');
    await world.take(id, 'fast');
    expect(await runExecution(session, job, world.tools, never)).toBe('lost');
    expect(await world.outcome(id)).toMatchObject({ status: 'STARTING', rows: [] });
    expect(await world.log(id, null)).toBe('');
  });

  it('is stopped where somebody asked for that before it began', async () => {
    const job = jobOf([{ name: 'Step', body: task() }]);
    const id = await world.launch(job);
    const session = await world.claim(id);
    await world.requestStop(id);
    expect(await runExecution(session, job, world.tools, never)).toBe('ended');
    expect((await world.outcome(id)).status).toBe('STOPPED');
  });

  it('is left alone where somebody has ended it', async () => {
    const job = jobOf([{ name: 'Step', body: task() }]);
    const id = await world.launch(job);
    const session = await world.claim(id, 'slow');
    await runExecution(await world.claim(id, 'fast'), job, world.tools, never);
    expect(await runExecution(session, job, world.tools, never)).toBe('lost');
    expect(await world.outcome(id)).toMatchObject({ status: 'COMPLETED', rows: ['Step COMPLETED'] });
  });
});

describe('the end of a step', () => {
  it('is stored with the beginning of the next, and the last with the end of all: before the next one runs', async () => {
    const seen: string[][] = [];
    const look = task(async () => void seen.push([...(await world.outcome(id)).rows]));
    const job = jobOf(['A', 'B', 'C'].map((name) => ({ name, body: look })));
    const id: number = await world.launch(job);
    commits = [];
    expect(await runExecution(await world.claim(id), job, world.tools, never)).toBe('ended');
    expect(commits).toHaveLength(4);
    expect(seen).toEqual([['A STARTED'], ['A COMPLETED', 'B STARTED'], ['A COMPLETED', 'B COMPLETED', 'C STARTED']]);
    expect((await world.outcome(id)).rows).toEqual(['A COMPLETED', 'B COMPLETED', 'C COMPLETED']);
  });

  it('is stored at once while another branch goes on', async () => {
    const job = jobOf([
      { name: 'Quick', dependsOn: [], body: task() },
      {
        name: 'Slow',
        dependsOn: [],
        body: task(() => expect.poll(async () => (await world.outcome(id)).rows).toContain('Quick COMPLETED')),
      },
      { name: 'Both', dependsOn: ['Quick', 'Slow'], body: task() },
    ]);
    const id: number = await world.launch(job);
    await world.run(id, job);
    expect((await world.outcome(id)).status).toBe('COMPLETED');
  });

  it('is stored before an execution is handed back', async () => {
    const handBack = new AbortController();
    const job = jobOf([
      { name: 'A', body: task() },
      { name: 'B', body: task() },
    ]);
    const id = await world.launch(job);
    const open: Logs['open'] = (executionId, stepName) => {
      const log = world.tools.logs.open(executionId, stepName);
      const write: typeof log.write = (level, text) => {
        if (text.startsWith('A: completed')) handBack.abort();
        log.write(level, text);
      };
      return { ...log, write };
    };
    const tools = { ...world.tools, logs: { ...world.tools.logs, open } };
    expect(await runExecution(await world.claim(id), job, tools, handBack.signal)).toBe('handed-back');
    expect(await world.outcome(id)).toMatchObject({ status: 'STARTED', rows: ['A COMPLETED'] });
    // One line, without our own stack.
    expect((await world.log(id, null)).split('\n').slice(-2)).toEqual([
      expect.stringMatching(/ INFO {2}the process that runs jobs ends; it goes on/),
      '',
    ]);
  });

  it('is stored before an execution is handed back, also where another branch has broken off already', async () => {
    const handBack = new AbortController();
    const hasBegun = Promise.withResolvers<void>();
    const hasBrokenOff = Promise.withResolvers<void>();
    const job = jobOf([
      { name: 'Goes on', dependsOn: [], body: task(() => hasBrokenOff.promise) },
      {
        name: 'Breaks off',
        dependsOn: [],
        body: task(async ({ signal }) => {
          hasBegun.resolve();
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          setImmediate(hasBrokenOff.resolve);
          throw signal.reason;
        }),
      },
    ]);
    const id = await world.launch(job);
    // Nobody is left behind.
    const tools = { ...world.tools, timers: { ...world.tools.timers, after: () => () => undefined } };
    const result = runExecution(await world.claim(id), job, tools, handBack.signal);
    await hasBegun.promise;
    handBack.abort();
    expect(await result).toBe('handed-back');
    expect((await world.outcome(id)).rows.toSorted()).toEqual(['Breaks off STARTED', 'Goes on COMPLETED']);
  });
});

describe('a lease that is given back', () => {
  it('is that of who gives it back, not another’s of the same number', async () => {
    const job = jobOf([{ name: 'Step', body: task() }]);
    const id = await world.launch(job);
    const slow = await world.claim(id, 'slow');
    const fast = await world.take(id, 'fast');
    const operation = { id: 'given-back', fingerprint: '', answer: null, keepSeconds: 60 };
    await releaseLease(world.stores, id, { fence: slow.fence, conductor: 'slow' }, operation);
    expect(await runExecution(fast, job, world.tools, never)).toBe('ended');
  });
});

describe('a store that is away for longer than a call to it takes', () => {
  it.each([1, 2])('is waited for where a step ends, of %d', async (count) => {
    const { stores } = world;
    let isAway = false;
    let refused = 0;
    const away =
      <Asked extends unknown[], Answer>(ask: (...asked: Asked) => Promise<Answer>) =>
      async (...asked: Asked): Promise<Answer> => {
        if (!isAway) return ask(...asked);
        // Long enough for every first failure to have had its consequences.
        if ((refused += 1) === 10) isAway = false;
        throw new BatchyError('store-unavailable', 'away');
      };
    const { documents, clock } = stores;
    const wrapped: Stores = {
      ...stores,
      clock: { now: away(() => clock.now()) },
      documents: {
        get: away((keys) => documents.get(keys)),
        scan: away((page) => documents.scan(page)),
        reserve: away((sequence, number) => documents.reserve(sequence, number)),
      },
    };
    meddle = away((commit, { store }) => store.commit(commit));
    const other = await createWorld({ stores: wrapped });
    let runs = 0;
    const first = task(() => void ((runs += 1), (isAway = true)));
    const job = jobOf([
      { name: 'First', body: first },
      ...Array.from({ length: count - 1 }, () => ({ name: 'Next', body: task() })),
    ]);
    const id = await other.launch(job);
    expect(await runExecution(await other.claim(id), job, other.tools, never)).toBe('ended');
    expect(refused).toBe(10);
    expect(runs).toBe(1);
    expect((await world.outcome(id)).status).toBe('COMPLETED');
  });
});
