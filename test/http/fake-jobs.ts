import { BatchyError } from '../../src/domain/errors.ts';
import {
  type BatchStatus,
  type JobExecution,
  type JobInstance,
  noCounters,
  type SkippedItem,
  type StepExecution,
} from '../../src/domain/execution.ts';
import { type ExecutionEvent, isLive, moveExecution } from '../../src/domain/execution-transitions.ts';
import { defaultRetry, type JobDefinition, type StepDefinition } from '../../src/domain/job.ts';
import type { Json } from '../../src/domain/json.ts';
import { readLaunchParameters } from '../../src/domain/parameters.ts';
import { changedParameters } from '../../src/domain/replay-parameters.ts';
import { replayParameters } from '../../src/domain/replay.ts';
import { parseInstant } from '../../src/domain/time.ts';
import type { HttpServices } from '../../src/http/server.ts';
import type { Answered, Caller } from '../../src/service/commands.ts';
import type { ExecutionLogs } from '../../src/service/execution-logs.ts';
import type { Executions, PlannedStep } from '../../src/service/executions.ts';
import type { LaunchOptions, ListedJob, TaskRunOptions } from '../../src/service/jobs.ts';
import type { StoredAnswer } from '../../src/ports/store.ts';

/** Jobs as the routes see them, in a few lists: what the examples of the document speak of, to be changed by a test. */
export interface FakeJobs {
  readonly services: Required<Pick<HttpServices, 'jobs' | 'executions' | 'logs'>>;
  readonly executions: Map<number, JobExecution>;
  readonly steps: Map<number, StepExecution[]>;
  readonly contexts: Map<number, ReadonlyMap<string, Json>>;
  readonly skipped: Map<number, SkippedItem[]>;
  readonly instances: Map<number, JobInstance>;
  /** Text of the log by execution, or by `<execution>/<step>`. */
  readonly logs: Map<string, string>;
  readonly launches: LaunchOptions[];
  readonly runs: TaskRunOptions[];
  change(id: number, changes: Partial<JobExecution>): void;
  /** Lets those who wait for an end look again. */
  wake(): void;
}

const at = (text: string): bigint => parseInstant(text) ?? 0n;
const launchedAt = at('2026-11-21T21:53:34.230000');

export function fakeJobs(): FakeJobs {
  const executions = new Map([
    [1, execution(1, { status: 'COMPLETED', exitCode: 'COMPLETED', endedAt: at('2026-11-21T21:53:41.902000') })],
    [2, execution(2, { status: 'FAILED', exitCode: 'FAILED', exitMessage: 'Something went wrong!' })],
    [3, execution(3, { status: 'STARTED', instanceId: 2 })],
    [4, execution(4, { status: 'UNKNOWN', instanceId: 2 })],
  ]);
  const steps = new Map([[1, [stepExecution(1, 'Download'), stepExecution(2, 'Load')]]]);
  const contexts = new Map<number, ReadonlyMap<string, Json>>([[1, new Map([['path', '/landing/orders.csv']])]]);
  const skipped = new Map([[1, [skippedItem(1)]]]);
  const instances = new Map([instance(1), instance(2)].map((each) => [each.id, each]));
  const logs = new Map([
    ['1', '2026-11-21T21:53:34.400000 INFO Load: 50 rows\n'],
    ['1/Load', '2026-11-21T21:53:34.400000 INFO 50 rows\n'],
  ]);
  const launches: LaunchOptions[] = [];
  const runs: TaskRunOptions[] = [];
  const answers = new Map<string, { request: string; answer: StoredAnswer }>();
  let wakeAll: (() => void)[] = [];

  const get = (id: number): JobExecution => {
    const found = executions.get(id);
    if (found === undefined) throw new BatchyError('unknown-execution', `There is no execution ${id}.`);
    return found;
  };
  const fake: FakeJobs = {
    services: { jobs: jobs(), executions: queries(), logs: logReader() },
    executions,
    steps,
    contexts,
    skipped,
    instances,
    logs,
    launches,
    runs,
    change(id, changes) {
      executions.set(id, { ...get(id), ...changes });
      fake.wake();
    },
    wake() {
      for (const each of wakeAll) each();
      wakeAll = [];
    },
  };
  return fake;

  function once({ name, idempotency }: Caller, act: () => StoredAnswer): Answered {
    if (idempotency === null) return { answer: act(), replayed: false };
    const key = JSON.stringify([name, idempotency.key]);
    const before = answers.get(key);
    if (before === undefined) {
      const answer = act();
      answers.set(key, { request: idempotency.request, answer });
      return { answer, replayed: false };
    }
    if (before.request !== idempotency.request) throw new BatchyError('idempotency-mismatch', 'Another request.');
    return { answer: before.answer, replayed: true };
  }

  function launchInstance(instanceId: number, changes: Partial<JobExecution>): JobExecution {
    const running = [...executions.values()].find((each) => each.instanceId === instanceId && isLive(each.status));
    if (running !== undefined)
      throw new BatchyError('already-running', `Execution ${running.id} is running.`, {
        facts: { execution_id: running.id },
      });
    const id = Math.max(...executions.keys()) + 1;
    executions.set(id, execution(id, { status: 'STARTING', startedAt: null, instanceId, ...changes }));
    return get(id);
  }

  function jobs(): HttpServices['jobs'] {
    const listed: ListedJob = {
      definition: loadOrders,
      file: 'load-orders.ts',
      version: '5f0c3a9d41be',
      readAt: parseInstant('2026-11-21T21:50:02.118') ?? 0n,
      lastExecution: get(1),
    };
    const known = (name: string): void => {
      if (name !== loadOrders.name)
        throw new BatchyError('unknown-job-definition', `There is no job ${name}; there are LoadOrders.`);
    };
    return {
      list: async () => [listed],
      broken: () => [{ file: 'half-done.ts', line: 7, column: 12, message: 'Unexpected token }', jobs: ['HalfDone'] }],
      get: async (name) => {
        known(name);
        return listed;
      },
      whyMissing: () => null,
      maxRunningOf: () => undefined,
      capabilitiesOf: () => [],
      launch: async (name, options, caller, render) => {
        known(name);
        const parameters = readLaunchParameters(options.body, loadOrders);
        return once(caller, () => {
          launches.push(options);
          return render(launchInstance(1, { parameters, forced: options.force, launchedBy: caller.name }));
        });
      },
      runTasks: async (name, options, caller, render) => {
        known(name);
        return once(caller, () => {
          runs.push(options);
          return render(launchInstance(1, { deselected: options.deselected, launchedBy: caller.name }));
        });
      },
    };
  }

  function queries(): Executions {
    const newestFirst = <Item extends { id: number }>(items: Iterable<Item>, beforeId: number | null): Item[] =>
      [...items].filter(({ id }) => beforeId === null || id < beforeId).toSorted((one, other) => other.id - one.id);
    const command =
      (event: ExecutionEvent): Executions['stop'] =>
      async (id, caller, render) => {
        get(id);
        return once(caller, () => {
          fake.change(id, { status: moveExecution(get(id).status, event) });
          return render(get(id));
        });
      };
    return {
      get: async (id) => get(id),
      partOwners: async () => new Map(),
      awaits: async ({ jobName }) => (jobName === loadOrders.name ? null : 'its job'),
      list: async ({ status, jobName, instanceId, queue, startedAfter, startedBefore, beyond, limit }) =>
        newestFirst(executions.values(), beyond === null ? null : Number(String(beyond).slice(-16)))
          .filter(
            (each) =>
              (status === null || each.status === status) &&
              (jobName === null || each.jobName === jobName) &&
              (instanceId === null || each.instanceId === instanceId) &&
              (queue === null || ((each.queue ?? 'default') === queue && isLive(each.status))) &&
              (startedAfter === null || (each.startedAt ?? 0n) > startedAfter) &&
              (startedBefore === null || (each.startedAt ?? 0n) < startedBefore),
          )
          .slice(0, limit),
      steps: async (id) => steps.get(get(id).id) ?? [],
      flowView: async () => null,
      context: async (id) => contexts.get(get(id).id) ?? new Map(),
      skipped: async (id, { after, limit, missing }) =>
        (skipped.get(get(id).id) ?? [])
          .map((item) => ({ item, member: `${'2'.padStart(16, '0')}:${String(item.number).padStart(16, '0')}` }))
          .filter(({ item, member }) => (after === null || member > after) && !(missing && item.replayedBy !== null))
          .slice(0, limit),
      replay: async (id, { stepName, parameters: given }, caller, render) => {
        const parameters = changedParameters(get(id), loadOrders, given);
        const items = (skipped.get(id) ?? []).filter((item) => stepName === null || item.stepName === stepName);
        if (items.length === 0) throw new BatchyError('not-replayable', `Nothing is left of execution ${id}.`);
        const replay = { executionId: id, stepName: items[0]?.stepName ?? '', stepExecutionId: 2 };
        const summary = { replay, items: items.length, leftOut: { count: 1, reasons: ['it could not be read'] } };
        const replaying = replayParameters(parameters, true, replay);
        return once(caller, () => render(launchInstance(3, { parameters: replaying, batch: null }), summary));
      },
      restartPlan: async (id) => {
        get(id);
        return restartPlan;
      },
      waitForEnd: async (id, seconds, signal) => {
        const ends = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
        while (isLive(get(id).status) && !ends.aborted)
          await new Promise<void>((resolve) => {
            wakeAll.push(resolve);
            ends.addEventListener('abort', () => resolve());
          });
        return get(id);
      },
      stop: command('stop'),
      revive: command('revive'),
      abandon: command('abandon'),
      recover: command('recover'),
      restart: async (id, caller, render) => {
        const { instanceId, parameters } = get(id);
        return once(caller, () => render(launchInstance(instanceId, { parameters })));
      },
      instances: async ({ jobName, beforeId, limit }) =>
        newestFirst(instances.values(), beforeId)
          .filter((each) => jobName === null || each.jobName === jobName)
          .slice(0, limit),
      instance: async (id) => {
        const found = instances.get(id);
        if (found === undefined) throw new BatchyError('unknown-instance', `There is no instance ${id}.`);
        return found;
      },
    };
  }

  function logReader(): ExecutionLogs {
    return {
      read: async (id, stepName, offset, limit) => {
        const whole = Buffer.from(logs.get(stepName === null ? String(id) : `${id}/${stepName}`) ?? '');
        const piece = whole.subarray(offset, offset + limit);
        return {
          text: piece.toString('utf8'),
          nextOffset: offset + piece.length,
          ended: offset + piece.length >= whole.length,
        };
      },
    };
  }
}

const step = (name: string, more: Partial<StepDefinition>): StepDefinition => ({
  name,
  kind: 'task',
  dependsOn: [],
  on: [],
  retry: defaultRetry,
  timeoutSeconds: null,
  allowStartIfComplete: false,
  startLimit: null,
  ...more,
});

const loadOrders: JobDefinition = {
  name: 'LoadOrders',
  description: 'Loads the orders that changed',
  bond: { workflow: 'orders', jobs: null },
  parameters: new Map([
    ['chunk', { type: 'integer', default: 1000, required: false, identifying: false, description: 'Rows of a commit' }],
  ]),
  additionalParameters: true,
  steps: [
    step('Download', { kind: 'shell', retry: { ...defaultRetry, maxRetries: 3 } }),
    step('Load', {
      kind: 'chunk',
      dependsOn: ['Download'],
      on: [
        { exitCode: 'EMPTY', to: { end: 'COMPLETED' } },
        { exitCode: '*', to: { step: 'Notify' } },
      ],
    }),
    step('Notify', { dependsOn: [] }),
  ],
  restartable: true,
  refuseIfComplete: false,
  newInstancePerLaunch: false,
  maxConcurrent: null,
  timeoutSeconds: null,
  onFailure: 'stop',
  onOwnerLost: 'resume',
  maxTakeovers: 3,
};

function execution(id: number, changes: Partial<JobExecution> & { status: BatchStatus }): JobExecution {
  return {
    id,
    instanceId: 1,
    jobName: 'LoadOrders',
    exitCode: changes.status,
    exitMessage: '',
    createdAt: launchedAt,
    startedAt: launchedAt + BigInt(id) * 1_000_000n,
    endedAt: null,
    updatedAt: launchedAt,
    parameters: new Map([
      ['chunk', { type: 'integer', value: 1000, identifying: false }],
      ['db_password', { type: 'string', value: 'hunter2', identifying: false }],
    ]),
    forced: false,
    batch: {
      workflow: 'orders',
      jobs: null,
      batchId: 1795298014,
      backfill: false,
      from: at('2026-11-20T21:53:34.230000'),
      until: launchedAt,
    },
    launchedBy: 'nightly',
    takeovers: 0,
    stopRequestedBy: null,
    ...changes,
  };
}

function stepExecution(id: number, stepName: string): StepExecution {
  return {
    id,
    executionId: 1,
    instanceId: 1,
    stepName,
    status: 'COMPLETED',
    exitCode: 'COMPLETED',
    exitMessage: '',
    startedAt: launchedAt,
    endedAt: launchedAt,
    counters: { ...noCounters, read: 50, write: 25, filter: 25, commit: 5, readSkip: 1, writeSkip: 2 },
    checkpoint: null,
  };
}

function skippedItem(number: number): SkippedItem {
  return {
    executionId: 1,
    stepName: 'Load',
    number,
    phase: 'process',
    item: { id: 16 + number, qty: 'three' },
    types: [],
    output: null,
    obstacle: null,
    position: `line ${17 + number}`,
    error: 'qty is no number',
    triedBy: null,
    replayedBy: null,
  };
}

function instance(id: number): JobInstance {
  return {
    id,
    jobName: 'LoadOrders',
    key: `v1:${id}`,
    parameters: new Map([
      ['start_date', { type: 'date', value: '2024-01-01', identifying: true }],
      ['batch_size', { type: 'integer', value: 100, identifying: true }],
      ['threshold', { type: 'float', value: 0.95, identifying: true }],
      ['api_token', { type: 'string', value: 'hush', identifying: false }],
      ['regions', { type: 'json', value: [{ name: 'eu', secret: 's' }], identifying: true }],
    ]),
    createdAt: launchedAt,
    lastExecutionId: id,
    steps: new Map(),
  };
}

const plain = { conditional: false, overLimit: false };
const restartPlan: PlannedStep[] = [
  { stepName: 'Download', action: 'skip', why: 'it was completed in execution 1', checkpoint: null, ...plain },
  { stepName: 'Load', action: 'resume', why: 'it stopped behind a commit', checkpoint: { line: 55_001 }, ...plain },
];
