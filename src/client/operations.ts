/**
 * What the service offers, by operation. Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */

import type {
  Accepted,
  Batch,
  BatchStatus,
  Coverage,
  Execution,
  ExecutionGraph,
  InstanceParameter,
  JobInstance,
  JobMaps,
  JournalEntry,
  ListedBatch,
  ListedExecution,
  ListedWorkflow,
  PlannedStep,
  Preview,
  Readiness,
  SkippedItem,
  Status,
  StepExecution,
  Waited,
  Workflow,
} from './answers.ts';

export interface NoParameters {
  body?: undefined;
}

/** Parameters and answer of each operation. `wf` is the name of the workflow. */
export interface Operations {
  /** Decide that a stopped or failed execution is never to be restarted */
  abandonExecution: {
    parameters: {
      /** Id of the execution */
      id: number;
    };
    answer: Accepted;
  };
  /** Close a batch: its window is loaded */
  closeBatch: {
    parameters: {
      wf: string;
      /** Names of jobs, separated by commas; all jobs when absent */
      job?: string | undefined;
      /** The fence: the batch_id that your open returned */
      batch_id?: number | undefined;
      /** An operator’s override */
      force?: boolean | undefined;
      /** Why: kept in record and journal */
      reason?: string | undefined;
      /** Your own parameters to store with the outcome, by job */
      body?: JobMaps | undefined;
    };
    answer: JobMaps;
  };
  /** Edit a job’s parameters or its watermark; answers what the next open would yield */
  editJob: {
    parameters: {
      wf: string;
      /** Name of the job */
      job: string;
      body: {
        /** Parameters to set; from_date moves the watermark */
        set?: Record<string, unknown> | undefined;
        /** Parameters to remove */
        remove?: string[] | undefined;
        /** Why: kept in the journal */
        reason: string;
      };
      /** An operator’s override */
      force?: boolean | undefined;
      /** The ETag of the status that you looked at; required */
      if_match?: string | undefined;
    };
    answer: Preview;
  };
  /** What a problem means and what to do about it */
  explainProblem: {
    parameters: {
      /** The last part of a problem’s type */
      code: string;
    };
    answer: string;
  };
  /** Fail a batch: its window will be run again */
  failBatch: {
    parameters: {
      wf: string;
      /** Names of jobs, separated by commas; all jobs when absent */
      job?: string | undefined;
      /** The fence: the batch_id that your open returned */
      batch_id?: number | undefined;
      /** An operator’s override */
      force?: boolean | undefined;
      /** Why: kept in record and journal */
      reason?: string | undefined;
      /** Your own parameters to store with the outcome, by job */
      body?: JobMaps | undefined;
    };
    answer: JobMaps;
  };
  /** One batch, with the parameters that its jobs had */
  getBatch: {
    parameters: {
      wf: string;
      /** A batch_id, or <epoch>-init for the load of a configuration */
      batch_id: string;
    };
    answer: Batch;
  };
  /** Which windows succeeded, by which batch; gaps and overlaps */
  getCoverage: {
    parameters: {
      wf: string;
      /** One job; all when absent */
      job?: string | undefined;
      /** Only windows that end later; also how to go on */
      from?: string | undefined;
      /** Only windows that begin earlier */
      to?: string | undefined;
      /** Most windows of a job (default 500) */
      limit?: number | undefined;
    };
    answer: Coverage;
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
  /** Name and version */
  getIndex: { parameters: NoParameters; answer: string };
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
  /** The process runs */
  getLiveness: {
    parameters: NoParameters;
    answer: {
      status: 'ok';
    };
  };
  /** Metrics in the text format of Prometheus */
  getMetrics: { parameters: NoParameters; answer: string };
  /** This description, as OpenAPI 3.1 */
  getOpenApi: {
    parameters: NoParameters;
    answer: {
      openapi: string;
    };
  };
  /** It can serve: says which part cannot */
  getReadiness: { parameters: NoParameters; answer: Readiness };
  /** What a restart would do with each step: skip, run, resume or revert; and why */
  getRestartPlan: {
    parameters: {
      /** Id of the execution */
      id: number;
    };
    answer: PlannedStep[];
  };
  /** The state of every job of a workflow */
  getStatus: {
    parameters: {
      wf: string;
      /** Names of jobs, separated by commas; all jobs when absent */
      job?: string | undefined;
    };
    answer: JobMaps;
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
  /** A workflow: its status, the windows of its jobs, and what the ledger knows beyond the shared hash */
  getWorkflow: {
    parameters: {
      wf: string;
    };
    answer: Workflow;
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
  /** The batches of a workflow, newest first */
  listBatches: {
    parameters: {
      wf: string;
      status?: Status | undefined;
      /** Only batches of this job */
      job?: string | undefined;
      /** batch: opened here; backfill: over a window of the past; init: a configuration was loaded; foreign: opened by another program */
      kind?: 'batch' | 'backfill' | 'init' | 'foreign' | undefined;
      /** Only batches opened later (UTC unless an offset is given) */
      opened_after?: string | undefined;
      /** Only batches opened earlier (UTC unless an offset is given) */
      opened_before?: string | undefined;
      /** Most items in a page (default 50) */
      limit?: number | undefined;
      /** Where the page before ended: from its Link header */
      cursor?: string | undefined;
    };
    answer: ListedBatch[];
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
  /** What happened to a workflow: when, who, why, and the windows before and after */
  listJournal: {
    parameters: {
      wf: string;
      /** Most items in a page (default 50) */
      limit?: number | undefined;
      /** Where the page before ended: from its Link header */
      cursor?: string | undefined;
    };
    answer: JournalEntry[];
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
  /** The workflows that exist */
  listWorkflows: {
    parameters: {
      status?: Status | undefined;
      /** Only names that begin so */
      prefix?: string | undefined;
      /** Only workflows that changed later (UTC unless an offset is given) */
      updated_after?: string | undefined;
      /** Only workflows that changed earlier (UTC unless an offset is given) */
      updated_before?: string | undefined;
      /** Default: name */
      sort?: 'name' | 'updated_at' | undefined;
      /** Default: asc */
      order?: 'asc' | 'desc' | undefined;
      /** Most items in a page (default 50) */
      limit?: number | undefined;
      /** Where the page before ended: from its Link header */
      cursor?: string | undefined;
    };
    answer: ListedWorkflow[];
  };
  /** Load the configuration of a workflow from its file, replacing what is there */
  loadWorkflow: {
    parameters: {
      wf: string;
      /** replace (default) takes the file as it is; merge keeps what batches have written */
      mode?: 'replace' | 'merge' | undefined;
      /** An operator’s override */
      force?: boolean | undefined;
      /** Why: kept in record and journal */
      reason?: string | undefined;
    };
    answer: JobMaps;
  };
  /** Open a batch over a window of the past; the watermark never moves */
  openBackfill: {
    parameters: {
      wf: string;
      body: {
        /** Inclusive begin of the window (UTC unless an offset is given) */
        from: string;
        /** Exclusive end of the window, not in the future */
        to: string;
        /** A job, or several; all when absent */
        job?: string | string[] | undefined;
        reason?: string | undefined;
      };
    };
    answer: JobMaps;
  };
  /** Open a batch: which window do I load now? */
  openBatch: {
    parameters: {
      wf: string;
      /** Names of jobs, separated by commas; all jobs when absent */
      job?: string | undefined;
      /** An operator’s override */
      force?: boolean | undefined;
      /** Why: kept in record and journal */
      reason?: string | undefined;
      /** What to do where a job is open: take its place with a new id (default), or refuse */
      if_open?: 'reopen' | 'reject' | undefined;
      /** Profile of the parameter file: batchy, powercenter or iics; only with /infa */
      profile?: string | undefined;
    };
    answer: JobMaps;
  };
  /** Open a batch, answered as json or as an Informatica parameter file (infa) */
  openBatchAs: {
    parameters: {
      wf: string;
      /** json or infa */
      format: string;
      /** Names of jobs, separated by commas; all jobs when absent */
      job?: string | undefined;
      /** An operator’s override */
      force?: boolean | undefined;
      /** Why: kept in record and journal */
      reason?: string | undefined;
      /** What to do where a job is open: take its place with a new id (default), or refuse */
      if_open?: 'reopen' | 'reject' | undefined;
      /** Profile of the parameter file: batchy, powercenter or iics; only with /infa */
      profile?: string | undefined;
    };
    answer: JobMaps | string;
  };
  /** What an open would yield; changes nothing */
  previewOpen: {
    parameters: {
      wf: string;
      /** Names of jobs, separated by commas; all jobs when absent */
      job?: string | undefined;
      /** An operator’s override */
      force?: boolean | undefined;
      /** As if it were this time (UTC unless an offset is given) */
      as_of?: string | undefined;
    };
    answer: Preview;
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
  /** Wait until every job of a workflow has succeeded on a day; says why not yet */
  waitForWorkflow: {
    parameters: {
      wf: string;
      /** Longest time to wait, in seconds (default 30); 0 answers at once */
      timeout?: number | undefined;
      /** The day on which the successes must lie; today when absent */
      date?: string | undefined;
      /** IANA zone of the day (default UTC) */
      timezone?: string | undefined;
      /** When the business day begins, HH:MM (default 00:00) */
      new_day?: string | undefined;
      /** Answer as soon as a job has failed */
      fail_fast?: boolean | undefined;
    };
    answer: Waited;
  };
}
