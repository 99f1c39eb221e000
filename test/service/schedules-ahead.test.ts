import { expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { schedulesAhead } from '../../src/service/schedules-ahead.ts';
import { createSettableClock } from '../settable-clock.ts';
import { createScheduleServices, scheduled } from './schedule-services.ts';

const operator = { name: 'ops', idempotency: null };
const nothing = () => ({ status: 200, headers: {}, body: '' });

it('warns of schedules that a clock that was ahead has put off, until they are resumed', async () => {
  const clock = createSettableClock('2026-11-21T12:30:00');
  const stores = await createMemoryStores({ clock });
  const services = createScheduleServices(stores);
  await scheduled(services, 'hourly');
  clock.advance({ seconds: 1800 });
  await services.firings.fireDue();
  expect(await schedulesAhead(stores)).toEqual(new Map());
  clock.advance({ seconds: 365 * 86_400 });
  await services.firings.fireDue();
  await scheduled(services, 'made-then');
  clock.advance({ seconds: -365 * 86_400 });
  const warnings = await schedulesAhead(stores);
  expect([...warnings.keys()]).toEqual(['schedule hourly', 'schedule made-then']);
  expect(warnings.get('schedule hourly')).toMatch(
    /^Schedule hourly launches nothing before 2027-11-21T14:00:00\.000000: the store's clock showed 2027-11-21T13:00:00\.\d{6} when that was decided, which is still to come\. Where that clock was wrong: batchy schedules pause hourly, then batchy schedules resume hourly; it goes on from now\.$/,
  );
  for (const name of ['hourly', 'made-then']) {
    await services.schedules.pause(name, operator, nothing);
    await services.schedules.resume(name, operator, nothing);
  }
  expect(await schedulesAhead(stores)).toEqual(new Map());
});
