import * as fc from 'fast-check';

import {
  batchStatuses,
  type JobExecution,
  type JobInstance,
  type JobParameters,
  keptTypes,
  type SkippedItem,
  type StepExecution,
} from '../../src/domain/execution.ts';
import { parameterTypes } from '../../src/domain/job.ts';
import { type Json, numberFromSource } from '../../src/domain/json.ts';
import { earliestInstant, floorToMicrosecond, type Instant, latestInstant } from '../../src/domain/time.ts';

/** Arbitrary instances, executions, …: any text, any number that JSON can write, any time that is stored. */

const id = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const text = fc.string({ unit: 'binary', maxLength: 20 });
const status = fc.constantFrom(...batchStatuses);
const instant: fc.Arbitrary<Instant> = fc
  .bigInt({ min: earliestInstant, max: latestInstant })
  .map((value) => floorToMicrosecond(value));
const orNull = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(value, { nil: null });

const exactNumber = fc
  .constantFrom('1.0', '-0', '12345678901234567890', '1e400', '0.10', '1E5')
  .map((source) => numberFromSource(source));
export const json: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    text,
    fc.integer(),
    exactNumber,
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(text, fc.constant('__proto__')), tie('json'), { maxKeys: 3 }),
  ),
})).json;

const parameters: fc.Arbitrary<JobParameters> = fc
  .uniqueArray(
    fc.tuple(text, fc.record({ type: fc.constantFrom(...parameterTypes), value: json, identifying: fc.boolean() })),
    { maxLength: 4, selector: ([name]) => name },
  )
  .map((entries) => new Map(entries));

const latestStep = fc.record({ stepExecutionId: id, executionId: id, status, starts: id });
export const instance: fc.Arbitrary<JobInstance> = fc.record(
  {
    id,
    jobName: text,
    key: text,
    parameters,
    createdAt: instant,
    lastExecutionId: orNull(id),
    lastReplayId: id,
    steps: fc
      .uniqueArray(fc.tuple(text, latestStep), { maxLength: 4, selector: ([name]) => name })
      .map((entries) => new Map(entries)),
  },
  { requiredKeys: ['id', 'jobName', 'key', 'parameters', 'createdAt', 'lastExecutionId', 'steps'] },
);

export const execution: fc.Arbitrary<JobExecution> = fc.record({
  id,
  instanceId: id,
  jobName: fc.stringMatching(/^[A-Za-z0-9_.-]{1,128}$/),
  status,
  exitCode: text,
  exitMessage: text,
  createdAt: instant,
  startedAt: orNull(instant),
  endedAt: orNull(instant),
  updatedAt: instant,
  parameters,
  forced: fc.boolean(),
  batch: orNull(
    fc.record({
      workflow: text,
      jobs: orNull(fc.array(text, { maxLength: 3 })),
      batchId: id,
      backfill: fc.boolean(),
      from: instant,
      until: instant,
    }),
  ),
  launchedBy: text,
  takeovers: id,
  stopRequestedBy: orNull(text),
});

const count = fc.nat();
const flowError = fc.record({ name: text, message: text });
const flowStep = fc.record({
  phase: fc.constantFrom('execute', 'revert'),
  task: orNull(
    fc.record({
      status: fc.constantFrom('RUNNING', 'SUCCESS', 'FAILURE', 'REVERTING', 'REVERTED', 'REVERT_FAILURE'),
      started: id,
      ended: orNull(id),
      isLost: fc.constant(false),
      result: json,
      failure: orNull(flowError),
      revertFailure: orNull(flowError),
    }),
  ),
});
export const step: fc.Arbitrary<StepExecution> = fc.record(
  {
    id,
    executionId: id,
    instanceId: id,
    stepName: text,
    status,
    exitCode: text,
    exitMessage: text,
    startedAt: instant,
    endedAt: orNull(instant),
    counters: fc.record({
      read: count,
      write: count,
      filter: count,
      commit: count,
      rollback: count,
      readSkip: count,
      processSkip: count,
      writeSkip: count,
      retry: count,
    }),
    checkpoint: json,
    flow: flowStep,
  },
  {
    requiredKeys: [
      'id',
      'executionId',
      'instanceId',
      'stepName',
      'status',
      'exitCode',
      'exitMessage',
      'startedAt',
      'endedAt',
      'counters',
      'checkpoint',
    ],
  },
);

export const skipped: fc.Arbitrary<SkippedItem> = fc.record({
  executionId: id,
  stepName: text,
  number: id,
  phase: fc.constantFrom('read', 'process', 'write'),
  item: json,
  types: fc.array(
    fc.record({
      path: fc.array(fc.oneof(text, fc.nat()), { maxLength: 3 }),
      type: fc.constantFrom(...keptTypes),
    }),
    { maxLength: 3 },
  ),
  output: json,
  obstacle: orNull(text),
  position: orNull(text),
  error: text,
  triedBy: orNull(id),
  replayedBy: orNull(id),
});

export const context: fc.Arbitrary<ReadonlyMap<string, Json>> = fc
  .uniqueArray(fc.tuple(text, json), { maxLength: 4, selector: ([key]) => key })
  .map((entries) => new Map(entries));
