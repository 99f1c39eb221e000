import { expect, it } from 'vitest';

import { createToldCatalog } from '../src/conductor-catalog.ts';
import { createManualTimers } from './runner/manual-timers.ts';

it('lets nobody wait for ever for job files that are never read', async () => {
  const timers = createManualTimers();
  const catalog = createToldCatalog(timers);
  const asked = catalog.ready();
  timers.advance(20_000);
  await expect(asked).rejects.toMatchObject({
    code: 'jobs-not-ready',
    detail: expect.stringContaining('not been read'),
  });
  const later = catalog.ready();
  const broken = [{ file: 'a.ts', line: null, column: null, message: 'boom', jobs: [] }];
  catalog.tell({ kind: 'catalog', jobs: [], broken });
  await later;
  await catalog.ready();
  expect([catalog.broken(), timers.waiting()]).toEqual([broken, 0]);
});

it('lets nobody wait when nothing more is told', async () => {
  const timers = createManualTimers();
  const catalog = createToldCatalog(timers);
  catalog.close();
  await catalog.ready();
  expect(timers.waiting()).toBe(0);
});
