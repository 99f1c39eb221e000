import { expect, test } from 'vitest';

import { createServices } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { JobExecution } from '../../src/domain/execution.ts';
import { functionWriter } from '../../src/runner/items/memory-writers.ts';
import { listReader } from '../../src/runner/items/iterable-reader.ts';
import type { Services } from '../../src/service/services.ts';
import { chunkBody, createWorld, jobOf } from '../runner/world.ts';

const caller = { name: 'test', idempotency: null };
const accepted = (_execution: JobExecution) => ({ status: 202, headers: {}, body: '' });

/** A failed execution that has left an item out, and two services over its store: neither waits for the other's turn. */
async function raceTrack() {
  const world = await createWorld();
  const load = chunkBody({
    reader: listReader([1, 2, 3]),
    processor: (item) => {
      if (item === 2) throw new Error('no 2');
      return item;
    },
    writer: functionWriter(() => undefined),
    skip: { limit: 5, isSkippable: () => true },
  });
  const fails = { kind: 'task', run: () => Promise.reject(new Error('always')) } as const;
  const job = jobOf([
    { name: 'Load', body: load },
    { name: 'Fails', body: fails },
  ]);
  const { definition } = job;
  const { settings } = loadSettings({ folder: '/nowhere', environment: {} });
  const jobs = new Map([[definition.name, { definition, file: 'test.ts', version: 'aaaaaaaaaaaa', readAt: 0n }]]);
  const service = (): Services =>
    createServices(world.stores, settings, {
      catalog: { ready: async () => {}, jobs: () => jobs, broken: () => [] },
      look: () => {},
      stopping: new AbortController().signal,
    });
  const services = [service(), service()] as const;
  const [first] = services;
  // As the service keys them, so that its launches find the instance.
  const options = { body: undefined, force: false, supersede: false };
  let id = 0;
  await first.jobs.launch(definition.name, options, caller, (execution) => {
    ({ id } = execution);
    return accepted(execution);
  });
  await world.run(id, job);
  const begin = {
    replay: (by: Services) => by.executions.replay(id, { stepName: null, parameters: undefined }, caller, accepted),
    launch: (by: Services) => by.jobs.launch(definition.name, options, caller, accepted),
    restart: (by: Services) => by.executions.restart(id, caller, accepted),
  };
  return { world, services, begin, job };
}

test.each([
  ['replay', 'replay'],
  ['replay', 'launch'],
  ['launch', 'replay'],
  ['restart', 'replay'],
] as const)('of a %s and a %s at one moment, of two services, one begins', async (one, other) => {
  for (let round = 0; round < 50; round += 1) {
    const { world, services, begin } = await raceTrack();
    const outcomes = await Promise.allSettled([begin[one](services[0]), begin[other](services[1])]);
    expect(outcomes.map(({ status }) => status).toSorted(), `round ${round}`).toEqual(['fulfilled', 'rejected']);
    const refused = outcomes.find((outcome) => outcome.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'already-running' });
    await world.close();
  }
});

test('nothing is replayed of an execution whose instance was given up since: the next launch reads it all', async () => {
  const { world, services, begin, job } = await raceTrack();
  const [service] = services;
  let later = 0;
  await service.executions.restart(1, caller, (execution) => {
    later = execution.id;
    return accepted(execution);
  });
  await world.run(later, job);
  await service.executions.abandon(later, caller, accepted);
  await expect(begin.replay(service)).rejects.toMatchObject({
    code: 'abandoned',
    message: expect.stringContaining(`Execution ${later} was abandoned`),
  });
  await world.close();
});
