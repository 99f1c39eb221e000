import { beforeEach, describe, expect, it } from 'vitest';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { createServices } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import { readTaskList } from '../../src/dialects/task-list.ts';
import { taskListJob } from '../../src/runner/task-list-job.ts';
import type { ExecutionCommands } from '../../src/service/execution-commands.ts';
import type { TaskRunOptions } from '../../src/service/jobs.ts';
import type { Services } from '../../src/service/services.ts';
import { createSettableClock } from '../settable-clock.ts';
import { jobOf, stepOf } from '../domain/job-of.ts';

const caller = { name: 'ann', idempotency: null };
const list = readTaskList('#SHELL\n1|-1|1|0|a|true|\n2|1|1|0|b|true|\n', { format: 'lst', environment: {} });

describe('a run of a task list', () => {
  let services: Services;
  beforeEach(async () => {
    const { definition } = taskListJob(list, {
      name: 'app',
      environment: {},
      passEnvironment: [],
      workingDirectory: null,
      logFile: (name) => name,
      findModule: () => null,
      maxProcs: 1,
      webhook: null,
    });
    const plain = jobOf([stepOf('a')], { name: 'Plain' });
    const stores = await createMemoryStores({ clock: createSettableClock('2026-11-22T12:00:00') });
    const { settings } = loadSettings({ folder: '/nowhere', environment: {} });
    services = createServices(stores, settings, {
      catalog: {
        ready: async () => {},
        jobs: () =>
          new Map(
            [definition, plain].map((each) => [
              each.name,
              { definition: each, file: 'x.lst', version: 'aaaaaaaaaaaa', readAt: 0n },
            ]),
          ),
        broken: () => [],
      },
      look: () => {},
      stopping: new AbortController().signal,
    });
  });

  const render: Parameters<ExecutionCommands['stop']>[2] = ({ id }) => ({
    status: 202,
    headers: {},
    body: String(id),
  });
  const run = async (options: Partial<TaskRunOptions> = {}, name = 'app') => {
    const given = { deselected: [], context: new Map(), restart: false, ...options };
    const { answer } = await services.jobs.runTasks(name, given, caller, render);
    return services.executions.get(Number(answer.body));
  };
  /** Nobody runs it: it has ended at once. */
  const stop = (id: number) => services.executions.stop(id, caller, render);

  it('begins anew after one that did not complete, by a launch as well', async () => {
    await stop((await run()).id);
    const second = await run();
    expect(second).toMatchObject({ id: 2, instanceId: 2 });
    await stop(2);
    const options = { body: undefined, force: false, supersede: false };
    await services.jobs.launch('app', options, caller, render);
    expect(await services.executions.get(3)).toMatchObject({ instanceId: 3 });
  });

  it('goes on where it is to, with what that left out and has in its context', async () => {
    await stop((await run({ deselected: ['b'], context: new Map([['day', 1]]) })).id);
    const again = await run({ restart: true, context: new Map([['more', 2]]) });
    expect(again).toMatchObject({ id: 2, instanceId: 1, deselected: ['b'] });
    expect([...(await services.executions.context(2))]).toEqual([
      ['day', 1],
      ['more', 2],
    ]);
  });

  it('begins anew where there is nothing to go on with', async () => {
    expect(await run({ restart: true })).toMatchObject({ id: 1, instanceId: 1 });
    await stop(1);
    await services.executions.abandon(1, caller, render);
    expect(await run({ restart: true })).toMatchObject({ id: 2, instanceId: 2 });
  });

  it.each([
    ['a selection of a restart', { restart: true, deselected: ['a'] }, 'app', /leave_out/],
    ['what is no task list', {}, 'Plain', /no task list/],
    ['tasks that there are not', { deselected: ['c'] }, 'app', /no "c"/],
    ['nothing at all', { deselected: ['a', 'b'] }, 'app', /nothing would be left/],
  ])('is not one of %s', async (_what, options, name, message) => {
    await expect(run(options, name)).rejects.toThrow(message);
  });
});
