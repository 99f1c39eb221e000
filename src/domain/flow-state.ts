import { BatchyError } from './errors.ts';
import { type Flow, scopeAt, taskIndex } from './flow.ts';
import type { Json } from './json.ts';
import { quoteBriefly } from './names.ts';

/** The states of a flow's task; names and meaning as OpenStack TaskFlow has them. */
export const taskStatuses = [
  'PENDING',
  'RUNNING',
  'SUCCESS',
  'FAILURE',
  'REVERTING',
  'REVERTED',
  'REVERT_FAILURE',
] as const;
export type TaskStatus = (typeof taskStatuses)[number];

export const taskEvents = [
  'started',
  'succeeded',
  'failed',
  'revert-started',
  'reverted',
  'revert-failed',
  'revert-skipped',
  'reset',
] as const;
export type TaskEvent = (typeof taskEvents)[number];

export interface TaskMove {
  readonly to: TaskStatus;
  /** `runner-gone`: only after whoever worked on it is known to be gone (`reconcile`). */
  readonly guard: 'none' | 'runner-gone';
}

const go = (to: TaskStatus): TaskMove => ({ to, guard: 'none' });
const onceRunnerIsGone = (to: TaskStatus): TaskMove => ({ to, guard: 'runner-gone' });

/** What may happen to a task, as data; an event that the table does not allow is refused and changes nothing. */
export const taskTransitions: Readonly<Record<TaskStatus, Readonly<Partial<Record<TaskEvent, TaskMove>>>>> = {
  PENDING: { started: go('RUNNING') },
  RUNNING: {
    started: onceRunnerIsGone('RUNNING'),
    succeeded: go('SUCCESS'),
    failed: go('FAILURE'),
    // It could not be run once more before something else failed.
    'revert-started': onceRunnerIsGone('REVERTING'),
    'revert-skipped': onceRunnerIsGone('REVERTED'),
  },
  // `revert-skipped`: it has no revert, so that nothing is to be done.
  SUCCESS: { 'revert-started': go('REVERTING'), 'revert-skipped': go('REVERTED') },
  FAILURE: { 'revert-started': go('REVERTING'), 'revert-skipped': go('REVERTED') },
  REVERTING: {
    'revert-started': onceRunnerIsGone('REVERTING'),
    reverted: go('REVERTED'),
    'revert-failed': go('REVERT_FAILURE'),
    'revert-skipped': onceRunnerIsGone('REVERTED'),
  },
  // Its scope is tried again.
  REVERTED: { reset: go('PENDING') },
  REVERT_FAILURE: {},
};

/** An error that a task has thrown, as it is stored: its class and what it says. */
export interface FlowError {
  readonly name: string;
  readonly message: string;
}

export interface FlowFailure {
  readonly task: string;
  readonly during: 'execute' | 'revert';
  readonly error: FlowError;
}

/** What is stored of a task that was started. */
export interface TaskState {
  readonly status: Exclude<TaskStatus, 'PENDING'>;
  /** The move of the execution with which it was started, anew if it was interrupted: reverts run against this order. */
  readonly started: number;
  /** The move with which it succeeded or failed; `null` while it runs. What a failure still lets start depends on it. */
  readonly ended: number | null;
  /** Whoever ran or reverted it is gone: it is started, or its revert is, once more. */
  readonly isLost: boolean;
  /** What it gave back; `null` where that was nothing, or is undone. */
  readonly result: Json;
  readonly failure: FlowError | null;
  readonly revertFailure: FlowError | null;
}

/** What a start begins with. */
export const neverStarted: Omit<TaskState, 'status'> = {
  started: 0,
  ended: null,
  isLost: false,
  result: null,
  failure: null,
  revertFailure: null,
};

/** One attempt at a scope that has a retry controller. */
export interface Attempt {
  /** What the controller gives to the tasks; absent where it gives nothing, or has nothing left. */
  readonly value?: Json;
  /** What the controller was asked about. */
  readonly failures: readonly FlowFailure[];
}

/** A decision that is being carried out. It is stored, so that whoever goes on does not ask again. */
export interface Unwinding {
  /** All that ran in them is reverted; none lies in another. */
  readonly scopes: readonly string[];
  /** What comes after: they are run again, or the flow ends. */
  readonly next: 'retry' | 'end';
  /** Why, in the order of starting. */
  readonly failures: readonly FlowFailure[];
}

/** All that is stored of the execution of a flow, after each event. */
export interface FlowState {
  /** The values that were posted. */
  readonly store: ReadonlyMap<string, Json>;
  /** By name; whoever is missing is PENDING. */
  readonly tasks: ReadonlyMap<string, TaskState>;
  /** By scope with a controller that was begun: its attempts, the latest last. */
  readonly attempts: ReadonlyMap<string, readonly Attempt[]>;
  readonly unwinding: Unwinding | null;
  /** How many starts and ends of tasks there were: it only grows. */
  readonly moves: number;
}

/** What is stored before anything has happened. */
export function newFlowState(store: ReadonlyMap<string, Json>): FlowState {
  return { store, tasks: new Map(), attempts: new Map(), unwinding: null, moves: 0 };
}

/**
 * The status of a task after an event.
 * @param isLost whether whoever worked on it is gone
 * @throws BatchyError `illegal-transition`
 */
export function moveTask(task: string, status: TaskStatus, event: TaskEvent, isLost = false): TaskStatus {
  const move = taskTransitions[status][event];
  if (move === undefined || (move.guard === 'runner-gone' && !isLost)) throw illegalMove(task, status, event);
  return move.to;
}

/** The refusal of an event that comes at the wrong time. */
export function illegalMove(task: string, status: TaskStatus, event: string): BatchyError {
  return new BatchyError(
    'illegal-transition',
    `The task ${quoteBriefly(task)} is ${status}: it cannot become ${event} now. Ask what is to be done next and tell of that.`,
    { facts: { task, status, event } },
  );
}

/**
 * What a new runner begins with, after the one before is gone: what ran is run once more, what was being reverted is reverted once
 * more. Tasks and scopes are matched by name, since the flow may have been made anew in between: those that it has no longer are
 * left out. Where what was being reverted is no longer the inside of the scopes that were decided on, or nobody knows any more what
 * was decided, all is reverted.
 */
export function reconcile(flow: Flow, state: FlowState): FlowState {
  const tasks = new Map<string, TaskState>();
  for (const [name, task] of state.tasks) {
    if (taskIndex(flow, name) === undefined) continue;
    const isLost = task.status === 'RUNNING' || task.status === 'REVERTING';
    tasks.set(name, isLost ? { ...task, isLost } : task);
  }
  const isScope = (name: string): boolean => flow.indexOf.has(name) && taskIndex(flow, name) === undefined;
  const isReverting = [...tasks.values()].some(({ status }) => status === 'REVERTING');
  const unwinding = state.unwinding ?? (isReverting ? { scopes: [flow.name], next: 'end', failures: [] } : null);
  const fits = unwinding === null || (unwinding.scopes.every(isScope) && holdAllUndone(flow, unwinding.scopes, tasks));
  return {
    ...state,
    tasks,
    attempts: new Map([...state.attempts].filter(([name]) => isScope(name))),
    unwinding: fits ? unwinding : { ...unwinding, scopes: [flow.name], next: 'end' },
  };
}

/** Whether whatever neither runs nor has succeeded lies in these scopes. */
function holdAllUndone(flow: Flow, scopes: readonly string[], tasks: ReadonlyMap<string, TaskState>): boolean {
  const inside = new Uint8Array(flow.nodes.length);
  for (const name of scopes) {
    const index = flow.indexOf.get(name) as number;
    inside.fill(1, index, scopeAt(flow, index).end);
  }
  return [...tasks].every(
    ([name, { status }]) =>
      status === 'RUNNING' || status === 'SUCCESS' || inside[flow.indexOf.get(name) as number] === 1,
  );
}
