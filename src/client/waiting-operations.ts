/**
 * What the service offers of what launches jobs, and of where they wait. Made from its OpenAPI document by scripts/generate-client.ts: change the routes' schemas, then run
 * that again. A test fails while this file differs.
 */

import type { ListedSchedule, Schedule } from './job-answers.ts';

import type { NoParameters } from './operations.ts';

/** Parameters and answer of each operation. */
export interface WaitingOperations {
  /** One queue, or all together: what waits, what runs, what limits it */
  getQueue: {
    parameters: {
      /** Name of the queue; all: all queues together */
      name: string;
    };
    answer: {
      name: string;
      /** Executions that may run at a time, on all machines; null: any number */
      concurrency: number | null;
      rate: {
        /** So many executions are begun */
        max: number;
        /** in any time of so many seconds */
        seconds: number;
      } | null;
      /** Nothing of it is begun; what runs goes on */
      paused: {
        /** Name of the API key */
        by: string;
        since: string;
        reason: string | null;
      } | null;
      /** Executions that nobody has begun, by priority; more than 10,000 are not counted */
      waiting: {
        very_high: number;
        high: number;
        normal: number;
        low: number;
        very_low: number;
      };
      /** Executions that a launch has put off, and that are not begun yet */
      delayed: number;
      /** Executions that were begun and have not ended */
      running: number;
      /** The first of those that wait, by the time of their launch */
      oldest_waiting: {
        execution_id: number;
        create_time: string;
      } | null;
    };
  };
  /** One schedule, with its next five firings */
  getSchedule: {
    parameters: {
      /** Name of the schedule */
      name: string;
    };
    answer: Schedule;
  };
  /** Limit how many executions of a queue, or of all, run at a time and are begun in a time */
  limitQueue: {
    parameters: {
      /** Name of the queue; all: all queues together */
      name: string;
      body: {
        /** Executions that run at a time, on all machines; null: any number; left out: as it is */
        concurrency?: number | null | undefined;
        /** How many are begun in a time; null: any number; left out: as it is */
        rate?:
          | {
              /** So many executions are begun */
              max: number;
              /** in any time of so many seconds */
              seconds: number;
            }
          | null
          | undefined;
      };
      /** The ETag of the queue that you looked at; without it, whatever is there is replaced */
      if_match?: string | undefined;
    };
    answer: {
      name: string;
      /** Executions that may run at a time, on all machines; null: any number */
      concurrency: number | null;
      rate: {
        /** So many executions are begun */
        max: number;
        /** in any time of so many seconds */
        seconds: number;
      } | null;
      /** Nothing of it is begun; what runs goes on */
      paused: {
        /** Name of the API key */
        by: string;
        since: string;
        reason: string | null;
      } | null;
    };
  };
  /** The queues, each with what waits in it and what limits it */
  listQueues: {
    parameters: NoParameters;
    answer: {
      name: string;
      /** Executions that may run at a time, on all machines; null: any number */
      concurrency: number | null;
      rate: {
        /** So many executions are begun */
        max: number;
        /** in any time of so many seconds */
        seconds: number;
      } | null;
      /** Nothing of it is begun; what runs goes on */
      paused: {
        /** Name of the API key */
        by: string;
        since: string;
        reason: string | null;
      } | null;
      /** Executions that nobody has begun, by priority; more than 10,000 are not counted */
      waiting: {
        very_high: number;
        high: number;
        normal: number;
        low: number;
        very_low: number;
      };
      /** Executions that a launch has put off, and that are not begun yet */
      delayed: number;
      /** Executions that were begun and have not ended */
      running: number;
      /** The first of those that wait, by the time of their launch */
      oldest_waiting: {
        execution_id: number;
        create_time: string;
      } | null;
    }[];
  };
  /** The schedules, each with its last and next firing */
  listSchedules: { parameters: NoParameters; answer: ListedSchedule[] };
  /** Pause a queue, or all: nothing of it is begun until it is resumed; what runs goes on */
  pauseQueue: {
    parameters: {
      /** Name of the queue; all: all queues together */
      name: string;
      /** Why, for whoever asks what an execution waits for */
      body?:
        | {
            reason?: string | undefined;
          }
        | undefined;
    };
    answer: {
      name: string;
      /** Executions that may run at a time, on all machines; null: any number */
      concurrency: number | null;
      rate: {
        /** So many executions are begun */
        max: number;
        /** in any time of so many seconds */
        seconds: number;
      } | null;
      /** Nothing of it is begun; what runs goes on */
      paused: {
        /** Name of the API key */
        by: string;
        since: string;
        reason: string | null;
      } | null;
    };
  };
  /** Pause a schedule: nothing is launched until it is resumed, nor then what came meanwhile */
  pauseSchedule: {
    parameters: {
      /** Name of the schedule */
      name: string;
    };
    answer: Schedule;
  };
  /** Remove a schedule; what it has launched stays */
  removeSchedule: {
    parameters: {
      /** Name of the schedule */
      name: string;
    };
    answer: null;
  };
  /** Resume a queue, or all: what waits is begun, in its order */
  resumeQueue: {
    parameters: {
      /** Name of the queue; all: all queues together */
      name: string;
    };
    answer: {
      name: string;
      /** Executions that may run at a time, on all machines; null: any number */
      concurrency: number | null;
      rate: {
        /** So many executions are begun */
        max: number;
        /** in any time of so many seconds */
        seconds: number;
      } | null;
      /** Nothing of it is begun; what runs goes on */
      paused: {
        /** Name of the API key */
        by: string;
        since: string;
        reason: string | null;
      } | null;
    };
  };
  /** Resume a schedule: it launches what comes from now on */
  resumeSchedule: {
    parameters: {
      /** Name of the schedule */
      name: string;
    };
    answer: Schedule;
  };
  /** Make a schedule, or set one anew: when it launches which job, and with what */
  setSchedule: {
    parameters: {
      /** Name of the schedule */
      name: string;
      body: {
        /** Name of the job that it launches */
        job: string;
        /** Five fields (minute, hour, day of month, month, day of week), or six with the second before them: 0 2 * * * is at 02:00 every day */
        cron: string;
        /** The time zone whose clocks it goes by, such as Europe/Berlin (default: UTC) */
        zone?: string | undefined;
        /** What becomes of firings for which no server was up within a minute: none is launched, or the last of them, or all, oldest first, each when the execution of the one before has ended */
        catchup?: 'none' | 'last' | 'all' | undefined;
        /** Of what it launches (default: as the job says, else normal) */
        priority?: 'very_high' | 'high' | 'normal' | 'low' | 'very_low' | undefined;
        /** As the body of a launch has them */
        parameters?: Record<string, unknown> | undefined;
      };
      /** The ETag of the schedule that you looked at; without it, whatever is there is replaced */
      if_match?: string | undefined;
    };
    answer: Schedule;
  };
}
