import { expect, it } from 'vitest';

import type { BatchStatus, JobExecution, LatestStep } from '../../src/domain/execution.ts';
import { isLongOver, neededExecutions } from '../../src/domain/execution-retention.ts';

const before = 100n;
const execution = (status: BatchStatus, updatedAt: bigint): JobExecution => ({
  id: 1,
  instanceId: 1,
  jobName: 'Load',
  status,
  exitCode: status,
  exitMessage: '',
  createdAt: 0n,
  startedAt: 0n,
  endedAt: 0n,
  updatedAt,
  parameters: new Map(),
  forced: false,
  batch: null,
  launchedBy: 'test',
  takeovers: 0,
  stopRequestedBy: null,
});

it.each<[BatchStatus, boolean]>([
  ['STARTING', false],
  ['STARTED', false],
  ['STOPPING', false],
  ['UNKNOWN', false],
  ['STOPPED', true],
  ['FAILED', true],
  ['COMPLETED', true],
  ['ABANDONED', true],
])('an execution that is %s is over: %s, and long over once nothing has changed for long enough', (status, over) => {
  expect(isLongOver(execution(status, before - 1n), before)).toBe(over);
  expect(isLongOver(execution(status, before), before)).toBe(false);
});

it('what a restart looks at: the last execution, and those with the latest run of a step', () => {
  const latest = (executionId: number): LatestStep => ({
    stepExecutionId: 1,
    executionId,
    status: 'COMPLETED',
    starts: 1,
  });
  const instance = { id: 1, jobName: 'Load', key: 'k', parameters: new Map(), createdAt: 0n };
  const steps = new Map([
    ['One', latest(3)],
    ['Two', latest(3)],
    ['Three', latest(5)],
  ]);
  expect([...neededExecutions({ ...instance, lastExecutionId: 9, steps })]).toEqual([9, 3, 5]);
  expect([...neededExecutions({ ...instance, lastExecutionId: null, steps: new Map() })]).toEqual([]);
});
