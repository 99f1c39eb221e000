/**
 * What the service offers of jobs and executions. Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */

import type {
  Accepted,
  BatchStatus,
  Execution,
  ExecutionGraph,
  InstanceParameter,
  JobInstance,
  ListedExecution,
  PlannedStep,
  SkippedItem,
  StepExecution,
} from './job-answers.ts';

import type { NoParameters } from './operations.ts';

/** Parameters and answer of each operation. */
export interface JobOperations {
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
  /** One job: its parameters, graph and last execution */
  getJob: {
    parameters: {
      /** Name of the job */
      name: string;
    };
    answer: {
      name: string;
      description: string | null;
      /** From the folder of jobs */
      file: string;
      /** Whose window its launches load; may hold parameters, as orders-{{region}} does */
      workflow: string | null;
      workflow_jobs: string[] | null;
      /** The parameters that it declares */
      parameters: Record<
        string,
        {
          type: 'string' | 'integer' | 'float' | 'boolean' | 'date' | 'json' | null;
          default?: unknown;
          required: boolean;
          identifying: boolean;
          description: string | null;
        }
      >;
      /** Whether a launch may give others */
      additional_parameters: boolean;
      restartable: boolean;
      refuse_if_complete: boolean;
      new_instance_per_launch: boolean;
      max_concurrent: number | null;
      /** In seconds */
      timeout: number | null;
      on_failure: 'stop' | 'continue';
      on_owner_lost: 'resume' | 'fail';
      max_takeovers: number;
      graph: {
        nodes: {
          name: string;
          kind: 'task' | 'chunk' | 'shell' | 'http' | 'wait' | 'partition' | null;
          max_retries: number;
          /** In seconds */
          retry_delay: number;
          backoff: 'fixed' | 'exponential';
          timeout: number | null;
          allow_start_if_complete: boolean;
          start_limit: number | null;
        }[];
        edges: {
          from: string;
          to: string | null;
          /** Pattern of exit codes; null: its success */
          on: string | null;
          /** How the execution ends, where it leads to no step */
          end: 'COMPLETED' | 'FAILED' | 'STOPPED' | null;
        }[];
      };
      last_execution: ListedExecution | null;
    };
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
  /** Launch a job: a new instance, or a restart of the one with the same identifying parameters */
  launchJob: {
    parameters: {
      /** Name of the job */
      name: string;
      /** Run every step afresh, whatever was completed before */
      force?: boolean | undefined;
      /** Of a bound job: take the place of a batch that somebody else has open */
      supersede?: boolean | undefined;
      /** Answer when the execution has ended, or after so many seconds (default: at once) */
      wait?: number | undefined;
      /** The parameters, all of them identifying unless the job’s schema says otherwise, or the long form {"value": 1, "identifying": false} */
      body?: Record<string, unknown> | undefined;
    };
    answer: Accepted;
  };
  /** The executions, newest first */
  listExecutions: {
    parameters: {
      status?: BatchStatus | undefined;
      /** Only executions of this job */
      job_name?: string | undefined;
      /** Only executions of this instance */
      job_instance_id?: number | undefined;
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
  /** The jobs, each with its parameters, graph and last execution; and the job files that are broken */
  listJobs: {
    parameters: NoParameters;
    answer: {
      jobs: {
        name: string;
        description: string | null;
        /** From the folder of jobs */
        file: string;
        /** Whose window its launches load; may hold parameters, as orders-{{region}} does */
        workflow: string | null;
        workflow_jobs: string[] | null;
        /** The parameters that it declares */
        parameters: Record<
          string,
          {
            type: 'string' | 'integer' | 'float' | 'boolean' | 'date' | 'json' | null;
            default?: unknown;
            required: boolean;
            identifying: boolean;
            description: string | null;
          }
        >;
        /** Whether a launch may give others */
        additional_parameters: boolean;
        restartable: boolean;
        refuse_if_complete: boolean;
        new_instance_per_launch: boolean;
        max_concurrent: number | null;
        /** In seconds */
        timeout: number | null;
        on_failure: 'stop' | 'continue';
        on_owner_lost: 'resume' | 'fail';
        max_takeovers: number;
        graph: {
          nodes: {
            name: string;
            kind: 'task' | 'chunk' | 'shell' | 'http' | 'wait' | 'partition' | null;
            max_retries: number;
            /** In seconds */
            retry_delay: number;
            backoff: 'fixed' | 'exponential';
            timeout: number | null;
            allow_start_if_complete: boolean;
            start_limit: number | null;
          }[];
          edges: {
            from: string;
            to: string | null;
            /** Pattern of exit codes; null: its success */
            on: string | null;
            /** How the execution ends, where it leads to no step */
            end: 'COMPLETED' | 'FAILED' | 'STOPPED' | null;
          }[];
        };
        last_execution: ListedExecution | null;
      }[];
      /** Files that cannot be used, and why; they do not stop the others */
      broken: {
        file: string;
        line: number | null;
        column: number | null;
        message: string;
      }[];
    };
  };
  /** The items that chunk steps of an execution left out, and why */
  listSkippedItems: {
    parameters: {
      /** Id of the execution */
      id: number;
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
  /** Launch the instance of an execution again: what is completed is skipped */
  restartExecution: {
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
