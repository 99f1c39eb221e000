import { afterEach, beforeEach, expect, it } from 'vitest';

import { createHeartbeat, type HeartbeatSender } from '../../src/runner/heartbeat.ts';
import { createConductorRecords } from '../../src/service/conductor-records.ts';
import { createStrandedExecutions, type StrandedExecutions } from '../../src/service/stranded-executions.ts';
import { createManualTimers, type ManualTimers } from '../runner/manual-timers.ts';
import { createWorld, jobOf, type World } from '../runner/world.ts';

let world: World;
let timers: ManualTimers;
let stranded: StrandedExecutions;
let told: string[];
const job = jobOf([{ name: 'One', body: { kind: 'task', run: async () => null } }]);
beforeEach(async () => {
  timers = createManualTimers();
  world = await createWorld();
  told = [];
  stranded = createStrandedExecutions({
    documents: world.stores.documents,
    timers,
    leaseSeconds: 10,
    whyNotHere: () => 'This one is a test.',
    tell: (warning) => told.push(warning),
  });
});
afterEach(() => world.close());

/** Gives a sign of life when it is told to. */
function conductor(id: string): HeartbeatSender {
  return createHeartbeat({
    stores: world.stores,
    conductor: id,
    everyMilliseconds: 1000,
    timers: createManualTimers(),
    operationId: world.tools.operationId,
    onProblem: (error) => {
      throw error;
    },
  });
}

/** The warning of a look after so many seconds. */
async function warningAfter(seconds: number): Promise<string | null> {
  timers.advance(seconds * 1000);
  await stranded.look();
  return stranded.warning();
}

it('tells once of what waits where nobody is, after a lease, and until it is over', async () => {
  expect(await warningAfter(60)).toBeNull();
  const id = await world.launch(job);
  // Somebody may be on the way.
  expect(await warningAfter(60)).toBeNull();
  expect(await warningAfter(9)).toBeNull();
  const warning =
    'No process runs jobs: 1 execution waits for one, the oldest is execution 1 (TestJob, STARTING). This one is a test.';
  expect(await warningAfter(1)).toBe(warning);
  await world.launch(jobOf([], { name: 'Other' }));
  expect(await warningAfter(5)).toContain('2 executions wait for one, the oldest is execution 1');
  expect(told).toEqual([warning]);
  await world.run(id, job);
  expect(await warningAfter(5)).toContain('1 execution waits for one, the oldest is execution 2 (Other,');
  await world.run(2, jobOf([], { name: 'Other' }));
  expect(await warningAfter(5)).toBeNull();
  expect(told).toHaveLength(1);
});

it('is still as long as somebody gives signs of life, and not for one that is gone', async () => {
  await world.launch(job);
  const living = conductor('living');
  for (let looks = 0; looks < 5; looks += 1) {
    await living.start();
    expect(await warningAfter(9)).toBeNull();
  }
  // Seen for the last time 9 s ago.
  expect(await warningAfter(9)).toBeNull();
  expect(await warningAfter(2)).toBeNull();
  expect(await warningAfter(10)).toContain('No process runs jobs');
  await living.start();
  expect(await warningAfter(1)).toBeNull();
  await living.stop();
  expect(await warningAfter(1)).toBeNull();
  expect(await warningAfter(10)).toContain('No process runs jobs');
  expect(told).toHaveLength(2);
});

it('takes nobody for living who was seen to end', async () => {
  await world.launch(job);
  await conductor('killed').start();
  await createConductorRecords({ stores: world.stores, operationId: world.tools.operationId }).ended(
    'killed',
    'was ended by SIGKILL',
    null,
  );
  expect(await warningAfter(1)).toBeNull();
  expect(await warningAfter(10)).toContain('No process runs jobs');
});
