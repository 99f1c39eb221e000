import { describe, expect, it, test } from 'vitest';

import { beginningOf, encodePlace } from '../../src/domain/chunk-place.ts';
import {
  type BatchStatus,
  type JobExecution,
  type JobParameters,
  noCounters,
  type StepExecution,
} from '../../src/domain/execution.ts';
import { replayParameters } from '../../src/domain/replay.ts';
import { checkNotRunAfresh, checkReplayed, chooseStep } from '../../src/domain/replay-rules.ts';
import { jobOf, stepOf } from './job-of.ts';

const job = jobOf([
  stepOf('Prepare'),
  stepOf('Load', { kind: 'chunk' }),
  stepOf('Copy', { kind: 'chunk' }),
  stepOf('Parts', { kind: 'partition' }),
]);

function ran(stepName: string, skips: number, more: Partial<StepExecution> = {}): StepExecution {
  return {
    id: 11,
    executionId: 6,
    instanceId: 1,
    stepName,
    status: 'COMPLETED',
    exitCode: 'COMPLETED',
    exitMessage: '',
    startedAt: 0n,
    endedAt: 0n,
    counters: { ...noCounters, writeSkip: skips },
    checkpoint: encodePlace(beginningOf(11, 'stamp', 10)),
    ...more,
  };
}

describe('the step of a replay', () => {
  const parts = [ran('Parts', 3), ran('Parts:partition0', 3), ran('Parts:partition1', 0)];
  const choose = (steps: readonly StepExecution[], named: string | null): string =>
    chooseStep(job, 6, steps, named).stepName;

  it('is none of a flow', () => {
    expect(() => chooseStep(jobOf([], { isFlow: true }), 6, [ran('a', 0)], 'a')).toThrow(/is a flow/);
  });

  it('is the one that is named, or the only one that has left something out', () => {
    expect(choose([ran('Load', 1), ran('Copy', 2)], 'Copy')).toBe('Copy');
    expect(choose([ran('Prepare', 0), ran('Load', 1), ran('Copy', 0)], null)).toBe('Load');
    expect(choose(parts, null)).toBe('Parts:partition0');
    expect(choose(parts, 'Parts:partition0')).toBe('Parts:partition0');
  });

  test.each([
    ['of several, none is named', [ran('Load', 1), ran('Copy', 2)], null, 'invalid-body', 'say which: "Load", "Copy"'],
    ['nothing was left out', [ran('Load', 0)], null, 'not-replayable', 'No step of execution 6'],
    ['that one has left nothing out', [ran('Load', 0), ran('Copy', 2)], 'Load', 'not-replayable', '"Copy" has'],
    ['it has not run', [ran('Copy', 2)], 'Load', 'not-replayable', 'Step "Load" of execution 6 has left nothing out'],
    ['there is none of that name', [ran('Load', 1)], 'Nope', 'invalid-body', 'no step "Nope"'],
    ['it is gone from the job', [ran('Old', 1)], null, 'invalid-body', 'no step "Old"'],
    ['it is no chunk step', [ran('Load', 1)], 'Prepare', 'invalid-body', 'no chunk step'],
    ['it has no parts', [ran('Load', 1)], 'Load:partition0', 'invalid-body', 'no chunk step'],
    [
      'it has parts',
      parts,
      'Parts',
      'invalid-body',
      'each by itself. Those that have left items out: "Parts:partition0"',
    ],
  ])('is refused where %s', (_what, steps, named, code, detail) => {
    expect(() => choose(steps, named)).toThrow(
      expect.objectContaining({ code, detail: expect.stringContaining(detail) }),
    );
  });

  it('is refused where the items have been read again, or nobody can tell', () => {
    const then = ran('Load', 1);
    expect(() => checkNotRunAfresh(then, { ...then, id: 12, executionId: 7 })).not.toThrow();
    const afresh = ran('Load', 0, { id: 12, executionId: 7, checkpoint: encodePlace(beginningOf(12, 'stamp', 10)) });
    expect(() => checkNotRunAfresh(then, afresh)).toThrow('run afresh by execution 7');
    expect(() => checkNotRunAfresh(then, undefined)).toThrow(expect.objectContaining({ code: 'not-replayable' }));
    expect(() => checkNotRunAfresh(then, { ...afresh, checkpoint: { ranges: [] } })).toThrow('of no chunk step');
  });
});

describe('the execution of a replay', () => {
  const execution = (status: BatchStatus, parameters: JobParameters = new Map()): JobExecution => ({
    id: 6,
    instanceId: 1,
    jobName: job.name,
    status,
    exitCode: status,
    exitMessage: '',
    createdAt: 0n,
    startedAt: 0n,
    endedAt: null,
    updatedAt: 0n,
    parameters,
    forced: false,
    batch: null,
    launchedBy: 'somebody',
    takeovers: 0,
    stopRequestedBy: null,
  });

  test.each(['COMPLETED', 'FAILED', 'STOPPED'] as const)('may be %s', (status) => {
    expect(() => checkReplayed(execution(status))).not.toThrow();
  });

  test.each([
    ['STARTING', 'already-running'],
    ['STARTED', 'already-running'],
    ['STOPPING', 'already-running'],
    ['UNKNOWN', 'not-recovered'],
    ['ABANDONED', 'abandoned'],
  ] as const)('may not be %s', (status, code) => {
    expect(() => checkReplayed(execution(status))).toThrow(expect.objectContaining({ code }));
  });

  it('is no replay itself', () => {
    const parameters = replayParameters(new Map(), false, { executionId: 4, stepName: 'Load', stepExecutionId: 5 });
    expect(() => checkReplayed(execution('COMPLETED', parameters))).toThrow('is kept with execution 4');
  });
});
