import { describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { formatInstant } from '../../src/domain/time.ts';
import type { Commit } from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { migrateAll } from '../../src/service/migration.ts';
import { mortalStores } from '../runner/mortal-stores.ts';
import { createSettableClock, type SettableClock } from '../settable-clock.ts';
import { createScheduleServices, launchesOf, scheduled } from './schedule-services.ts';

const noon = '2026-11-22T12:00:00.5';

async function setUp(jobs?: Parameters<typeof createScheduleServices>[1]) {
  const clock = createSettableClock(noon);
  const stores = await createMemoryStores({ clock });
  return { clock, stores, services: createScheduleServices(stores, jobs) };
}

async function lastOf(services: Awaited<ReturnType<typeof setUp>>['services'], name: string) {
  return (await services.schedules.get(name)).schedule.last;
}

async function journalOf({ journal }: Stores): Promise<(string | null)[]> {
  const entries = await journal.read({ workflow: null, direction: 'ascending', beyond: null, limit: 100 });
  return entries
    .map(({ entry }) => entry)
    .flatMap(({ type, reason }) => (type === 'firing-not-launched' ? [reason] : []));
}

describe('what a firing launches', () => {
  it('is an instance of its own, told which firing it is', async () => {
    const { clock, services } = await setUp();
    await scheduled(services, 'hourly', { parameters: { region: 'eu' } });
    expect(await services.firings.fireDue()).toBeGreaterThan(3_500_000);
    clock.advance({ hours: 1 });
    await services.firings.fireDue();
    clock.advance({ hours: 1 });
    await services.firings.fireDue();
    await services.firings.fireDue();
    const launches = await launchesOf(services);
    expect(launches).toMatchObject([
      { scheduledFor: '2026-11-22T13:00:00.000000', identifying: true, by: 'schedule hourly' },
      { scheduledFor: '2026-11-22T14:00:00.000000', identifying: true, by: 'schedule hourly' },
    ]);
    expect((await services.executions.get(2)).parameters.get('region')?.value).toBe('eu');
    expect(await lastOf(services, 'hourly')).toMatchObject({
      outcome: { kind: 'launched', executionId: launches[1]?.id },
    });
  });

  it('has the priority of the schedule, where that names one', async () => {
    const { clock, services } = await setUp();
    await scheduled(services, 'hourly', { priority: 'very_low' });
    await scheduled(services, 'usual', { parameters: { region: 'eu' } });
    clock.advance({ hours: 1 });
    await services.firings.fireDue();
    const executions = await Promise.all([1, 2].map((id) => services.executions.get(id)));
    expect(new Map(executions.map(({ launchedBy, priority }) => [launchedBy, priority]))).toEqual(
      new Map([
        ['schedule hourly', 'very_low'],
        ['schedule usual', undefined],
      ]),
    );
  });

  it('is told so although the job takes no parameters but its own, and not by what identifies where each launch is an instance', async () => {
    const { clock, services } = await setUp([
      { name: 'Load', newInstancePerLaunch: true, additionalParameters: false, parameters: {} },
    ]);
    await scheduled(services, 'hourly');
    clock.advance({ hours: 1 });
    await services.firings.fireDue();
    expect(await launchesOf(services)).toMatchObject([
      { scheduledFor: '2026-11-22T13:00:00.000000', identifying: false },
    ]);
  });

  it('opens the batch of a bound job in the same commit; and is told where it may not', async () => {
    const clock = createSettableClock(noon);
    const commits: Commit[] = [];
    const memory = await createMemoryStores({ clock });
    const stores: Stores = {
      ...memory,
      store: { commit: (commit) => (commits.push(commit), memory.store.commit(commit)) },
    };
    const services = createScheduleServices(stores, [{ name: 'Load', workflow: 'orders' }]);
    await services.workflows.load('orders', { mode: 'replace', force: false, reason: null }, ops, () => answer);
    await scheduled(services, 'hourly');
    commits.length = 0;
    clock.advance({ hours: 1 });
    await services.firings.fireDue();
    expect(commits).toHaveLength(1);
    expect(commits[0]?.changes.map((change) => (change.kind === 'workflow' ? change.name : change.collection))).toEqual(
      expect.arrayContaining(['orders', 'execution', 'instance', 'schedule']),
    );
    clock.advance({ hours: 1 });
    await services.firings.fireDue();
    expect(await lastOf(services, 'hourly')).toMatchObject({ outcome: { kind: 'refused', code: 'already-running' } });
    expect(await journalOf(stores)).toEqual([
      expect.stringMatching(/firing of 2026-11-22T14:00:00.000000 was refused: already-running/),
    ]);
    expect(formatInstant((await services.schedules.get('hourly')).schedule.next ?? 0n)).toBe(
      '2026-11-22T15:00:00.000000',
    );
    expect(await launchesOf(services)).toHaveLength(1);
  });
});

const ops = { name: 'ops', idempotency: null };
const answer = { status: 200, headers: {}, body: '' };

describe('after hours in which no server was up', () => {
  const away = async (catchup: 'none' | 'last' | 'all') => {
    const setting = await setUp();
    await scheduled(setting.services, 'hourly', { catchup });
    setting.clock.advance({ hours: 3.5 });
    await setting.services.firings.fireDue();
    return setting;
  };
  const firingsOf = async (services: Parameters<typeof launchesOf>[0]) =>
    (await launchesOf(services)).map(({ scheduledFor }) => String(scheduledFor).slice(11, 13));

  it('launches nothing with catchup none, and says so', async () => {
    const { services, stores } = await away('none');
    expect(await firingsOf(services)).toEqual([]);
    expect(await lastOf(services, 'hourly')).toMatchObject({ outcome: { kind: 'left-out' } });
    expect(await journalOf(stores)).toEqual([
      expect.stringMatching(/from 2026-11-22T13:00.* to 2026-11-22T15:00.* were left out/),
    ]);
  });

  it('launches the last one with catchup last, and says what was left out', async () => {
    const { services, stores } = await away('last');
    expect(await firingsOf(services)).toEqual(['15']);
    expect(await journalOf(stores)).toEqual([
      expect.stringMatching(/from 2026-11-22T13:00.* to before 2026-11-22T15:00/),
    ]);
  });

  it('launches one after the other with catchup all, each when the one before has ended', async () => {
    const { services } = await away('all');
    expect(await firingsOf(services)).toEqual(['13']);
    expect(await services.firings.fireDue()).toBe(1000);
    for (const [id, expected] of [
      [1, ['13', '14']],
      [2, ['13', '14', '15']],
      [3, ['13', '14', '15']],
    ] as const) {
      await services.executions.stop(id, ops, () => answer);
      await services.firings.fireDue();
      expect(await firingsOf(services)).toEqual(expected);
    }
  });
});

describe('a server that dies', () => {
  const cases = [1, 2, 3, 4, 5, 6].flatMap((commit) => [
    { commit, after: false },
    { commit, after: true },
  ]);

  it.each(cases)('at commit $commit (after it: $after) fires nothing twice and loses nothing', async (death) => {
    const clock = createSettableClock(noon);
    const { stores, die } = await mortalStores(clock);
    const first = createScheduleServices(stores);
    // Of one the launch is refused.
    for (const name of ['a', 'b']) await scheduled(first, name, { cron: '*/20 * * * * *', parameters: { part: name } });
    await scheduled(createScheduleServices(stores, [{ name: 'Gone' }]), 'c', {
      cron: '*/20 * * * * *',
      jobName: 'Gone',
    });
    clock.advance({ seconds: 45 });
    die(death);
    await expect(first.firings.fireDue()).rejects.toThrow('the process died');
    die(null);
    const second = createScheduleServices(stores);
    await second.firings.fireDue();
    const launched = (await launchesOf(second)).map(
      ({ by, scheduledFor }) => `${by} ${String(scheduledFor).slice(17, 19)}`,
    );
    expect(launched.sort()).toEqual(['schedule a 20', 'schedule a 40', 'schedule b 20', 'schedule b 40']);
    expect(await journalOf(stores)).toHaveLength(2);
  });
});

describe('what cannot be launched', () => {
  it('is tried again where only the store was away', async () => {
    const { clock, stores } = await setUp();
    let isAway = false;
    const commit = async (asked: Commit) => {
      if (isAway) throw new BatchyError('store-unavailable', 'The store is away.');
      return stores.store.commit(asked);
    };
    const services = createScheduleServices({ ...stores, store: { commit } });
    await scheduled(services, 'hourly');
    clock.advance({ hours: 1 });
    isAway = true;
    await expect(services.firings.fireDue()).rejects.toMatchObject({ code: 'store-unavailable' });
    isAway = false;
    expect(await lastOf(services, 'hourly')).toBeNull();
    await services.firings.fireDue();
    expect(await launchesOf(services)).toHaveLength(1);
  });

  it('keeps none of the others from being launched', async () => {
    const { clock, services, stores } = await setUp();
    await scheduled(services, 'a');
    await scheduled(services, 'b');
    const [before] = await stores.documents.get([{ collection: 'schedule', id: 'a' }]);
    await stores.store.commit({
      operation: { id: 'spoil', fingerprint: '', answer: null, keepSeconds: 60 },
      changes: [
        {
          kind: 'document',
          collection: 'schedule',
          id: 'a',
          expected: before?.revision ?? 0,
          text: '{}',
          add: [],
          remove: [],
        },
      ],
      journal: [],
    });
    clock.advance({ hours: 1 });
    await expect(services.firings.fireDue()).rejects.toMatchObject({ code: 'foreign-data' });
    expect(await launchesOf(services)).toMatchObject([{ by: 'schedule b' }]);
  });

  it('is not counted as refused by a server that stops', async () => {
    const { clock, stores } = await setUp();
    const stopping = new AbortController();
    const services = createScheduleServices(stores, [{ name: 'Load' }], stopping.signal);
    await scheduled(services, 'hourly');
    clock.advance({ hours: 1 });
    stopping.abort();
    await services.firings.fireDue();
    expect(await lastOf(services, 'hourly')).toBeNull();
    await createScheduleServices(stores).firings.fireDue();
    expect(await launchesOf(services)).toHaveLength(1);
  });
});

it('launches once, whoever looks at the same time, and refuses nobody for it', async () => {
  const clock = createSettableClock(noon);
  const stores = await createMemoryStores({ clock });
  const servers = Array.from({ length: 5 }, () => createScheduleServices(stores));
  const [first] = servers;
  if (first === undefined) throw new Error('there is no server');
  await scheduled(first, 'hourly');
  for (const hour of ['13', '14', '15']) {
    clock.advance({ hours: 1 });
    await Promise.all(servers.map((server) => server.firings.fireDue()));
    const launches = await launchesOf(first);
    expect(launches.at(-1)?.scheduledFor).toBe(`2026-11-22T${hour}:00:00.000000`);
    expect(launches).toHaveLength(Number(hour) - 12);
    expect(await lastOf(first, 'hourly')).toMatchObject({ outcome: { kind: 'launched' } });
  }
  expect(await journalOf(stores)).toEqual([]);
});

it('means one instance where two schedules launch a job with the same parameters at the same time', async () => {
  const { clock, services } = await setUp();
  for (const name of ['a', 'b']) await scheduled(services, name);
  clock.advance({ hours: 1 });
  await services.firings.fireDue();
  expect(await launchesOf(services)).toMatchObject([{ by: 'schedule a' }]);
  expect(await lastOf(services, 'b')).toMatchObject({ outcome: { kind: 'refused', code: 'already-running' } });
});

it('looks at what is due, and not at how many schedules there are', async () => {
  const { clock, stores, services } = await setUp();
  const read: string[] = [];
  const documents: Stores['documents'] = {
    ...stores.documents,
    get: (keys) => {
      for (const { collection, id } of keys) if (collection === 'schedule') read.push(id);
      return stores.documents.get(keys);
    },
  };
  for (let count = 0; count < 40; count += 1) await scheduled(services, `yearly-${count}`, { cron: '0 0 1 1 *' });
  await scheduled(services, 'hourly');
  clock.advance({ hours: 1 });
  const looking = createScheduleServices({ ...stores, documents });
  await looking.firings.fireDue();
  expect(new Set(read)).toEqual(new Set(['hourly']));
});

it('goes with the store into another one', async () => {
  const { clock, stores, services } = await setUp();
  await scheduled(services, 'hourly', { catchup: 'last' });
  const target = await createMemoryStores({ clock });
  await migrateAll(stores.upkeep, target.upkeep);
  clock.advance({ hours: 3.5 });
  const moved = createScheduleServices(target);
  await moved.firings.fireDue();
  expect(await launchesOf(moved)).toMatchObject([{ by: 'schedule hourly' }]);
});

it.each(['none', 'last', 'all'] as const)(
  'fires nothing again when the clock is set back (catchup %s)',
  async (catchup) => {
    const { clock, services } = await setUp();
    await scheduled(services, 'hourly', { catchup });
    for (const time of ['13:00:01', '12:00:01', '12:59:59', '13:00:02', '13:00:02', '14:00:01']) {
      clock.set(`2026-11-22T${time}`);
      await services.firings.fireDue();
    }
    expect((await launchesOf(services)).map(({ scheduledFor }) => scheduledFor)).toEqual([
      '2026-11-22T13:00:00.000000',
      '2026-11-22T14:00:00.000000',
    ]);
  },
);

it('is looked for again right when it is due, not a moment earlier', async () => {
  const { clock, services } = await setUp();
  await scheduled(services, 'hourly');
  clock.set('2026-11-22T12:59:59.9996');
  expect(await services.firings.fireDue()).toBe(1);
  clock.set('2026-11-22T12:59:58');
  expect(await services.firings.fireDue()).toBe(2000);
});

it('is paused and resumed: what came meanwhile is not launched', async () => {
  const { clock, services } = await setUp();
  await scheduled(services, 'hourly', { catchup: 'all' });
  await services.schedules.pause('hourly', ops, () => answer);
  await advanceAndFire(clock, services, 5);
  expect(await launchesOf(services)).toEqual([]);
  await services.schedules.resume('hourly', ops, () => answer);
  await advanceAndFire(clock, services, 1);
  expect(await launchesOf(services)).toMatchObject([{ scheduledFor: '2026-11-22T18:00:00.000000' }]);
});

async function advanceAndFire(
  clock: SettableClock,
  { firings }: Pick<ReturnType<typeof createScheduleServices>, 'firings'>,
  hours: number,
): Promise<void> {
  clock.advance({ hours });
  await firings.fireDue();
}
