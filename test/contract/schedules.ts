import { expect, it } from 'vitest';

import { parseInstant } from '../../src/domain/time.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { createSettableClock } from '../settable-clock.ts';
import { createScheduleServices, launchesOf, scheduled } from '../service/schedule-services.ts';
import type { Bench } from './store-contract.ts';

/** Two servers over one store. */
export function itFiresSchedulesOnce(bench: Bench): void {
  it('holds each firing of a schedule once, although two services look at the same time', async () => {
    const clock = createSettableClock('2026-11-22T12:00:00.5');
    const pair = await bench.pair({ clock });
    const services = pair.map((stores: Stores) => createScheduleServices(stores));
    const [one] = services as [ReturnType<typeof createScheduleServices>];
    for (const name of ['often', 'seldom'])
      await scheduled(one, name, { cron: name === 'often' ? '*/5 * * * * *' : '30 12 * * *' });
    clock.advance({ seconds: 50 });
    await Promise.all([...services, ...services].map(({ firings }) => firings.fireDue()));
    const launches = await launchesOf(one);
    expect(launches.map(({ scheduledFor }) => String(scheduledFor)).sort()).toEqual(
      [5, 10, 15, 20, 25, 30, 35, 40, 45, 50].map(
        (second) => `2026-11-22T12:00:${String(second).padStart(2, '0')}.000000`,
      ),
    );
    expect(new Set(launches.map(({ by }) => by))).toEqual(new Set(['schedule often']));
    // A second launch of a firing would have been refused, since that is an instance.
    const entries = await pair[0].journal.read({ workflow: null, direction: 'ascending', beyond: null, limit: 100 });
    expect(entries.map(({ entry }) => entry.type).filter((type) => type === 'firing-not-launched')).toEqual([]);
    expect((await one.schedules.get('often')).schedule.next).toBe(parseInstant('2026-11-22T12:00:55'));
    expect((await one.schedules.list()).map(({ name, last }) => [name, last === null])).toEqual([
      ['often', false],
      ['seldom', true],
    ]);
  });
}
