import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import type { BatchStatus, JobExecution, JobInstance, OwnedBatch, StepExecution } from '../../src/domain/execution.ts';
import {
  contextDocument,
  documentChange,
  documentKeys,
  executionDocument,
  instanceDocument,
} from '../../src/domain/execution-documents.ts';
import { decodeContext, decodeExecution, decodeInstance } from '../../src/domain/execution-text.ts';
import { defaultMaxTakeovers, defaultRetry, type JobDefinition, type StepDefinition } from '../../src/domain/job.ts';
import { readLaunchParameters } from '../../src/domain/parameters.ts';
import type { Json } from '../../src/domain/json.ts';
import { runExecution, type RunResult } from '../../src/runner/engine.ts';
import { loadExecution } from '../../src/runner/execution-loading.ts';
import { type ExecutionSession, openSession } from '../../src/runner/execution-session.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { claimables, prepareClaim, takeLease } from '../../src/runner/lease-taking.ts';
import type { EngineTools } from '../../src/runner/running-execution.ts';
import type { ChunkBody, StepBody } from '../../src/runner/step-body.ts';
import { createLogs } from '../../src/runner/step-log.ts';
import type { StoredChange } from '../../src/ports/store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { Timers } from '../../src/ports/timers.ts';
import { createSettableClock, type SettableClock } from '../settable-clock.ts';
import { createHastyTimers } from './manual-timers.ts';

type StepOptions = Partial<Omit<StepDefinition, 'name' | 'kind'>> & { readonly name: string; readonly body: StepBody };

/** A job whose steps follow one another unless they say otherwise. */
export function jobOf(steps: readonly StepOptions[], options: Partial<JobDefinition> = {}): RunnableJob {
  const definition: JobDefinition = {
    name: 'TestJob',
    description: null,
    bond: null,
    parameters: new Map(),
    additionalParameters: true,
    restartable: true,
    refuseIfComplete: false,
    newInstancePerLaunch: false,
    maxConcurrent: null,
    timeoutSeconds: null,
    onFailure: 'stop',
    onOwnerLost: 'resume',
    maxTakeovers: defaultMaxTakeovers,
    ...options,
    steps: steps.map(({ body, ...step }, index): StepDefinition => ({
      dependsOn: index === 0 ? [] : [steps[index - 1]?.name ?? ''],
      on: [],
      retry: defaultRetry,
      timeoutSeconds: null,
      allowStartIfComplete: false,
      startLimit: null,
      kind: body.kind,
      ...step,
    })),
  };
  return { definition, bodies: new Map(steps.map(({ name, body }) => [name, body])) };
}

/** A chunk step over numbers, which commits nothing of its own accord. */
export function chunkBody(options: Partial<ChunkBody> & Pick<ChunkBody, 'reader' | 'writer'>): ChunkBody {
  return {
    kind: 'chunk',
    processor: null,
    chunkSize: 10,
    skip: { limit: 0, isSkippable: () => false },
    retry: { limit: 1, isRetryable: () => true, delaySeconds: 0 },
    ...options,
  };
}

export interface LaunchedWith {
  /** Taken before, perhaps long before; the next one if not said. */
  readonly id?: number;
  readonly parameters?: Json;
  readonly forced?: boolean;
  readonly batch?: OwnedBatch;
  /** Where, in which order and since when it waits. */
  readonly waits?: Pick<JobExecution, 'queue' | 'priority' | 'notBefore'>;
  /** What else belongs to the launch's commit. */
  readonly beside?: readonly StoredChange[];
}

export interface World {
  readonly stores: Stores;
  readonly clock: SettableClock;
  readonly tools: EngineTools;
  /** Puts an execution there as a launch does; an instance for each job. */
  readonly launch: (job: RunnableJob, options?: LaunchedWith) => Promise<number>;
  /** Takes an execution as a conductor of that name. */
  readonly take: (executionId: number, conductor?: string) => Promise<ExecutionSession>;
  /** Prepares to take one that nobody has begun, as a conductor of that name does; it is taken with the first commit. */
  readonly claim: (executionId: number, conductor?: string) => Promise<ExecutionSession>;
  /** Runs an execution from where it is, as one conductor does. */
  readonly run: (executionId: number, job: RunnableJob, handBack?: AbortSignal) => Promise<RunResult>;
  /** Launches and runs. */
  readonly runNew: (job: RunnableJob, options?: LaunchedWith) => Promise<Outcome>;
  readonly outcome: (executionId: number) => Promise<Outcome>;
  /** As the service does. */
  readonly requestStop: (executionId: number) => Promise<void>;
  readonly log: (executionId: number, stepName: string | null) => Promise<string>;
  readonly close: () => Promise<void>;
}

export interface Outcome {
  readonly execution: JobExecution;
  readonly status: BatchStatus;
  readonly steps: readonly StepExecution[];
  readonly instance: JobInstance;
  readonly context: Readonly<Record<string, Json>>;
  /** `Step1 COMPLETED` for each row. */
  readonly rows: readonly string[];
}

/** Of a lease of 3 s. */
export const trustMilliseconds = 1000;

/** Worlds may share a store. */
let operations = 0;

export async function createWorld(
  options: { readonly stores?: Stores; readonly timers?: Timers } = {},
): Promise<World> {
  const clock = createSettableClock('2026-11-21T12:00:00');
  const stores = options.stores ?? (await createMemoryStores({ clock }));
  const timers = options.timers ?? createHastyTimers();
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-runner-'));
  const logs = createLogs({ folder, now: timers.wall });
  const operationId = (): string => `test-${(operations += 1)}`;
  const tools: EngineTools = {
    stores,
    reader: stores.reader,
    journal: stores.journal,
    logs,
    operationId,
    timers,
    random: () => 0.5,
    environment: { PATH: process.env['PATH'] },
    graceMilliseconds: 1000,
    by: 'conductor test',
  };
  const operation = () => ({ id: operationId(), fingerprint: '', answer: null, keepSeconds: 60 });

  const world: World = {
    stores,
    clock,
    tools,
    async launch(
      { definition },
      { id: taken, parameters = {}, forced = false, batch = null, waits = {}, beside = [] } = {},
    ) {
      const id = taken ?? (await stores.documents.reserve('execution', 1));
      const at = await stores.clock.now();
      const known = [
        ...(await stores.documents.scan({
          index: `instances:job:${definition.name}`,
          prefix: '',
          direction: 'ascending',
          beyond: null,
          limit: 1,
        })),
      ];
      const instanceId = known.length > 0 ? Number(known[0]) : await stores.documents.reserve('instance', 1);
      const [stored] = await stores.documents.get([documentKeys.instance(instanceId)]);
      const before = stored === null || stored === undefined ? null : decodeInstance(stored.text);
      const instance: JobInstance = {
        ...(before ?? {
          id: instanceId,
          jobName: definition.name,
          key: definition.name,
          parameters: new Map(),
          createdAt: at,
          steps: new Map(),
        }),
        lastExecutionId: id,
      };
      const [context] =
        before === null ? [null] : await stores.documents.get([documentKeys.context(before.lastExecutionId ?? 0)]);
      const inherited = context === null || context === undefined || forced ? new Map() : decodeContext(context.text);
      const execution: JobExecution = {
        id,
        instanceId,
        jobName: definition.name,
        status: 'STARTING',
        exitCode: 'EXECUTING',
        exitMessage: '',
        createdAt: at,
        startedAt: null,
        endedAt: null,
        updatedAt: at,
        parameters: readLaunchParameters(parameters, definition),
        forced,
        batch,
        launchedBy: 'somebody',
        takeovers: 0,
        stopRequestedBy: null,
        ...waits,
        ...(before?.lastExecutionId == null ? {} : { previousId: before.lastExecutionId }),
      };
      const read =
        before === null || stored === null || stored === undefined
          ? null
          : { revision: stored.revision, members: instanceDocument(before).members };
      const outcome = await stores.store.commit({
        operation: operation(),
        changes: [
          ...beside,
          documentChange(read, instanceDocument(instance)),
          documentChange(null, executionDocument(execution)),
          documentChange(null, contextDocument(id, inherited)),
        ],
        journal: [
          {
            type: 'execution-changed',
            workflow: null,
            at,
            by: 'somebody',
            reason: null,
            batchId: null,
            jobs: [],
            execution: { id, jobName: definition.name, stepName: null, before: null, after: 'STARTING' },
          },
        ],
      });
      if (outcome.kind !== 'committed') throw new Error(`the launch met a ${outcome.kind}`);
      return id;
    },
    async take(executionId, conductor = 'test') {
      const [claimable] = await claimables(stores, [executionId]);
      if (claimable === undefined) throw new Error(`execution ${executionId} is over`);
      const fence = await takeLease(stores, claimable, { conductor, operation: operation(), countsAsTakeover: false });
      if (fence === null) throw new Error('somebody else was faster');
      const giveUp = new AbortController().signal;
      return openSession({ stores, executionId, fence, operationId, timers, trustMilliseconds, giveUp });
    },
    async claim(executionId, conductor = 'test') {
      const [claimable] = await claimables(stores, [executionId]);
      if (claimable === undefined) throw new Error(`execution ${executionId} is over`);
      const claim = await prepareClaim(stores, claimable, conductor);
      const giveUp = new AbortController().signal;
      const { fence } = claim;
      return openSession({ stores, executionId, fence, claim, operationId, timers, trustMilliseconds, giveUp });
    },
    async run(executionId, job, handBack = new AbortController().signal) {
      return runExecution(await world.take(executionId), job, tools, handBack);
    },
    async runNew(job, launched) {
      const id = await world.launch(job, launched);
      await world.run(id, job);
      return world.outcome(id);
    },
    async outcome(executionId) {
      const { state } = await loadExecution(stores.documents, executionId);
      const steps = [...state.steps.values()];
      return {
        execution: state.execution,
        status: state.execution.status,
        steps,
        instance: state.instance,
        context: Object.fromEntries(state.context),
        rows: steps.map(({ stepName, status }) => `${stepName} ${status}`),
      };
    },
    async requestStop(executionId) {
      const [stored] = await stores.documents.get([documentKeys.execution(executionId)]);
      if (stored === null || stored === undefined) throw new Error('no such execution');
      const before = decodeExecution(stored.text);
      const after: JobExecution = { ...before, status: 'STOPPING', stopRequestedBy: 'somebody' };
      const at = await stores.clock.now();
      const { members } = executionDocument(before);
      const outcome = await stores.store.commit({
        operation: operation(),
        changes: [documentChange({ revision: stored.revision, members }, executionDocument(after))],
        journal: [
          {
            type: 'execution-changed',
            workflow: null,
            at,
            by: 'somebody',
            reason: null,
            batchId: null,
            jobs: [],
            execution: {
              id: executionId,
              jobName: before.jobName,
              stepName: null,
              before: before.status,
              after: 'STOPPING',
            },
          },
        ],
      });
      if (outcome.kind !== 'committed') throw new Error(`the stop met a ${outcome.kind}`);
    },
    log: async (executionId, stepName) => (await logs.read(executionId, stepName, 0, 1_000_000)).text,
    async close() {
      await stores.upkeep.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}
