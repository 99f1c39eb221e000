import { loadSettings } from '../../src/config/load.ts';
import type { ScheduleDefinition } from '../../src/domain/schedule.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { Services } from '../../src/service/services.ts';
import { createServices } from '../../src/use-cases.ts';
import type { JobOptions } from '../../src/authoring/index.ts';
import { fixedCatalog } from '../http/fixed-catalog.ts';

/** The use cases over a store, with a job `Load` unless others are given; nothing runs it. */
export function createScheduleServices(
  stores: Stores,
  jobs: readonly Omit<JobOptions, 'steps'>[] = [{ name: 'Load' }],
  stopping = new AbortController().signal,
): Services {
  const { settings } = loadSettings({ folder: '.', environment: {} });
  return createServices(stores, settings, { ...fixedCatalog(...jobs), stopping });
}

/** Makes a schedule of `Load`, every hour unless something else is said. */
export async function scheduled(
  { schedules }: Pick<Services, 'schedules'>,
  name: string,
  definition: Partial<ScheduleDefinition> = {},
): Promise<void> {
  const whole = {
    jobName: 'Load',
    cron: '0 * * * *',
    zone: 'UTC',
    catchup: 'none',
    parameters: {},
    ...definition,
  } as const;
  await schedules.set(name, whole, null, { name: 'ops', idempotency: null }, () => ({
    status: 200,
    headers: {},
    body: '',
  }));
}

export interface Launched {
  readonly id: number;
  readonly scheduledFor: unknown;
  readonly identifying: boolean | undefined;
  readonly by: string;
}

/** All executions, oldest first. */
export async function launchesOf({ executions }: Pick<Services, 'executions'>): Promise<Launched[]> {
  const found = await executions.list({
    status: null,
    jobName: null,
    instanceId: null,
    queue: null,
    startedAfter: null,
    startedBefore: null,
    beyond: null,
    limit: 500,
  });
  return found
    .map(({ id, parameters, launchedBy }) => {
      const parameter = parameters.get('scheduled_for');
      return { id, scheduledFor: parameter?.value, identifying: parameter?.identifying, by: launchedBy };
    })
    .sort((left, right) => left.id - right.id);
}
