import {
  type BatchStatus,
  type JobExecution,
  type JobInstance,
  type JobParameters,
  type LatestStep,
  noCounters,
  type StepExecution,
} from '../../src/domain/execution.ts';
import type { Json } from '../../src/domain/json.ts';
import { at } from './scenario.ts';

/** What ran of a step: its status, unless more is said in execution 1. */
export interface RanStep {
  readonly status: BatchStatus;
  readonly executionId?: number;
  readonly exitCode?: string;
  readonly checkpoint?: Json;
  readonly starts?: number;
}

const noon = at('2026-11-21T12:00:00');

/** The latest step executions of an instance, in both forms. */
export function ranSteps(steps: Readonly<Record<string, RanStep>>): {
  readonly steps: ReadonlyMap<string, LatestStep>;
  readonly stepExecutions: ReadonlyMap<string, StepExecution>;
} {
  const ran = Object.entries(steps).map(([stepName, step], index) => ({ id: index + 1, stepName, ...step }));
  return {
    steps: new Map(
      ran.map(({ id, stepName, status, executionId = 1, starts = 1 }) => [
        stepName,
        { stepExecutionId: id, executionId, status, starts },
      ]),
    ),
    stepExecutions: new Map(
      ran.map(({ id, stepName, status, executionId = 1, exitCode = status, checkpoint = null }) => [
        stepName,
        {
          id,
          executionId,
          instanceId: 1,
          stepName,
          status,
          exitCode,
          exitMessage: '',
          startedAt: noon,
          endedAt: null,
          counters: noCounters,
          checkpoint,
        },
      ]),
    ),
  };
}

export function instanceOf(steps: ReadonlyMap<string, LatestStep>, parameters: JobParameters = new Map()): JobInstance {
  return { id: 7, jobName: 'Load', key: 'key', parameters, createdAt: noon, lastExecutionId: 42, steps };
}

export function executionOf(status: BatchStatus): JobExecution {
  return {
    id: 42,
    instanceId: 7,
    jobName: 'Load',
    status,
    exitCode: status,
    exitMessage: '',
    createdAt: noon,
    startedAt: noon,
    endedAt: null,
    updatedAt: noon,
    parameters: new Map(),
    forced: false,
    batch: null,
    launchedBy: 'anonymous',
    takeovers: 0,
    stopRequestedBy: null,
  };
}
