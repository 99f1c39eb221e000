import { describe, expect, it, test } from 'vitest';

import { BatchyError } from '../../src/domain/errors.ts';
import type { BatchStatus, JobParameters } from '../../src/domain/execution.ts';
import { buildGraph } from '../../src/domain/graph.ts';
import { generationParameter, instanceParameter, withoutInstanceNumber } from '../../src/domain/instance-number.ts';
import type { JobDefinition } from '../../src/domain/job.ts';
import { decideLaunch, type LaunchDecision, type LaunchInput } from '../../src/domain/launch-rules.ts';
import { planRestart } from '../../src/domain/restart-plan.ts';
import { executionOf, instanceOf, type RanStep, ranSteps } from './instance-of.ts';
import { jobOf, stepOf } from './job-of.ts';

const completed: RanStep = { status: 'COMPLETED' };
const failed: RanStep = { status: 'FAILED' };
const half = { a: completed, b: failed };
const whole = { a: completed, b: completed };
const due = { kind: 'due', loadedSince: null, inDoubt: false } as const;
const inDoubt = { ...due, inDoubt: true } as const;
const backfill = { kind: 'named', loadedSince: null, inDoubt: false } as const;

interface Given extends Partial<Pick<LaunchInput, 'forced' | 'running' | 'restarts' | 'window'>> {
  readonly job?: Partial<JobDefinition>;
  /** Of the last execution; no instance if not said. */
  readonly last?: BatchStatus;
  readonly ran?: Readonly<Record<string, RanStep>>;
  readonly parameters?: JobParameters;
}

/** What is decided, and which steps of the instance would run. */
function launch({ job, last, ran = {}, parameters, ...more }: Given): [LaunchDecision, string[]] {
  const definition = jobOf([stepOf('a', { startLimit: 3 }), stepOf('b', { dependsOn: ['a'], startLimit: 3 })], job);
  const { steps, stepExecutions } = ranSteps(ran);
  const before =
    last === undefined ? null : { instance: instanceOf(steps, parameters), last: executionOf(last), stepExecutions };
  const graph = buildGraph(definition);
  const input = {
    definition,
    graph,
    before,
    running: 0,
    forced: false,
    deselected: [],
    restarts: false,
    window: null,
    ...more,
  };
  const decision = decideLaunch(input);
  const isNew = decision.kind === 'run' && decision.instance.kind === 'new';
  const plan = planRestart({
    definition,
    graph,
    steps: isNew ? new Map() : steps,
    stepExecutions,
    forced: input.forced,
    deselected: input.deselected,
    executionId: null,
    lastCompleted: last === 'COMPLETED' && !isNew,
  });
  return [decision, plan.steps.filter(({ action }) => action !== 'skip').map(({ stepName }) => stepName)];
}

/** `same`, `new 2`, `complete-at-once`, or the code of the refusal; with the steps that run. */
function outcome(given: Given): string {
  try {
    const [decision, running] = launch(given);
    if (decision.kind === 'complete-at-once') return decision.kind;
    const { instance } = decision;
    return [instance.kind === 'new' ? `new ${instance.number}` : 'same', ...running].join(' ');
  } catch (error) {
    if (error instanceof BatchyError) return error.code;
    throw error;
  }
}

describe('a launch', () => {
  test.each<[string, Given, string]>([
    ['the first', {}, 'new 1 a b'],
    ['while it runs', { last: 'STARTED' }, 'already-running'],
    ['before it runs', { last: 'STARTING' }, 'already-running'],
    ['while it stops', { last: 'STOPPING' }, 'already-running'],
    ['while it runs, forced', { last: 'STARTED', forced: true }, 'already-running'],
    ['after an unknown outcome', { last: 'UNKNOWN', ran: whole }, 'not-recovered'],
    ['after an unknown outcome, forced', { last: 'UNKNOWN', ran: whole, forced: true }, 'not-recovered'],
    ['of what is complete', { last: 'COMPLETED', ran: whole }, 'complete-at-once'],
    ['of what is complete, forced', { last: 'COMPLETED', ran: whole, forced: true }, 'same a b'],
    [
      'of what is complete, which the job refuses',
      { last: 'COMPLETED', ran: whole, job: { refuseIfComplete: true } },
      'already-complete',
    ],
    [
      'of what is complete, which the job refuses, forced',
      { last: 'COMPLETED', ran: whole, job: { refuseIfComplete: true }, forced: true },
      'same a b',
    ],
    [
      'of what is complete, not restartable',
      { last: 'COMPLETED', ran: whole, job: { restartable: false } },
      'complete-at-once',
    ],
    ['after a failure', { last: 'FAILED', ran: half }, 'same b'],
    ['after a stop', { last: 'STOPPED', ran: { a: completed } }, 'same b'],
    ['after a failure behind the last step', { last: 'FAILED', ran: whole }, 'complete-at-once'],
    ['after a forced one that failed (acceptance 13)', { last: 'FAILED', ran: { a: completed, b: failed } }, 'same b'],
    ['after a step was added', { last: 'COMPLETED', ran: { a: completed } }, 'same b'],
    ['after it was abandoned', { last: 'ABANDONED', ran: half }, 'abandoned'],
    ['after it was abandoned, forced', { last: 'ABANDONED', ran: half, forced: true }, 'abandoned'],
    ['that restarts what has failed', { last: 'FAILED', ran: half, restarts: true }, 'same b'],
    ['that restarts what was abandoned', { last: 'ABANDONED', ran: half, restarts: true }, 'abandoned'],
    ['of what may not be restarted', { last: 'FAILED', ran: half, job: { restartable: false } }, 'not-restartable'],
    [
      'of what may not be restarted, forced',
      { last: 'STOPPED', ran: half, job: { restartable: false }, forced: true },
      'not-restartable',
    ],
    [
      'of a step that started too often',
      { last: 'FAILED', ran: { ...half, b: { ...failed, starts: 3 } } },
      'start-limit',
    ],
    [
      'of a step that started too often, forced',
      { last: 'FAILED', ran: { ...half, b: { ...failed, starts: 3 } }, forced: true },
      'same a b',
    ],
    [
      'of a completed step that started too often',
      { last: 'FAILED', ran: { a: { ...completed, starts: 3 } } },
      'same b',
    ],
    ['where there is room', { job: { maxConcurrent: 2 }, running: 1 }, 'new 1 a b'],
    ['where there is no room', { job: { maxConcurrent: 2 }, running: 2 }, 'too-many-running'],
    [
      'where there is no room for a restart',
      { job: { maxConcurrent: 1 }, running: 1, last: 'FAILED', ran: half },
      'too-many-running',
    ],
    [
      'that needs no room',
      { job: { maxConcurrent: 1 }, running: 1, last: 'COMPLETED', ran: whole },
      'complete-at-once',
    ],
  ])('%s', (_name, given, expected) => {
    expect(outcome(given)).toBe(expected);
  });

  it('that is refused says what stands in the way', () => {
    let refused: unknown;
    try {
      launch({ last: 'STARTED' });
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(BatchyError);
    const { facts, detail } = refused as BatchyError;
    expect(facts).toEqual({ execution_id: 42, job_instance_id: 7 });
    expect(detail).toContain('execution 42');
  });
});

describe('a job with a new instance per launch', () => {
  const job = { newInstancePerLaunch: true };
  const third: JobParameters = new Map([['run_id', { type: 'integer', value: 3, identifying: true }]]);

  test.each<[string, Given, string]>([
    ['begins with one', {}, 'new 1 a b'],
    ['gets a fresh one after a success', { last: 'COMPLETED', ran: whole, parameters: third }, 'new 4 a b'],
    ['gets a fresh one after it was abandoned', { last: 'ABANDONED', ran: half, parameters: third }, 'new 4 a b'],
    ['restarts what failed', { last: 'FAILED', ran: half, parameters: third }, 'same b'],
    ['restarts what a forced execution left unfinished', { last: 'FAILED', ran: half }, 'same b'],
    ['does not run twice at a time', { last: 'STARTED', parameters: third }, 'already-running'],
    ['restarts the one that is meant', { last: 'FAILED', ran: half, parameters: third, restarts: true }, 'same b'],
    [
      'has nothing to restart in what is complete',
      { last: 'COMPLETED', ran: whole, restarts: true },
      'complete-at-once',
    ],
    ['restarts nothing that was abandoned', { last: 'ABANDONED', ran: half, restarts: true }, 'abandoned'],
  ])('%s', (_name, given, expected) => {
    expect(outcome({ ...given, job })).toBe(expected);
  });

  it('numbers its instances by an identifying run_id', () => {
    const definition = jobOf([stepOf('a')], job);
    expect(instanceParameter(definition, 1)).toEqual(['run_id', { type: 'integer', value: 1, identifying: true }]);
    expect([...withoutInstanceNumber(definition, third).keys()]).toEqual([]);
    expect([...withoutInstanceNumber(jobOf([stepOf('a')]), third).keys()]).toEqual(['run_id']);
  });
});

describe('a task list', () => {
  const task = { id: 1, logFile: null };
  const job = { newInstancePerLaunch: true, steps: [stepOf('a', { task }), stepOf('b', { task })] };

  test.each<[string, Given, string]>([
    ['begins anew after a failure', { last: 'FAILED', ran: half }, 'new 2 a b'],
    ['begins anew after it was aborted', { last: 'STOPPED', ran: half }, 'new 2 a b'],
    ['goes on where it is restarted', { last: 'FAILED', ran: half, restarts: true }, 'same b'],
    ['does not begin beside itself', { last: 'STARTED', ran: half }, 'already-running'],
    ['waits for a recovery', { last: 'UNKNOWN', ran: half }, 'not-recovered'],
  ])('%s', (_name, given, expected) => {
    expect(outcome({ ...given, job })).toBe(expected);
  });
});

describe('a flow', () => {
  const flow = { steps: [], isFlow: true } as const;
  const own = { ...flow, newInstancePerLaunch: true };
  const bound = { ...flow, bond: { workflow: 'orders', jobs: null } };

  test.each<[string, Given, string]>([
    ['runs, although it has no steps', { job: flow }, 'new 1'],
    ['is complete when it has succeeded', { job: flow, last: 'COMPLETED' }, 'complete-at-once'],
    ['is not complete because nothing of it is known', { job: flow, last: 'FAILED' }, 'same'],
    ['runs by force', { job: flow, last: 'COMPLETED', forced: true }, 'same'],
    ['begins anew in its instance when it is undone', { job: flow, last: 'REVERTED' }, 'same'],
    [
      'may not be restarted, be it undone',
      { job: { ...flow, restartable: false }, last: 'REVERTED' },
      'not-restartable',
    ],
    ['has a new instance after a success', { job: own, last: 'COMPLETED' }, 'new 2'],
    ['has a new instance once the last is undone', { job: own, last: 'REVERTED' }, 'new 2'],
    ['has a new instance beside one that was stopped', { job: own, last: 'STOPPED' }, 'new 2'],
    ['has a new instance beside one that could not be undone', { job: own, last: 'FAILED' }, 'new 2'],
    ['does not run beside itself', { job: own, last: 'STARTED' }, 'already-running'],
    ['waits for a recovery', { job: own, last: 'UNKNOWN' }, 'not-recovered'],
    ['goes on with what could not be undone by a restart', { job: own, last: 'FAILED', restarts: true }, 'same'],
    ['whose launches share an instance goes on with it', { job: flow, last: 'STOPPED' }, 'same'],
    ['is restarted where that is meant', { job: own, last: 'REVERTED', restarts: true }, 'same'],
    [
      'has nothing to restart once it has succeeded',
      { job: own, last: 'COMPLETED', restarts: true },
      'complete-at-once',
    ],
    ['loads its window again when it is undone', { job: bound, last: 'REVERTED', window: due }, 'same'],
    ['begins a window in doubt anew', { job: bound, last: 'REVERTED', window: inDoubt }, 'new 2'],
  ])('%s', (_name, given, expected) => {
    expect(outcome(given)).toBe(expected);
  });
});

describe('a job that is bound to a workflow', () => {
  const job: Partial<JobDefinition> = { bond: { workflow: 'orders', jobs: null } };
  const once: Partial<JobDefinition> = { ...job, restartable: false };
  const second: JobParameters = new Map([[generationParameter, { type: 'integer', value: 2, identifying: true }]]);

  test.each<[string, Given, string]>([
    ['restarts the same window', { last: 'FAILED', ran: half, window: due }, 'same b'],
    ['begins it anew after it was abandoned', { last: 'ABANDONED', ran: half, window: due }, 'new 2 a b'],
    ['and once more', { last: 'ABANDONED', ran: half, window: due, parameters: second }, 'new 3 a b'],
    ['begins it anew where no restart is allowed', { last: 'FAILED', ran: half, window: due, job: once }, 'new 2 a b'],
    [
      'begins it anew where a step started too often',
      { last: 'FAILED', ran: { ...half, b: { ...failed, starts: 3 } }, window: due },
      'new 2 a b',
    ],
    ['runs a window again whose success was undone', { last: 'COMPLETED', ran: whole, window: due }, 'new 2 a b'],
    ['closes a window whose end was lost', { last: 'FAILED', ran: whole, window: due }, 'same'],
    [
      'closes it although it refuses what is complete',
      { last: 'FAILED', ran: whole, window: due, job: { ...job, refuseIfComplete: true } },
      'same',
    ],
    ['runs a window in doubt whole', { last: 'FAILED', ran: half, window: inDoubt }, 'new 2 a b'],
    ['also one that had nothing left to do', { last: 'STOPPED', ran: whole, window: inDoubt }, 'new 2 a b'],
    ['but not while it runs', { last: 'STARTED', window: inDoubt }, 'already-running'],
    ['restarts no window in doubt', { last: 'FAILED', ran: half, window: inDoubt, restarts: true }, 'abandoned'],
    [
      'begins a backfill in doubt anew',
      { last: 'FAILED', ran: half, window: { ...backfill, inDoubt: true } },
      'new 2 a b',
    ],
    [
      'lets a backfill stand that has completed in a batch of its own',
      { last: 'COMPLETED', ran: whole, window: { ...backfill, inDoubt: true } },
      'complete-at-once',
    ],
    ['is not run twice at a time', { last: 'STARTED', window: due }, 'already-running'],
    ['waits for a recovery', { last: 'UNKNOWN', window: due }, 'not-recovered'],
    ['keeps to maxConcurrent', { window: due, job: { ...job, maxConcurrent: 1 }, running: 1 }, 'too-many-running'],
    ['has a backfill that is complete', { last: 'COMPLETED', ran: whole, window: backfill }, 'complete-at-once'],
    ['begins a backfill anew after it was abandoned', { last: 'ABANDONED', ran: half, window: backfill }, 'new 2 a b'],
    ['and where no restart is allowed', { last: 'FAILED', ran: half, window: backfill, job: once }, 'new 2 a b'],
    ['restarts nothing else than what is meant', { last: 'ABANDONED', window: due, restarts: true }, 'abandoned'],
    ['not even a fresh start of it', { last: 'FAILED', window: due, restarts: true, job: once }, 'not-restartable'],
    ['restarts a window whose end was lost', { last: 'FAILED', ran: whole, window: due, restarts: true }, 'same'],
    [
      'closes nothing undone by a restart',
      { last: 'COMPLETED', ran: whole, window: due, restarts: true },
      'already-complete',
    ],
    [
      'nor by one that has a step to run',
      { last: 'COMPLETED', ran: { a: completed }, window: due, restarts: true },
      'already-complete',
    ],
    [
      'does not restart a window that was loaded since',
      { last: 'FAILED', ran: half, window: { kind: 'named', loadedSince: 'batch 5 did', inDoubt: false } },
      'window-superseded',
    ],
  ])('%s', (_name, given, expected) => {
    expect(outcome({ job, ...given })).toBe(expected);
  });

  it('numbers the instances of a window from the second on, by a name that no launch can give', () => {
    const definition = jobOf([stepOf('a')], job);
    expect(instanceParameter(definition, 1)).toBeNull();
    expect(instanceParameter(definition, 2)).toEqual([
      generationParameter,
      { type: 'integer', value: 2, identifying: true },
    ]);
    expect([...withoutInstanceNumber(definition, second).keys()]).toEqual([]);
  });
});
