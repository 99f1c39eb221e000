import { expect, it, onTestFinished } from 'vitest';

import { documentKeys } from '../../src/domain/execution-documents.ts';
import type { Dispatcher } from '../../src/ports/dispatcher.ts';
import { createHandingOn } from '../../src/runner/handing-on.ts';
import { createManualTimers } from './manual-timers.ts';
import { createWorld, jobOf } from './world.ts';

/** Executions that wait, and what hands them on to whoever takes messages; the first message fails where it is told to. */
async function handing({ waiting }: { readonly waiting: number }) {
  const timers = createManualTimers();
  const world = await createWorld({ timers });
  onTestFinished(() => world.close());
  const job = jobOf([{ name: 'Step', body: { kind: 'task', run: () => undefined } }], { name: 'Orders' });
  const ids: number[] = [];
  for (let count = 0; count < waiting; count += 1) ids.push(await world.launch(job));
  const sent = new Set<number>();
  const unread: number[] = [];
  let fails = 0;
  const dispatcher: Dispatcher = {
    async dispatch({ executionId }) {
      if (fails > 0) {
        fails -= 1;
        throw new Error('no connection');
      }
      sent.add(executionId);
    },
    consume: () => {
      throw new Error('nobody takes anything here');
    },
    close: async () => {},
  };
  const given = createHandingOn({
    stores: world.stores,
    dispatcher,
    timers,
    catalog: { get: () => job },
    onUnread: (executionId) => unread.push(executionId),
  });
  const queues = ['default'];
  const handingOn = { look: () => given.look(queues, []), all: () => given.all(queues) };
  return {
    ids,
    sent,
    unread,
    world,
    handingOn,
    failOnce: () => {
      fails = 1;
    },
    pass: (seconds: number) => timers.advance(seconds * 1000),
  };
}

it('what was let go of and could not be handed on is handed on by the next look', async () => {
  const { ids, sent, handingOn, failOnce } = await handing({ waiting: 150 });
  handingOn.all();
  failOnce();
  await expect(handingOn.look()).rejects.toThrow('no connection');
  await handingOn.look();
  expect(sent.size).toBe(ids.length);
});

it('what was overdue and could not be handed on is handed on by the next look', async () => {
  const { ids, sent, handingOn, failOnce, pass } = await handing({ waiting: 1 });
  await handingOn.look();
  pass(6);
  failOnce();
  await expect(handingOn.look()).rejects.toThrow('no connection');
  await handingOn.look();
  expect([...sent]).toEqual(ids);
});

it('what stands further behind and could not be handed on is handed on by the next look', async () => {
  const { ids, sent, handingOn, failOnce, pass } = await handing({ waiting: 150 });
  const inFront = 100;
  await handingOn.look();
  pass(5);
  await handingOn.look();
  expect([...sent]).toEqual(ids.slice(0, inFront));
  pass(5);
  failOnce();
  await expect(handingOn.look()).rejects.toThrow('no connection');
  await handingOn.look();
  expect(ids.slice(inFront).filter((id) => !sent.has(id))).toEqual([]);
});

it('what cannot be read keeps nothing else from being handed on', async () => {
  const { ids, sent, unread, world, handingOn } = await handing({ waiting: 3 });
  const [first = 0, ...others] = ids;
  const key = documentKeys.execution(first);
  const [stored = null] = await world.stores.documents.get([key]);
  await world.stores.store.commit({
    operation: { id: 'newer', fingerprint: '', answer: null, keepSeconds: 60 },
    changes: [
      {
        kind: 'document',
        ...key,
        expected: stored?.revision ?? null,
        text: '{"of":"a newer version"}',
        add: [],
        remove: [],
      },
    ],
    journal: [],
  });
  handingOn.all();
  await handingOn.look();
  expect([...sent]).toEqual(others);
  expect(unread).toEqual([first]);
});
