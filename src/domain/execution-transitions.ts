import { BatchyError } from './errors.ts';
import { type BatchStatus, batchStatuses } from './execution.ts';

/**
 * The states of executions and of step executions and what may happen to them, as data. `docs/states.md` is drawn from these
 * tables; an event that a table does not allow is refused and changes nothing. Statuses and their meaning: Spring Batch's
 * `BatchStatus`.
 */
export const executionEvents = [
  'start',
  'complete',
  'fail',
  'stop',
  'revive',
  'halt',
  'abandon',
  'disown',
  'take-over',
  'recover',
  'lose-owner',
  'lose-outcome',
  'revert',
] as const;
export type ExecutionEvent = (typeof executionEvents)[number];

export const stepEvents = ['complete', 'fail', 'halt', 'take-over', 'recover', 'lose-owner', 'lose-outcome'] as const;
export type StepEvent = (typeof stepEvents)[number];

/** `to` may be the status itself: the event is right, the status stays. */
export interface ExecutionMove {
  readonly to: BatchStatus;
  /** What must be known beside the status; whoever asks for the move sees to it. */
  readonly guard: 'none' | 'owner-gone';
}

export type TransitionTable<Event extends string> = Readonly<
  Record<BatchStatus, Readonly<Partial<Record<Event, ExecutionMove>>>>
>;

const go = (to: BatchStatus): ExecutionMove => ({ to, guard: 'none' });
const onceOwnerIsGone = (to: BatchStatus): ExecutionMove => ({ to, guard: 'owner-gone' });

/** What can happen to whatever has an owner: it dies, or it cannot store what became of its work. */
const losses = {
  recover: onceOwnerIsGone('FAILED'),
  'lose-owner': onceOwnerIsGone('FAILED'),
  'lose-outcome': go('UNKNOWN'),
} as const;

export const executionTransitions: TransitionTable<ExecutionEvent> = {
  STARTING: {
    start: go('STARTED'),
    complete: go('COMPLETED'),
    fail: go('FAILED'),
    stop: go('STOPPING'),
    'take-over': onceOwnerIsGone('STARTING'),
    ...losses,
  },
  STARTED: {
    complete: go('COMPLETED'),
    fail: go('FAILED'),
    stop: go('STOPPING'),
    // A flow has failed, and all that was to be undone is.
    revert: go('REVERTED'),
    // Steps that have failed are tried again, and what they have defaulted waits for them.
    revive: go('STARTED'),
    halt: go('STOPPED'),
    'take-over': onceOwnerIsGone('STARTED'),
    ...losses,
  },
  STOPPING: {
    // The last step may have been completed before anybody could stop it.
    complete: go('COMPLETED'),
    fail: go('FAILED'),
    revert: go('REVERTED'),
    stop: go('STOPPING'),
    halt: go('STOPPED'),
    'take-over': onceOwnerIsGone('STOPPING'),
    ...losses,
  },
  STOPPED: { abandon: go('ABANDONED'), disown: go('ABANDONED') },
  FAILED: { abandon: go('ABANDONED'), disown: go('ABANDONED') },
  REVERTED: { abandon: go('ABANDONED'), disown: go('ABANDONED') },
  COMPLETED: { disown: go('ABANDONED') },
  ABANDONED: { abandon: go('ABANDONED') },
  UNKNOWN: { recover: go('FAILED') },
};

export const stepTransitions: TransitionTable<StepEvent> = {
  // A step that waits has no row yet: it begins as STARTED.
  STARTING: {},
  STARTED: {
    complete: go('COMPLETED'),
    fail: go('FAILED'),
    halt: go('STOPPED'),
    'take-over': onceOwnerIsGone('STARTED'),
    ...losses,
  },
  // It learns of a stop by its signal; its own status tells only what became of it.
  STOPPING: {},
  STOPPED: {},
  FAILED: {},
  // What a task of a flow has done is undone by a row of its own.
  REVERTED: {},
  COMPLETED: {},
  ABANDONED: {},
  UNKNOWN: { recover: go('FAILED') },
};

/** Whether somebody owns it and works on it, or should. */
export function isLive(status: BatchStatus): boolean {
  return 'take-over' in executionTransitions[status];
}

/** Whether what it has done may be disowned: it has ended, in a way that is known, and was not given up before. */
export function isDisownable(status: BatchStatus): boolean {
  return executionTransitions[status].disown !== undefined;
}

/** Statuses in which an instance counts as running. */
export const liveStatuses: readonly BatchStatus[] = batchStatuses.filter(isLive);

/**
 * The status of an execution after an event.
 * @throws BatchyError `illegal-transition`, which says what can be done instead
 */
export function moveExecution(status: BatchStatus, event: ExecutionEvent): BatchStatus {
  const move = executionTransitions[status][event];
  if (move === undefined) throw illegal('execution', status, event);
  return move.to;
}

/**
 * The status of a step execution after an event.
 * @throws BatchyError `illegal-transition`
 */
export function moveStep(status: BatchStatus, event: StepEvent): BatchStatus {
  const move = stepTransitions[status][event];
  if (move === undefined) throw illegal('step execution', status, event);
  return move.to;
}

const participles: Readonly<Record<ExecutionEvent, string>> = {
  start: 'be started',
  complete: 'be completed',
  fail: 'fail',
  stop: 'be stopped',
  revive: 'be revived',
  halt: 'have stopped',
  abandon: 'be abandoned',
  disown: 'be disowned',
  'take-over': 'be taken over',
  recover: 'be recovered',
  'lose-owner': 'lose its owner',
  'lose-outcome': 'become unknown',
  revert: 'be reverted',
};

const instead: Readonly<Record<BatchStatus, string>> = {
  STARTING: 'Wait for its end, stop it, or recover it if its owner is gone.',
  STARTED: 'Wait for its end, stop it, or recover it if its owner is gone.',
  STOPPING: 'Wait until it has stopped, or recover it if its owner is gone.',
  STOPPED: 'Restart or abandon it.',
  FAILED: 'Restart or abandon it.',
  REVERTED: 'What it did is undone. Restart it, or launch the job again.',
  COMPLETED: 'It is done. Launch the job with other identifying parameters, or with force=true to run it again.',
  ABANDONED:
    'Its instance is not run again. Launch the job: where it is bound to a workflow the window is run whole, as a new instance; otherwise give other identifying parameters.',
  UNKNOWN: 'Look at what it has written, then recover it: it becomes FAILED and can be restarted.',
};

function illegal(what: string, status: BatchStatus, event: ExecutionEvent): BatchyError {
  return new BatchyError(
    'illegal-transition',
    `The ${what} is ${status}, so it cannot ${participles[event]}. ${instead[status]}`,
    { facts: { status, event } },
  );
}
