import type { Flow } from '../domain/flow.ts';
import type { FlowFailure } from '../domain/flow-state.ts';
import type { StepContext } from './step-context.ts';

/** What a task's `revert` is told. */
export interface RevertContext {
  /** Whether its `execute` came to its end. If not it has failed, or was interrupted and nobody knows how far it got. */
  readonly succeeded: boolean;
  /** What its `execute` gave back; `null` where that was nothing, or it has not succeeded. */
  // eslint-disable-next-line typescript/no-explicit-any -- `unknown` would have every author cast what he returned himself
  readonly result: any;
  /** Why it is reverted: the errors of all tasks that failed, its own perhaps among them. */
  readonly failures: readonly FlowFailure[];
}

/** The code of a task of a reversible flow. */
export interface FlowTaskBody {
  readonly execute: (values: Readonly<Record<string, unknown>>, ctx: StepContext) => unknown;
  readonly revert: ((given: RevertContext, ctx: StepContext) => unknown) | null;
}

/** A flow that can be run: its tasks and scopes, and the code of each task by name. */
export interface RunnableFlow {
  readonly name: string;
  readonly flow: Flow;
  readonly bodies: ReadonlyMap<string, FlowTaskBody>;
}
