/**
 * What the service offers, by operation. Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */

import type {
  Batch,
  Coverage,
  JobMaps,
  JournalEntry,
  ListedBatch,
  ListedWorkflow,
  Preview,
  Readiness,
  Status,
  Waited,
  Workflow,
} from './answers.ts';

import type { ExecutionOperations } from './execution-operations.ts';
import type { JobOperations } from './job-operations.ts';
import type { WaitingOperations } from './waiting-operations.ts';

export interface NoParameters {
  body?: undefined;
}

/** Parameters and answer of each operation. `wf` is the name of the workflow. */
export interface Operations extends JobOperations, WaitingOperations, ExecutionOperations {
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
  /** Delete a workflow; its history stays for the retention */
  deleteWorkflow: {
    parameters: {
      /** The workflow’s name once more */
      confirm: string;
      wf: string;
      /** An operator’s override */
      force?: boolean | undefined;
      /** Why: kept in record and journal */
      reason?: string | undefined;
    };
    answer: null;
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
  /** Name and version */
  getIndex: { parameters: NoParameters; answer: string };
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
  /** The state of every job of a workflow */
  getStatus: {
    parameters: {
      wf: string;
      /** Names of jobs, separated by commas; all jobs when absent */
      job?: string | undefined;
    };
    answer: JobMaps;
  };
  /** A workflow: its status, the windows of its jobs, and what the ledger knows beyond the shared hash */
  getWorkflow: {
    parameters: {
      wf: string;
    };
    answer: Workflow;
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
