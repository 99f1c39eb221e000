import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { documentChange } from '../../../src/domain/execution-documents.ts';
import { type ConductorAbout, heartbeatDocument, readHeartbeat } from '../../../src/domain/heartbeat.ts';
import { createOthersOnline, type OthersOnline } from '../../../src/runner/parts/others-online.ts';
import { createManualTimers } from '../manual-timers.ts';
import { createWorld, type World } from '../world.ts';

const usual: ConductorAbout = { host: 'm', processId: 1, role: 'worker', concurrency: 4, capabilities: ['gpu'] };
const part = { jobName: 'Load', queue: 'night', capabilities: ['gpu'] };

describe('others that are online', () => {
  let world: World;
  let others: OthersOnline;
  let signs = 0;

  beforeEach(async () => {
    world = await createWorld();
    others = createOthersOnline({
      stores: world.stores,
      conductor: 'own',
      leaseSeconds: 6,
      timers: createManualTimers(),
    });
    await beat({});
    await beat({}, 'own');
  });
  afterEach(() => world.close());

  async function beat(about: Partial<ConductorAbout> | null, conductor = `c${(signs += 1)}`): Promise<void> {
    const at = await world.stores.clock.now();
    const document = heartbeatDocument({
      conductor,
      at,
      ...(about === null ? {} : { about: { ...usual, ...about } }),
    });
    await world.stores.store.commit({
      operation: { id: `sign-${(signs += 1)}`, fingerprint: '', answer: null, keepSeconds: 60 },
      changes: [documentChange(null, document)],
      journal: [],
    });
  }

  it.each<[string, Partial<ConductorAbout> | null, number]>([
    ['those that tell neither queues nor jobs', {}, 2],
    ['those that run its queue', { queues: ['night', 'day'] }, 2],
    ['not those that run others only', { queues: ['day'] }, 1],
    ['those that have its job', { sharedJobs: ['Load', 'Other'] }, 2],
    ['not those that have others only', { sharedJobs: ['Other'] }, 1],
    ['not those that have none', { sharedJobs: [] }, 1],
    ['not those that run nothing', { concurrency: 0 }, 1],
    ['not those that take nothing new', { isDraining: true }, 1],
    ['not those that lack what it needs', { capabilities: ['tape'] }, 1],
    ['not those that tell nothing, where it needs something', null, 1],
  ])('count %s', async (_which, about, count) => {
    await beat(about);
    expect(await others(part)).toBe(count);
  });

  it('count where they tell nothing and it needs nothing', async () => {
    await beat(null);
    expect(await others({ ...part, capabilities: [] })).toBe(2);
  });
});

it('a sign of life tells other conductors of which jobs parts may be run, also that there are none', () => {
  for (const sharedJobs of [['Load', 'Sort'], []]) {
    const { text } = heartbeatDocument({ conductor: 'c', at: 0n, about: { ...usual, sharedJobs } });
    expect(readHeartbeat(text).about).toEqual({ ...usual, sharedJobs });
  }
  expect(readHeartbeat(heartbeatDocument({ conductor: 'c', at: 0n, about: usual }).text).about).toEqual(usual);
  const draining: ConductorAbout = { ...usual, jobsVersion: 'aaaa', isDraining: true };
  expect(readHeartbeat(heartbeatDocument({ conductor: 'c', at: 0n, about: draining }).text).about).toEqual(draining);
});
