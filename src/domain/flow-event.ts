import type { FlowError, FlowFailure, FlowState } from './flow-state.ts';
import type { Json } from './json.ts';

/** What happens to a flow. */
export type FlowEvent =
  | { readonly kind: 'started'; readonly task: string }
  | { readonly kind: 'succeeded'; readonly task: string; readonly result: Json }
  | { readonly kind: 'failed'; readonly task: string; readonly error: FlowError }
  /** The controllers are asked what to do about the failures. */
  | { readonly kind: 'decided' }
  | { readonly kind: 'revert-started'; readonly task: string }
  | { readonly kind: 'reverted'; readonly task: string }
  | { readonly kind: 'revert-failed'; readonly task: string; readonly error: FlowError };

/** What is to be done now. */
export type FlowDecision =
  /** Start these, in this order. */
  | { readonly kind: 'run'; readonly names: readonly string[] }
  /** Revert these, and wait for it: one at a time. */
  | { readonly kind: 'revert'; readonly names: readonly string[] }
  /** Something runs or is being reverted; ask again when it has ended. */
  | { readonly kind: 'wait' }
  /** Nothing runs any more and something has failed: apply `decided`. */
  | { readonly kind: 'decide' }
  | FlowFinish;

export interface FlowFinish {
  readonly kind: 'finish';
  /** REVERTED: all that the decision was about is undone. FAILED: a revert has thrown, and those after it did not run. */
  readonly status: 'SUCCESS' | 'REVERTED' | 'FAILED';
  /** The errors that led there, in the order in which their tasks were started, then that of the revert. */
  readonly failures: readonly FlowFailure[];
}

/** Names of what an event has changed in the state, beside `moves` and `unwinding`: what is to be stored anew. */
export interface FlowChanges {
  /** Tasks that the state does not have any more are PENDING again. */
  readonly tasks: ReadonlySet<string>;
  /** Scopes whose attempts have changed; those that the state does not have any more are forgotten. */
  readonly attempts: ReadonlySet<string>;
}

/**
 * A run of a flow, held in memory and told what happens. Each edge is looked at once in an attempt, so that a run of 10,000 tasks
 * costs as many small steps as it has edges.
 *
 * Forward: a node is released when nothing that it waits for is left; a task is then ready, a scope releases what stands in it. After a
 * failure nothing more is released: what was ready at that moment starts only within an unordered scope, what runs is
 * waited for, then the controllers decide (`decideFlow`). Backward: of the scopes that are to be reverted, first the tasks that
 * have failed, then those that have succeeded, each against the order of starting; one after the other. A scope that is tried
 * again is as if it had never begun, but for the attempts that its controller remembers.
 */
export interface FlowRun {
  /** @param capacity how many tasks may be started now */
  next(capacity?: number): FlowDecision;
  /**
   * Whoever was told to run several may start them all, although one of them has failed meanwhile.
   * @throws BatchyError `illegal-transition` for what cannot happen now; nothing is changed then
   */
  apply(event: FlowEvent): FlowChanges;
  /** What is to be stored. It is the run's own and changes with the next event. */
  readonly state: FlowState;
}
