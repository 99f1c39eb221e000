import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { noCounters, type StepExecution } from '../../src/domain/execution.ts';
import type { Commit, CommitOutcome } from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { ExecutionSession } from '../../src/runner/execution-session.ts';
import { createSettableClock } from '../settable-clock.ts';
import { createWorld, jobOf, type World } from './world.ts';

let world: World;
let session: ExecutionSession;
let meddle: (commit: Commit, stores: Stores) => Promise<CommitOutcome>;

beforeEach(async () => {
  const stores = await createMemoryStores({ clock: createSettableClock('2026-11-21T12:00:00') });
  meddle = (commit, { store }) => store.commit(commit);
  world = await createWorld({ stores: { ...stores, store: { commit: (commit) => meddle(commit, stores) } } });
  session = await world.take(await world.launch(jobOf([])));
});
afterEach(() => world.close());

const stepOf = (id: number, exitCode = 'EXECUTING'): StepExecution => ({
  id,
  executionId: session.state.execution.id,
  instanceId: session.state.instance.id,
  stepName: `Step${id}`,
  status: 'STARTED',
  exitCode,
  exitMessage: '',
  startedAt: 0n,
  endedAt: null,
  counters: noCounters,
  checkpoint: null,
});
const exitCodes = (): string[] =>
  [...session.state.steps.values()].map(({ stepName, exitCode }) => stepName + exitCode);

describe('what a session shows of the steps', () => {
  it('is what is stored, while a commit decides, is under way, and after it was refused', async () => {
    await session.commit(() => ({ steps: [stepOf(1, 'a'), stepOf(2, 'b')] }));
    const seen: string[][] = [];
    const { promise: isSent, resolve: send } = Promise.withResolvers<void>();
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
    meddle = async () => {
      send();
      await mayAnswer;
      throw new Error('refused');
    };
    const commit = session.commit(
      () => ({ steps: [stepOf(2, 'c'), stepOf(3, 'd')] }),
      ({ steps }) => {
        seen.push(
          [...steps.values()].map(({ exitCode }) => exitCode),
          exitCodes(),
        );
        return {};
      },
    );
    await isSent;
    expect(seen).toEqual([
      ['a', 'c', 'd'],
      ['Step1a', 'Step2b'],
    ]);
    expect(exitCodes()).toEqual(['Step1a', 'Step2b']);
    answer();
    await expect(commit).rejects.toThrow('refused');
    expect(exitCodes()).toEqual(['Step1a', 'Step2b']);
  });

  it('is the whole of a commit as soon as it is stored, also to whoever holds an earlier state', async () => {
    const early = session.state;
    await session.commit(() => ({ steps: [stepOf(1, 'a')] }));
    await session.commit(() => ({ steps: [stepOf(1, 'b'), stepOf(2, 'c')] }));
    expect(exitCodes()).toEqual(['Step1b', 'Step2c']);
    expect([...early.steps.keys()]).toEqual(['Step1', 'Step2']);
  });

  it('is computed anew after a conflict, and holds nothing of what conflicted', async () => {
    await session.commit(() => ({ steps: [stepOf(1, 'a')] }));
    let tries = 0;
    meddle = async (commit, { store }) => (tries === 1 ? { kind: 'conflict' } : store.commit(commit));
    await session.commit(({ steps }) => {
      tries += 1;
      return { steps: tries === 1 ? [stepOf(9, 'x')] : [stepOf(1, `${steps.get('Step1')?.exitCode}${steps.size}`)] };
    });
    expect(exitCodes()).toEqual(['Step1a1']);
    // Its revision is known, too.
    await session.commit(() => ({ steps: [stepOf(1, 'b')] }));
    expect(exitCodes()).toEqual(['Step1b']);
  });
});

describe('what goes ahead', () => {
  it('is decided once, before all that travels with it, and stored in its order', async () => {
    const order: string[] = [];
    const ahead = (id: number) => () => {
      order.push(`ahead ${id}`);
      return { steps: [stepOf(id)] };
    };
    const note = (text: string) => () => {
      order.push(text);
      return {};
    };
    const then = (id: number) => session.commitAfterAhead(note(`commit ${id}`));
    session.goAhead(ahead(1));
    const first = then(1);
    session.goAhead(ahead(2));
    session.goAhead(ahead(3));
    await Promise.all([first, then(2), then(3), session.commit(note('by itself'))]);
    expect(order).toEqual(['ahead 1', 'commit 1', 'ahead 2', 'ahead 3', 'commit 2', 'commit 3', 'by itself']);
    expect(session.isAhead()).toBe(false);
    expect([...session.state.steps.keys()]).toEqual(['Step1', 'Step2', 'Step3']);
  });

  it('stays ahead of the next one where it was refused, and of none that does not ask for it', async () => {
    let mayPass = false;
    session.goAhead(() => {
      if (!mayPass) throw new Error('not yet');
      return { steps: [stepOf(1)] };
    });
    await expect(session.commitAfterAhead(() => ({ steps: [stepOf(2)] }))).rejects.toThrow('not yet');
    await session.commit(() => ({ steps: [stepOf(3)] }));
    expect([...session.state.steps.keys()]).toEqual(['Step3']);
    expect(session.isAhead()).toBe(true);
    mayPass = true;
    await session.commitAfterAhead();
    expect([...session.state.steps.keys()]).toEqual(['Step3', 'Step1']);
    expect(session.isAhead()).toBe(false);
  });

  it('is stored piece by piece where there is much of it, as are many commits at a time', async () => {
    const sizes: number[] = [];
    meddle = (commit, { store }) => {
      sizes.push(commit.changes.length);
      return store.commit(commit);
    };
    for (let id = 1; id <= 450; id += 1) session.goAhead(() => ({ steps: [stepOf(id)] }));
    await Promise.all(
      Array.from({ length: 300 }, (_none, index) =>
        session.commitAfterAhead(() => ({ steps: [stepOf(1000 + index)] })),
      ),
    );
    // The first commit does not wait for what is asked for in the same moment.
    expect(sizes).toEqual([200, 200, 51, 200, 99]);
    expect(session.state.steps.size).toBe(750);
  });
});
