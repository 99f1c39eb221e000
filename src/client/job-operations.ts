/**
 * What the service offers of jobs. Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */

import type { ListedExecution } from './execution-answers.ts';
import type { Accepted } from './job-answers.ts';

import type { NoParameters } from './operations.ts';

/** Parameters and answer of each operation. */
export interface JobOperations {
  /** One job: its parameters, graph and last execution */
  getJob: {
    parameters: {
      /** Name of the job */
      name: string;
    };
    answer: {
      name: string;
      description: string | null;
      /** What it is made of: steps, the tasks of a list, or tasks that can be reverted */
      kind: 'steps' | 'task-list' | 'flow';
      /** From the folder of jobs */
      file: string;
      /** Of the file as it counts now, in the process that runs jobs beside this service: the first 12 digits of the SHA-256 of its text or, where it imports other files, of the sorted digests of them all, one a line */
      version: string;
      /** When that process has read it */
      read_time: string;
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
      /** Executions at a time, those that wait among them: a further launch is refused */
      max_concurrent: number | null;
      /** Executions that run at a time, on all machines: further ones wait */
      max_running: number | null;
      /** In which its executions wait */
      queue: string;
      /** Of its executions, where their launch does not say */
      priority: 'very_high' | 'high' | 'normal' | 'low' | 'very_low';
      /** Steps or tasks of one execution at a time; null: as many as are ready */
      max_procs: number | null;
      /** In seconds */
      timeout: number | null;
      on_failure: 'stop' | 'continue';
      on_owner_lost: 'resume' | 'fail';
      max_takeovers: number;
      /** Empty of a flow: its tasks are made when an execution of it is picked up, and GET /executions/{id}/graph has them then */
      graph: {
        nodes: {
          name: string;
          kind: 'task' | 'chunk' | 'shell' | 'http' | 'wait' | 'partition' | 'worker' | null;
          /** Of a task of a list */
          task_id: number | null;
          max_retries: number;
          /** In seconds */
          retry_delay: number;
          backoff: 'fixed' | 'exponential';
          timeout: number | null;
          allow_start_if_complete: boolean;
          start_limit: number | null;
          /** It may run on another conductor than the rest of its execution */
          distributed: boolean;
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
  /** Launch a job: a new instance, or a restart of the one with the same identifying parameters */
  launchJob: {
    parameters: {
      /** Name of the job */
      name: string;
      /** Run every step afresh, whatever was completed before */
      force?: boolean | undefined;
      /** Of a bound job: take the place of a batch that somebody else has open */
      supersede?: boolean | undefined;
      /** Names of steps, separated by commas, that are not run: what depends on them goes on as if they had completed. Only of jobs of which each launch is an instance of its own, as task lists are */
      leave_out?: string | undefined;
      /** What of its queue is begun before what (default: as the job says, else normal) */
      priority?: 'very_high' | 'high' | 'normal' | 'low' | 'very_low' | undefined;
      /** It is not begun earlier than so many seconds from now */
      delay_seconds?: number | undefined;
      /** It is not begun earlier (UTC unless an offset is given); not together with delay_seconds */
      not_before?: string | undefined;
      /** Answer when the execution has ended, or after so many seconds (default: at once) */
      wait?: number | undefined;
      /** The parameters, all of them identifying unless the job’s schema says otherwise, or the long form {"value": 1, "identifying": false} */
      body?: Record<string, unknown> | undefined;
    };
    answer: Accepted;
  };
  /** The jobs, each with its parameters, graph and last execution; and the job files that are broken */
  listJobs: {
    parameters: NoParameters;
    answer: {
      jobs: {
        name: string;
        description: string | null;
        /** What it is made of: steps, the tasks of a list, or tasks that can be reverted */
        kind: 'steps' | 'task-list' | 'flow';
        /** From the folder of jobs */
        file: string;
        /** Of the file as it counts now, in the process that runs jobs beside this service: the first 12 digits of the SHA-256 of its text or, where it imports other files, of the sorted digests of them all, one a line */
        version: string;
        /** When that process has read it */
        read_time: string;
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
        /** Executions at a time, those that wait among them: a further launch is refused */
        max_concurrent: number | null;
        /** Executions that run at a time, on all machines: further ones wait */
        max_running: number | null;
        /** In which its executions wait */
        queue: string;
        /** Of its executions, where their launch does not say */
        priority: 'very_high' | 'high' | 'normal' | 'low' | 'very_low';
        /** Steps or tasks of one execution at a time; null: as many as are ready */
        max_procs: number | null;
        /** In seconds */
        timeout: number | null;
        on_failure: 'stop' | 'continue';
        on_owner_lost: 'resume' | 'fail';
        max_takeovers: number;
        /** Empty of a flow: its tasks are made when an execution of it is picked up, and GET /executions/{id}/graph has them then */
        graph: {
          nodes: {
            name: string;
            kind: 'task' | 'chunk' | 'shell' | 'http' | 'wait' | 'partition' | 'worker' | null;
            /** Of a task of a list */
            task_id: number | null;
            max_retries: number;
            /** In seconds */
            retry_delay: number;
            backoff: 'fixed' | 'exponential';
            timeout: number | null;
            allow_start_if_complete: boolean;
            start_limit: number | null;
            /** It may run on another conductor than the rest of its execution */
            distributed: boolean;
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
  /** Run a task list: what is selected of it, with values for its context; or what its last run has left */
  runTasks: {
    parameters: {
      /** Name of the job */
      name: string;
      /** Names of tasks that are not run, values for the context of the tasks, and whether the last run is gone on with: then what it has completed or left out is not run */
      body?:
        | {
            leave_out?: string[] | undefined;
            context?: Record<string, unknown> | undefined;
            restart?: boolean | undefined;
          }
        | undefined;
    };
    answer: Accepted;
  };
}
