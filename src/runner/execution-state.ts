import type { JournalEntry, WorkflowChange } from '../domain/change.ts';
import type { JobExecution, JobInstance, SkippedItem, StepExecution } from '../domain/execution.ts';
import type { ReadDocument, StateDocument } from '../domain/execution-documents.ts';
import type { FlowOutline, FlowRecord } from '../domain/flow-text.ts';
import type { Json } from '../domain/json.ts';
import type { StoredWorkflow } from '../domain/workflow.ts';

/** An execution as its owner knows it. */
export interface ExecutionState {
  readonly execution: JobExecution;
  readonly instance: JobInstance;
  /**
   * Step executions of this execution, by step name. In what a session gives it is no copy but what is stored at the moment when
   * it is asked: whoever holds a state beyond a commit finds the later steps beside the earlier rest. Never half a commit, and nothing of one
   * that was refused.
   */
  readonly steps: ReadonlyMap<string, StepExecution>;
  readonly context: ReadonlyMap<string, Json>;
  /** Of a reversible flow: what belongs to none of its tasks. */
  readonly flow: FlowRecord;
}

/** What becomes of it in one commit; what is not named stays. */
export interface StateChange {
  readonly execution?: JobExecution;
  readonly instance?: JobInstance;
  readonly steps?: readonly StepExecution[];
  readonly context?: ReadonlyMap<string, Json>;
  readonly flow?: FlowRecord;
  readonly flowOutline?: FlowOutline;
  readonly skipped?: readonly { readonly stepExecutionId: number; readonly item: SkippedItem }[];
  /** Documents of other executions, and of what others may run of this one, as they were read and as they are to be; `null`: it is new. */
  readonly beside?: readonly { readonly before: ReadDocument | null; readonly after: StateDocument }[];
  readonly workflow?: { readonly stored: StoredWorkflow; readonly change: WorkflowChange };
  readonly journal?: readonly JournalEntry[];
}

/** Computed anew on whatever is stored by then, should something have changed in between. */
export type Decide = (state: ExecutionState) => StateChange | Promise<StateChange>;
