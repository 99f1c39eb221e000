import path from 'node:path';

import { onTestFinished, vi } from 'vitest';

import { systemTimers } from '../../src/adapters/system/timers.ts';
import type { RunnableJob } from '../../src/authoring/index.ts';
import { logFolder } from '../../src/config/log-folder.ts';
import { createJobCounts } from '../../src/domain/job-counts.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { type Conductor, createConductor } from '../../src/runner/conductor.ts';
import { createLogs } from '../../src/runner/step-log.ts';
import type { JobCatalog } from '../../src/service/job-catalog.ts';
import { testApp, type TestApp, type TestAppOptions } from '../http/test-app.ts';

export type OpenStores = NonNullable<TestAppOptions['openStores']>;

// oxlint-disable-next-line typescript/no-explicit-any -- answers of any shape are looked into
type Answer = any;

export interface AppWithJobs extends TestApp {
  /** Launches and answers what the launch was answered. @param body an object, or the text of one */
  launch(job: string, body?: object | string, query?: string): Promise<Answer>;
  /** The execution, once it has ended. */
  ended(id: number): Promise<Answer>;
  /** Launches, and answers the execution once it has ended. */
  run(job: string, body?: object | string, query?: string): Promise<Answer>;
}

let conductors = 0;

/** The application with a conductor in this process, so that steps can be functions of the test. */
export async function appWithJobs({
  jobs,
  openStores,
  cfg,
  settings = {},
}: {
  readonly jobs: readonly RunnableJob[];
  readonly openStores: OpenStores;
  readonly cfg: Readonly<Record<string, string>>;
  readonly settings?: NonNullable<TestAppOptions['settings']>;
}): Promise<AppWithJobs> {
  const byName = new Map(jobs.map((job) => [job.definition.name, job]));
  const catalog: JobCatalog = {
    ready: async () => {},
    jobs: () =>
      new Map(
        jobs.map(({ definition, version = 'aaaaaaaaaaaa' }) => [
          definition.name,
          { definition, file: 'test.ts', version, readAt: 0n },
        ]),
      ),
    broken: () => [],
  };
  let stores: Stores | null = null;
  let conductor: Conductor | null = null;
  const counts = createJobCounts();
  const app = await testApp({
    cfg,
    settings,
    jobSide: {
      catalog,
      look: () => conductor?.look(),
      taker: { take: async (launched, commit) => conductor?.take(launched, commit) ?? null },
      counts,
    },
    openStores: async (clock) => (stores = await openStores(clock)),
  });
  const begun = (conductor = createConductor({
    stores: stores as unknown as Stores,
    catalog: byName,
    id: `test-${process.pid}-${(conductors += 1)}`,
    leaseSeconds: settings.LEASE_SECONDS ?? 5,
    concurrency: 8,
    logs: createLogs({ folder: logFolder(path.join(app.folder, 'data')), now: systemTimers.wall }),
    operationId: () => crypto.randomUUID(),
    timers: systemTimers,
    random: () => 0.5,
    environment: {},
    graceMilliseconds: 1000,
    lookEveryMilliseconds: 100,
    counts,
    onProblem: (error) => {
      throw error;
    },
  }));
  await begun.start();
  onTestFinished(() => begun.stop());

  const launch: AppWithJobs['launch'] = async (job, body, query = '') => {
    const given = typeof body === 'string' ? { rawBody: body } : body === undefined ? {} : { body };
    const answer = await app.call('POST', `/jobs/${job}/launch${query}`, given);
    if (answer.status !== 202) throw new Error(`launch of ${job}: ${answer.status} ${answer.text}`);
    return { ...answer.json, id: answer.json.execution_id };
  };
  const ended: AppWithJobs['ended'] = (id) =>
    vi.waitFor(
      async () => {
        const execution = (await app.call('GET', `/executions/${id}`)).json;
        if (['STARTING', 'STARTED', 'STOPPING'].includes(execution.status))
          throw new Error(`execution ${id} is ${execution.status}`);
        return execution;
      },
      { timeout: 50_000, interval: 10 },
    );
  return {
    ...app,
    launch,
    ended,
    run: async (job, body, query) => ended((await launch(job, body, query)).id),
  };
}
