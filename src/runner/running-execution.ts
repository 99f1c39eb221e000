import type { Stores } from '../ports/stores.ts';
import type { ExecutionSession } from './execution-session.ts';
import type { Decide } from './execution-state.ts';
import type { PartTaking } from './parts/conductor-parts.ts';
import type { Sharing } from './parts/sharing.ts';
import type { RunnableJob } from './job.ts';
import type { Logs } from './step-log.ts';
import type { StepTools } from './steps/step-run.ts';

/** What the engine needs beside the execution and its job. */
export interface EngineTools extends StepTools {
  readonly stores: Pick<Stores, 'clock' | 'documents' | 'reader'>;
  readonly logs: Logs;
  /** A fresh id, unlike any other ever. */
  readonly operationId: () => string;
  /** Told what is wrong beside what the state of the execution says. */
  readonly onProblem?: (error: unknown) => void;
  /** Has others run parts of it; absent: all of it runs here. */
  readonly parts?: Pick<PartTaking, 'share'>;
  /** How long what must not be cut off may finish after the execution was handed back, in milliseconds; absent: not at all. */
  readonly finishMilliseconds?: number;
  /** The conductor's name in the journal. */
  readonly by: string;
}

/** What all steps of an execution share while it runs here. */
export interface RunningExecution {
  readonly session: ExecutionSession;
  readonly job: RunnableJob;
  readonly tools: EngineTools;
  /** How others run parts of it; `null`: all that is to run here runs here. */
  readonly sharing: Sharing | null;
  /** Aborted when its steps must end; the reason says what becomes of them. */
  readonly aborted: AbortSignal;
  /**
   * Names a change that is not worth a commit of its own: it is stored with the next one, before it. It changes nothing where it was
   * stored already. Whoever names it sees to it that there is a next one at once.
   */
  readonly goAhead: (decide: Decide) => void;
  /** Stores a change, or only those that go ahead. What cannot be stored ends the whole execution. */
  readonly commit: (decide?: Decide) => Promise<void>;
  /** Whether something waits to go ahead. */
  readonly isAhead: () => boolean;
  /** Why nothing of it may be run or stored here any more; `undefined` as long as it may. */
  readonly cannotGoOn: () => unknown;
  /** Whether it is about to be handed back: nothing more is begun, what is not to be cut off finishes. */
  readonly isLeaving: () => boolean;
  /** Something begins that would be done a second time elsewhere, were it cut off. @returns what is to be called when it is over, and stored or about to be */
  readonly holdOn: () => () => void;
}
