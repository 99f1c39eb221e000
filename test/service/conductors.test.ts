import { expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { documentChange } from '../../src/domain/execution-documents.ts';
import { type Heartbeat, heartbeatDocument, readHeartbeat } from '../../src/domain/heartbeat.ts';
import { createConductors } from '../../src/service/conductors.ts';
import { createSettableClock } from '../settable-clock.ts';

it('tells whether conductors are online, silent or ended, with what older ones do not tell left out', async () => {
  const clock = createSettableClock('2026-11-21T12:00:00');
  const stores = await createMemoryStores({ clock });
  const about = { host: 'etl-1', processId: 7, role: 'worker', concurrency: 4, capabilities: ['gpu', 'tape'] } as const;
  const beat = async (sign: Omit<Heartbeat, 'at'>): Promise<void> => {
    await stores.store.commit({
      operation: { id: sign.conductor, fingerprint: '', answer: null, keepSeconds: 60 },
      changes: [documentChange(null, heartbeatDocument({ ...sign, at: await clock.now() }))],
      journal: [],
    });
  };
  await beat({ conductor: 'c-old' });
  await beat({ conductor: 'b-dead', about, endedBecause: 'ended with exit code 7', endedBy: 3 });
  clock.set('2026-11-21T12:00:30');
  await beat({ conductor: 'a-new', about });
  clock.set('2026-11-21T12:00:31.500');
  expect(await createConductors(stores, 10).list(false)).toMatchObject([
    { conductor: 'a-new', state: 'online', ageSeconds: 1.5, about, executionIds: [] },
    { conductor: 'b-dead', state: 'ended', endedBecause: 'ended with exit code 7', about },
    { conductor: 'c-old', state: 'silent', ageSeconds: 31.5 },
  ]);
  const conductors = createConductors(stores, 10);
  expect(await conductors.canRun(['tape', 'gpu'])).toBe(true);
  expect(await conductors.canRun(['gpu', 'port_is_free'])).toBe(false);
  expect(await conductors.leavesOut('etl'), 'one runs those of all queues').toBe(false);
  clock.set('2026-11-21T12:00:45');
  expect(await conductors.canRun(['gpu']), 'it is silent').toBe(false);
  await beat({ conductor: 'd-reports', about: { ...about, queues: ['reports'] } });
  expect((await conductors.list(false)).at(-1)?.about?.queues).toEqual(['reports']);
  expect([await conductors.leavesOut('etl'), await conductors.leavesOut('reports')]).toEqual([true, false]);
  await beat({ conductor: 'e-draining', about: { ...about, isDraining: true } });
  expect(await conductors.canRun(['gpu', 'tape']), 'the one online has them').toBe(true);
  expect([await conductors.canRun(['gpu']), await conductors.leavesOut('etl')], 'it takes nothing new').toEqual([
    true,
    true,
  ]);
  clock.set('2026-11-21T12:01:45');
  expect(await conductors.leavesOut('etl'), 'nobody is online').toBe(false);
});

it('reads the sign of life of a version that tells no queues', () => {
  const about = '{"host":"etl-1","process_id":7,"role":"worker","concurrency":4,"capabilities":[]}';
  const text = `{"id":"c","heartbeat_time":"2026-11-21T12:00:00.000000","about":${about}}`;
  expect(readHeartbeat(text).about).toEqual({
    host: 'etl-1',
    processId: 7,
    role: 'worker',
    concurrency: 4,
    capabilities: [],
  });
});
