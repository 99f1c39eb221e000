import type { BatchyError } from './errors.ts';
import { type Flow, type FlowScope, scopeAt, taskAt, taskIndex, tasksInside } from './flow.ts';
import { decideFlow } from './flow-decision.ts';
import type { FlowChanges, FlowDecision, FlowEvent, FlowFinish, FlowRun } from './flow-event.ts';
import { FlowProgress } from './flow-progress.ts';
import {
  type Attempt,
  type FlowError,
  type FlowFailure,
  type FlowState,
  illegalMove,
  moveTask,
  neverStarted,
  type TaskEvent,
  type TaskState,
  type TaskStatus,
  type Unwinding,
} from './flow-state.ts';
import { nextAttemptValue } from './flow-values.ts';

/** @param state `newFlowState`, or what was stored, as `reconcile` gives it to whoever goes on with it */
export function createFlowRun(flow: Flow, state: FlowState): FlowRun {
  return new Run(flow, state);
}

class Run implements FlowRun {
  readonly state: FlowState & { unwinding: Unwinding | null; moves: number };
  readonly #flow: Flow;
  readonly #tasks: Map<string, TaskState>;
  readonly #attempts: Map<string, readonly Attempt[]>;
  readonly #progress: FlowProgress;
  /** Since the last decision. */
  readonly #failed: number[] = [];
  #running = 0;
  /** What is to be reverted, the first of it at the end. */
  #toRevert: number[] = [];
  #revertFailed: number | null = null;
  #touched = { tasks: new Set<string>(), attempts: new Set<string>() };

  constructor(flow: Flow, state: FlowState) {
    this.#flow = flow;
    this.#tasks = new Map(state.tasks);
    this.#attempts = new Map(state.attempts);
    this.state = { ...state, tasks: this.#tasks, attempts: this.#attempts };
    this.#progress = new FlowProgress(flow, {
      statusOf: (task) => this.#statusOf(task),
      isInterrupted: (task) => this.#isInterrupted(task),
      begin: (scope) => {
        if (scope.retry !== null && !this.#attempts.has(scope.name)) this.#beginAttempt(scope);
      },
    });
    this.#goOn();
  }

  next(capacity = Number.POSITIVE_INFINITY): FlowDecision {
    if (this.#revertFailed !== null) return this.#finish('FAILED');
    if (this.state.unwinding !== null) {
      const index = this.#toRevert.at(-1);
      if (index === undefined) return this.#finish('REVERTED');
      const isReverting = this.#statusOf(index) === 'REVERTING' && this.#taskOf(index)?.isLost === false;
      return isReverting ? { kind: 'wait' } : { kind: 'revert', names: [taskAt(this.#flow, index).name] };
    }
    const names = this.#progress.startable(capacity).map((index) => taskAt(this.#flow, index).name);
    if (names.length > 0) return { kind: 'run', names };
    if (this.#running > 0 || this.#progress.hasStartable()) return { kind: 'wait' };
    if (this.#failed.length > 0) return { kind: 'decide' };
    if (!this.#progress.isDone()) throw new RangeError(`the flow ${this.#flow.name} waits for nothing`);
    return this.#finish('SUCCESS');
  }

  apply(event: FlowEvent): FlowChanges {
    if (event.kind === 'decided') this.#decide();
    else this.#applyToTask(event);
    const touched = this.#touched;
    this.#touched = { tasks: new Set(), attempts: new Set() };
    return touched;
  }

  #applyToTask(event: Exclude<FlowEvent, { kind: 'decided' }>): void {
    const index = taskIndex(this.#flow, event.task);
    if (index === undefined) throw illegalMove(event.task, 'PENDING', event.kind);
    switch (event.kind) {
      case 'started':
        return this.#start(index);
      case 'succeeded':
        this.#end(index, 'succeeded', { result: event.result });
        return this.#progress.succeed(index);
      case 'failed':
        this.#end(index, 'failed', { failure: event.error });
        this.#failed.push(index);
        return this.#progress.hold();
      case 'revert-started':
        if (this.#toRevert.at(-1) !== index) throw this.#illegal(index, event.kind);
        return this.#move(index, event.kind, { isLost: false });
      case 'reverted':
        this.#checkAtWork(index, event.kind);
        this.#move(index, event.kind, { result: null });
        this.#toRevert.pop();
        return this.#passOver();
      case 'revert-failed':
        this.#checkAtWork(index, event.kind);
        this.#move(index, event.kind, { revertFailure: event.error });
        this.#revertFailed = index;
        return;
    }
  }

  #start(index: number): void {
    if (this.state.unwinding !== null || !this.#progress.start(index)) throw this.#illegal(index, 'started');
    const started = this.state.moves + 1;
    this.#move(index, 'started', { ...neverStarted, started });
    this.state.moves = started;
    this.#running += 1;
  }

  #end(index: number, event: 'succeeded' | 'failed', what: Partial<TaskState>): void {
    this.#checkAtWork(index, event);
    const ended = this.state.moves + 1;
    this.#move(index, event, { ...what, ended });
    this.state.moves = ended;
    this.#running -= 1;
  }

  /** Who is gone does not tell of any end; who comes after must begin. */
  #checkAtWork(index: number, event: TaskEvent): void {
    if (this.#taskOf(index)?.isLost === true) throw this.#illegal(index, event);
  }

  #decide(): void {
    if (this.next().kind !== 'decide') throw illegalMove(this.#flow.name, 'PENDING', 'decided');
    const failures = this.#failed
      .toSorted((one, other) => this.#startOf(one) - this.#startOf(other))
      .map((index) => this.#failureOf(index, 'execute'));
    const { unwinding, attempts } = decideFlow(this.#flow, this.state, failures);
    for (const [scope, made] of attempts) this.#remember(scope, made);
    const plan = this.#isCutShort(unwinding) ? { ...unwinding, scopes: [this.#flow.name] } : unwinding;
    this.state.unwinding = plan;
    this.#failed.length = 0;
    this.#planReverts(plan);
    this.#passOver();
  }

  /**
   * Whether the flow ends before a task that was interrupted could run once more: another version of the flow has it wait for a task that is
   * new. Nobody knows how far it got, so that it cannot be left as it is.
   */
  #isCutShort({ scopes, next }: Unwinding): boolean {
    if (next === 'retry') return false;
    const reverted = new Set(scopes.flatMap((name) => tasksInside(this.#flow, name)));
    return [...this.#tasks.keys()].some((name) => {
      const index = taskIndex(this.#flow, name);
      return index !== undefined && this.#isInterrupted(index) && !reverted.has(index);
    });
  }

  #isInterrupted(index: number): boolean {
    return this.#statusOf(index) === 'RUNNING' && this.#taskOf(index)?.isLost === true;
  }

  /**
   * All that ran in the scopes: what was being reverted, then what has failed, then the rest, the latest first. What was interrupted and
   * now waits for a task that is new, and will not run, has not succeeded either.
   */
  #planReverts({ scopes }: Unwinding): void {
    const ranks: readonly TaskStatus[] = ['SUCCESS', 'RUNNING', 'FAILURE', 'REVERTING'];
    this.#toRevert = scopes
      .flatMap((name) => tasksInside(this.#flow, name))
      .map((index) => ({ index, rank: ranks.indexOf(this.#statusOf(index)), started: this.#startOf(index) }))
      .filter(({ rank }) => rank >= 0)
      .sort((one, other) => one.rank - other.rank || one.started - other.started)
      .map(({ index }) => index);
  }

  /** Tasks without a revert need nobody to revert them. After the last one, what was decided comes next. */
  #passOver(): void {
    for (let index = this.#toRevert.at(-1); index !== undefined; index = this.#toRevert.at(-1)) {
      if (taskAt(this.#flow, index).hasRevert) return;
      this.#move(index, 'revert-skipped', { result: null });
      this.#toRevert.pop();
    }
    if (this.state.unwinding?.next === 'retry') this.#tryAgain(this.state.unwinding);
  }

  #tryAgain(unwinding: Unwinding): void {
    this.state.unwinding = null;
    const scopes = unwinding.scopes.map((name) => this.#flow.indexOf.get(name) as number);
    for (const scope of scopes) {
      this.#forget(scope);
      this.#progress.reset(scope);
      this.#beginAttempt(scopeAt(this.#flow, scope));
    }
    this.#progress.resume(scopes);
  }

  /** What is inside is as if it had never begun. */
  #forget(scope: number): void {
    const { end } = scopeAt(this.#flow, scope);
    for (const { kind, name } of this.#flow.nodes.slice(scope + 1, end)) {
      if (kind !== 'task') {
        if (this.#attempts.delete(name)) this.#touched.attempts.add(name);
      } else if (this.#tasks.has(name)) {
        moveTask(name, this.#tasks.get(name)?.status ?? 'PENDING', 'reset');
        this.#tasks.delete(name);
        this.#touched.tasks.add(name);
      }
    }
  }

  /** Goes to where the state got to. */
  #goOn(): void {
    const found = [...this.#tasks].flatMap(([name, task]) => {
      const index = taskIndex(this.#flow, name);
      return index === undefined ? [] : [{ index, task }];
    });
    const { unwinding } = this.state;
    const failed = unwinding === null ? found.filter(({ task }) => task.status === 'FAILURE') : [];
    const firstFailure = failed.reduce((least, { task }) => Math.min(least, task.ended ?? 0), Number.POSITIVE_INFINITY);
    const late = found.filter(({ task }) => task.status === 'SUCCESS' && (task.ended ?? 0) > firstFailure);
    const doomed = (unwinding?.scopes ?? []).flatMap((name) => tasksInside(this.#flow, name));
    this.#progress.begin(new Set(late.map(({ index }) => index)), new Set(doomed));
    for (const { index } of failed) this.#failed.push(index);
    if (failed.length > 0) this.#progress.hold();
    for (const { index, task } of found) {
      if (task.status === 'RUNNING' && !task.isLost) this.#running += 1;
      if (task.status === 'REVERT_FAILURE') this.#revertFailed = index;
    }
    if (unwinding === null || this.#revertFailed !== null) return;
    this.#planReverts(unwinding);
    this.#passOver();
  }

  #beginAttempt(scope: FlowScope): void {
    const value = nextAttemptValue(this.#flow, this.state, scope);
    const attempt: Attempt = { ...(value === undefined ? {} : { value }), failures: [] };
    this.#remember(scope.name, [...(this.#attempts.get(scope.name) ?? []), attempt]);
  }

  #remember(scope: string, attempts: readonly Attempt[]): void {
    this.#attempts.set(scope, attempts);
    this.#touched.attempts.add(scope);
  }

  #finish(status: FlowFinish['status']): FlowFinish {
    const reverting = this.#revertFailed === null ? [] : [this.#failureOf(this.#revertFailed, 'revert')];
    return { kind: 'finish', status, failures: [...(this.state.unwinding?.failures ?? []), ...reverting] };
  }

  #failureOf(index: number, during: FlowFailure['during']): FlowFailure {
    const { name } = taskAt(this.#flow, index);
    const { failure, revertFailure } = this.#tasks.get(name) as TaskState;
    return { task: name, during, error: (during === 'execute' ? failure : revertFailure) as FlowError };
  }

  #taskOf(index: number): TaskState | undefined {
    return this.#tasks.get(taskAt(this.#flow, index).name);
  }

  #statusOf(index: number): TaskStatus {
    return this.#taskOf(index)?.status ?? 'PENDING';
  }

  #startOf(index: number): number {
    return this.#taskOf(index)?.started ?? 0;
  }

  #move(index: number, event: TaskEvent, what: Partial<TaskState>): void {
    const { name } = taskAt(this.#flow, index);
    const before = this.#tasks.get(name) ?? neverStarted;
    // What no event leads to PENDING but `reset`, which forgets the task.
    const status = moveTask(name, this.#statusOf(index), event, before.isLost) as TaskState['status'];
    this.#tasks.set(name, { ...before, ...what, status });
    this.#touched.tasks.add(name);
  }

  #illegal(index: number, event: TaskEvent): BatchyError {
    return illegalMove(taskAt(this.#flow, index).name, this.#statusOf(index), event);
  }
}

/** What is to be done in a flow that got as far as `state`. Whoever asks often keeps a `FlowRun`, which gives the same answers. */
export function nextOfFlow(flow: Flow, state: FlowState, capacity = Number.POSITIVE_INFINITY): FlowDecision {
  return createFlowRun(flow, state).next(capacity);
}

/**
 * The state after an event; `state` stays as it is.
 * @throws BatchyError `illegal-transition`
 */
export function applyEvent(flow: Flow, state: FlowState, event: FlowEvent): FlowState {
  const run = createFlowRun(flow, state);
  run.apply(event);
  return run.state;
}
