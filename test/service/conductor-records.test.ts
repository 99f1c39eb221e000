import { afterEach, beforeEach, expect, it } from 'vitest';

import { documentKeys } from '../../src/domain/execution-documents.ts';
import { type Ending, heartbeatKey, readEnding } from '../../src/domain/heartbeat.ts';
import { createHeartbeat, type HeartbeatSender } from '../../src/runner/heartbeat.ts';
import { type ConductorRecords, createConductorRecords } from '../../src/service/conductor-records.ts';
import { createManualTimers, type ManualTimers } from '../runner/manual-timers.ts';
import { createWorld, jobOf, type World } from '../runner/world.ts';

let world: World;
let timers: ManualTimers;
let records: ConductorRecords;
beforeEach(async () => {
  timers = createManualTimers();
  world = await createWorld({ timers });
  records = createConductorRecords({ stores: world.stores, operationId: world.tools.operationId });
});
afterEach(() => world.close());

function beat(conductor: string): HeartbeatSender {
  return createHeartbeat({
    stores: world.stores,
    conductor,
    everyMilliseconds: 1000,
    timers,
    operationId: world.tools.operationId,
    onProblem: (error) => {
      throw error;
    },
  });
}

async function ending(conductor: string): Promise<Ending | null | undefined> {
  const [found = null] = await world.stores.documents.get([heartbeatKey(conductor)]);
  return found === null ? undefined : readEnding(found.text);
}

it('puts down why a process ended, once it has given a sign of life and has not ended in good order', async () => {
  await records.ended('never', 'ended with exit code 7', null);
  expect(await ending('never')).toBeUndefined();
  const orderly = beat('orderly');
  await orderly.start();
  await orderly.stop();
  await records.ended('orderly', 'ended with exit code 7', null);
  expect(await ending('orderly')).toBeUndefined();
  await beat('dead').start();
  expect(await ending('dead')).toBeNull();
  await records.ended('dead', 'ended with exit code 7', null);
  expect(await ending('dead')).toEqual({ because: 'ended with exit code 7', by: null });
  await beat('killed').start();
  await records.ended('killed', 'was ended by execution 4', 4);
  expect(await ending('killed')).toEqual({ because: 'was ended by execution 4', by: 4 });
});

it('knows what a conductor owns, among all that wait and all that others own', async () => {
  const ids: number[] = [];
  for (let index = 0; index < 105; index += 1) ids.push(await world.launch(jobOf([], { name: `Job${index}` })));
  await world.take(ids[3] ?? 0, 'there');
  await world.take(ids[4] ?? 0, 'here');
  await world.take(ids[104] ?? 0, 'here');
  expect(await records.runs('here')).toEqual([
    { id: ids[4], jobName: 'Job4' },
    { id: ids[104], jobName: 'Job104' },
  ]);
  expect(await records.runs('nowhere')).toEqual([]);
  const [lease] = await world.stores.documents.get([documentKeys.lease(ids[4] ?? 0)]);
  expect(lease?.revision).toBe(1);
});
