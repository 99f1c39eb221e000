import { afterEach, beforeEach, expect, it } from 'vitest';

import { createWorld, jobOf, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

it('tell all that becomes of an execution and of its steps, in the order in which it did', async () => {
  const job = jobOf([
    { name: 'First', body: { kind: 'task', run: () => undefined } },
    {
      name: 'Second',
      body: {
        kind: 'task',
        run: () => {
          throw new Error('no disk');
        },
      },
    },
  ]);
  await world.runNew(job);
  const page = { workflow: null, direction: 'ascending', beyond: null, limit: 100 } as const;
  const told = (await world.stores.journal.read(page)).map(({ entry: { type, by, reason, execution } }) =>
    [type, execution?.stepName, execution?.before, execution?.after, by, reason].join(' | '),
  );
  expect(told).toEqual([
    'execution-changed |  |  | STARTING | somebody | ',
    'execution-changed |  | STARTING | STARTED | conductor test | ',
    'step-changed | First |  | STARTED | conductor test | ',
    'step-changed | First | STARTED | COMPLETED | conductor test | ',
    'step-changed | Second |  | STARTED | conductor test | ',
    'step-changed | Second | STARTED | FAILED | conductor test | no disk',
    'execution-changed |  | STARTED | FAILED | conductor test | no disk',
  ]);
});
