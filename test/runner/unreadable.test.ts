import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { documentKeys, type StateDocumentKey } from '../../src/domain/execution-documents.ts';
import { createConductor, type Conductor } from '../../src/runner/conductor.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { createManualTimers, type ManualTimers, passSeconds } from './manual-timers.ts';
import { createWorld, jobOf, type World } from './world.ts';

/** What another version, or a broken disk, has written of one execution keeps nobody from the others. */

let world: World;
let timers: ManualTimers;
let began: string[];
let problems: unknown[];
let conductor: Conductor;

beforeEach(async () => {
  timers = createManualTimers();
  world = await createWorld({ timers });
  [began, problems] = [[], []];
});
afterEach(async () => {
  await conductor.stop();
  await world.close();
});

async function garble(key: StateDocumentKey): Promise<void> {
  const [stored = null] = await world.stores.documents.get([key]);
  const change = {
    kind: 'document',
    ...key,
    expected: stored?.revision ?? null,
    text: '{}',
    add: [],
    remove: [],
  } as const;
  const operation = { id: `garbled-${key.collection}`, fingerprint: '', answer: null, keepSeconds: 60 };
  await world.stores.store.commit({ operation, changes: [change], journal: [] });
}

const jobs = new Map(
  ['Broken', 'Sound', 'New'].map((name): [string, RunnableJob] => {
    const body = { kind: 'task', run: () => void began.push(name) } as const;
    return [name, jobOf([{ name: 'Step', body }], { name })];
  }),
);

async function launch(name: string): Promise<number> {
  const job = jobs.get(name);
  if (job === undefined) throw new Error(`no job ${name}`);
  return world.launch(job);
}

async function conduct(): Promise<void> {
  conductor = createConductor({
    ...world.tools,
    stores: world.stores,
    catalog: jobs,
    id: 'here',
    leaseSeconds: 15,
    concurrency: 1,
    lookEveryMilliseconds: 1000,
    onProblem: (error) => problems.push(error),
  });
  await conductor.start();
}

it('nor what waits behind it', async () => {
  await garble(documentKeys.execution(await launch('Broken')));
  await launch('Sound');
  await conduct();
  await passSeconds(timers, 10);
  expect(began).toEqual(['Sound']);
  expect(problems).toMatchObject([{ code: 'foreign-data' }]);
});

it.for(['execution', 'lease'] as const)('nor what has lost its owner, where it is its %s', async (collection) => {
  for (const name of ['Broken', 'Sound']) await world.take(await launch(name), 'gone');
  await garble(documentKeys[collection](1));
  await launch('New');
  await conduct();
  await passSeconds(timers, 10);
  await vi.waitFor(() => expect(began.toSorted()).toEqual(['New', 'Sound']));
  expect(problems).toMatchObject([{ code: 'foreign-data' }]);
  await passSeconds(timers, 60);
  expect(problems).toMatchObject([{ code: 'foreign-data' }, { code: 'foreign-data' }]);
});
