/**
 * What the service offers of executions. Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */

import type {
  AcceptedReplay,
  BatchStatus,
  Execution,
  ExecutionGraph,
  InstanceParameter,
  JobInstance,
  ListedExecution,
  PlannedStep,
  SkippedItem,
  StepExecution,
} from './execution-answers.ts';
import type { Accepted } from './job-answers.ts';

/** Parameters and answer of each operation. */
export interface ExecutionOperations {
  /** Decide that a stopped or failed execution is never to be restarted */
  abandonExecution: {
    parameters: {
      /** Id of the execution */
      id: number;
    };
    answer: Accepted;
  };
  /** One execution, with its parameters */
  getExecution: {
    parameters: {
      /** Id of the execution */
      id: number;
    };
    answer: Execution;
  };
  /** What the steps of an execution share */
  getExecutionContext: {
    parameters: {
      /** Id of the execution */
      id: number;
    };
    answer: Record<string, unknown>;
  };
  /** The job’s graph with what has become of each step in an execution */
  getExecutionGraph: {
    parameters: {
      /** Id of the execution */
      id: number;
    };
    answer: ExecutionGraph;
  };
  /** The log of an execution, as text or as it grows */
  getExecutionLog: {
    parameters: {
      /** Id of the execution */
      id: number;
      /** Where to begin, in bytes; the Link header says where to go on */
      offset?: number | undefined;
      /** Most bytes in an answer (default 262144) */
      limit?: number | undefined;
      /** Of a live stream: goes on behind this event. A browser’s EventSource sets it when it connects again */
      last_event_id?: string | undefined;
    };
    answer: string;
  };
  /** One job instance */
  getInstance: {
    parameters: {
      /** Id of the job instance */
      id: number;
    };
    answer: JobInstance;
  };
  /** What a restart would do with each step: skip, run, resume or revert; and why */
  getRestartPlan: {
    parameters: {
      /** Id of the execution */
      id: number;
    };
    answer: PlannedStep[];
  };
  /** The log of one step of an execution, as text or as it grows */
  getStepLog: {
    parameters: {
      /** Id of the execution */
      id: number;
      /** Name of the step, as /steps tells it */
      name: string;
      /** Where to begin, in bytes; the Link header says where to go on */
      offset?: number | undefined;
      /** Most bytes in an answer (default 262144) */
      limit?: number | undefined;
      /** Of a live stream: goes on behind this event. A browser’s EventSource sets it when it connects again */
      last_event_id?: string | undefined;
    };
    answer: string;
  };
  /** The processes that run jobs, on all machines; those that are gone for an hour at most */
  listConductors: {
    parameters: {
      /** Those, too, that are gone for more than an hour (they are forgotten a day later). Without it only those of them that still own something */
      all?: boolean | undefined;
    };
    answer: {
      /** No other process has it, or had it */
      id: string;
      /** online: it gives signs of life; silent: none for as long as a lease lasts, so that others go on with what it ran; ended: its process was seen to end */
      state: 'online' | 'silent' | 'ended';
      host: string | null;
      process_id: number | null;
      /** serve: beside a server; worker: by itself */
      role: 'serve' | 'worker' | null;
      concurrency: number | null;
      /** What it may have of what jobs need */
      capabilities: string[];
      /** The queues whose executions alone it runs; empty: those of all its jobs */
      queues: string[];
      /** Changes with the text of any of its job files; where two that are online have different ones, what an execution does hangs on who takes it. null: an older version does not tell */
      jobs_version: string | null;
      /** Its job files have changed: it takes nothing new, and ends when what it runs has */
      draining: boolean;
      /** Of its last sign of life, by the store’s clock, UTC */
      heartbeat_time: string;
      heartbeat_age_seconds: number;
      ended_because: string | null;
      /** What it runs, oldest first */
      execution_ids: number[];
      /** Partitions and distributed steps that it runs beside, of any executions */
      part_count: number;
    }[];
  };
  /** The executions, newest first */
  listExecutions: {
    parameters: {
      status?: BatchStatus | undefined;
      /** Only executions of this job */
      job_name?: string | undefined;
      /** Only executions of this instance */
      job_instance_id?: number | undefined;
      /** Only executions that wait or run in this queue; none that are over: no index tells their queues */
      queue?: string | undefined;
      /** Only executions that started later (UTC unless an offset is given) */
      started_after?: string | undefined;
      /** Only executions that started earlier (UTC unless an offset is given) */
      started_before?: string | undefined;
      /** Most items in a page (default 50) */
      limit?: number | undefined;
      /** Where the page before ended: from its Link header */
      cursor?: string | undefined;
    };
    answer: ListedExecution[];
  };
  /** The executions of a job instance, newest first */
  listInstanceExecutions: {
    parameters: {
      /** Id of the job instance */
      id: number;
      /** Most items in a page (default 50) */
      limit?: number | undefined;
      /** Where the page before ended: from its Link header */
      cursor?: string | undefined;
    };
    answer: ListedExecution[];
  };
  /** The parameters of a job instance, typed */
  listInstanceParameters: {
    parameters: {
      /** Id of the job instance */
      id: number;
    };
    answer: InstanceParameter[];
  };
  /** The job instances, newest first */
  listInstances: {
    parameters: {
      /** Only instances of this job */
      job_name?: string | undefined;
      /** Most items in a page (default 50) */
      limit?: number | undefined;
      /** Where the page before ended: from its Link header */
      cursor?: string | undefined;
    };
    answer: JobInstance[];
  };
  /** The items that chunk steps of an execution left out, why, and what has become of them */
  listSkippedItems: {
    parameters: {
      /** Id of the execution */
      id: number;
      /** Only items that no replay has carried through: what is still missing */
      missing?: boolean | undefined;
      /** Most items in a page (default 50) */
      limit?: number | undefined;
      /** Where the page before ended: from its Link header */
      cursor?: string | undefined;
    };
    answer: SkippedItem[];
  };
  /** The steps that ran in an execution, with their counters */
  listSteps: {
    parameters: {
      /** Id of the execution */
      id: number;
    };
    answer: StepExecution[];
  };
  /** Declare an execution failed whose owner is gone or whose outcome is unknown, so that it can be restarted */
  recoverExecution: {
    parameters: {
      /** Id of the execution */
      id: number;
    };
    answer: Accepted;
  };
  /** Run the processor and the writer of a chunk step once more over the items that it left out */
  replaySkippedItems: {
    parameters: {
      /** Id of the execution */
      id: number;
      /** Answer when the replay has ended, or after so many seconds (default: at once) */
      wait?: number | undefined;
      /** Which step, where several of the execution have left items out; and parameters that do not identify, in the place of those of the execution */
      body?:
        | {
            /** As step_name of the items tells it */
            step?: string | undefined;
            /** As a launch gives them. Those that identify are refused */
            parameters?: Record<string, unknown> | undefined;
          }
        | undefined;
    };
    answer: AcceptedReplay;
  };
  /** Launch the instance of an execution again: what is completed is skipped */
  restartExecution: {
    parameters: {
      /** Id of the execution */
      id: number;
      /** What of its queue is begun before what (default: as the job says, else normal) */
      priority?: 'very_high' | 'high' | 'normal' | 'low' | 'very_low' | undefined;
      /** It is not begun earlier than so many seconds from now */
      delay_seconds?: number | undefined;
      /** It is not begun earlier (UTC unless an offset is given); not together with delay_seconds */
      not_before?: string | undefined;
    };
    answer: Accepted;
  };
  /** Have what has failed in a running execution tried anew: what was defaulted by that waits for it again */
  reviveExecution: {
    parameters: {
      /** Id of the execution */
      id: number;
    };
    answer: Accepted;
  };
  /** Ask an execution to stop at the next chunk or step boundary */
  stopExecution: {
    parameters: {
      /** Id of the execution */
      id: number;
    };
    answer: Accepted;
  };
}
