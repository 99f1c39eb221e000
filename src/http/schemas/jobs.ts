import { type TObject, Type } from 'typebox';

import { parameterTypes } from '../../domain/job.ts';
import { priorities } from '../../domain/priority.ts';
import { urgencyProperties, type UrgencyQuery } from '../urgency.ts';
import { executionExample, ExecutionItem } from './executions.ts';
import { Edge, stepKindName } from './graph.ts';

const text = Type.Union([Type.String(), Type.Null()]);
const whole = Type.Union([Type.Integer(), Type.Null()]);
const number = Type.Union([Type.Number(), Type.Null()]);

export const JobParams = Type.Object({
  name: Type.String({ description: 'Name of the job', examples: ['LoadOrders'] }),
});

/** @param maxSeconds the longest wait that the service is set up to accept */
export function launchQuery(maxSeconds: number): TObject {
  return Type.Object(
    {
      force: Type.Optional(Type.Boolean({ description: 'Run every step afresh, whatever was completed before' })),
      supersede: Type.Optional(
        Type.Boolean({ description: 'Of a bound job: take the place of a batch that somebody else has open' }),
      ),
      leave_out: Type.Optional(
        Type.String({
          description:
            'Names of steps, separated by commas, that are not run: what depends on them goes on as if they had completed. Only of jobs of which each launch is an instance of its own, as task lists are',
          minLength: 1,
          maxLength: 100_000,
        }),
      ),
      ...urgencyProperties,
      wait: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: longestWait(maxSeconds),
          description: 'Answer when the execution has ended, or after so many seconds (default: at once)',
          examples: [0],
        }),
      ),
    },
    { additionalProperties: false },
  );
}

/** Longest `wait` of a launch or a replay, in seconds. @param maxSeconds what the service is set up to accept */
export function longestWait(maxSeconds: number): number {
  return Math.min(longestWaitSeconds, maxSeconds);
}

const longestWaitSeconds = 600;

export interface LaunchQuery extends UrgencyQuery {
  readonly force?: boolean;
  readonly supersede?: boolean;
  readonly leave_out?: string;
  readonly wait?: number;
}

/** None is as good as an empty one; which values fit is for the job to say. */
export const launchBody = {
  description:
    'The parameters, all of them identifying unless the job’s schema says otherwise, or the long form {"value": 1, "identifying": false}',
  required: false,
  content: {
    'application/json': {
      schema: { type: 'object', additionalProperties: true },
      example: { start_date: '2024-01-01', batch_size: 100, threshold: 0.95 },
    },
  },
};

/** All of it may be left out. */
export const runBody = {
  description:
    'Names of tasks that are not run, values for the context of the tasks, and whether the last run is gone on with: then what it has completed or left out is not run',
  required: false,
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: {
          leave_out: { type: 'array', items: { type: 'string' } },
          context: { type: 'object', additionalProperties: true },
          restart: { type: 'boolean' },
        },
        additionalProperties: false,
      },
      example: { leave_out: ['Notify'], context: { day: '2026-11-21' } },
    },
  },
};

const jobKinds = ['steps', 'task-list', 'flow'] as const;
export type JobKind = (typeof jobKinds)[number];

const Job = Type.Object({
  name: Type.String(),
  description: text,
  kind: Type.Union(
    jobKinds.map((kind) => Type.Literal(kind)),
    { description: 'What it is made of: steps, the tasks of a list, or tasks that can be reverted' },
  ),
  file: Type.String({ description: 'From the folder of jobs' }),
  version: Type.String({
    description:
      'Of the file as it counts now, in the process that runs jobs beside this service: the first 12 digits of the SHA-256 of its text or, where it imports other files, of the sorted digests of them all, one a line',
  }),
  read_time: Type.String({ description: 'When that process has read it' }),
  workflow: Type.Union([Type.String(), Type.Null()], {
    description: 'Whose window its launches load; may hold parameters, as orders-{{region}} does',
  }),
  workflow_jobs: Type.Union([Type.Array(Type.String()), Type.Null()]),
  parameters: Type.Record(
    Type.String(),
    Type.Object({
      type: Type.Union([
        ...parameterTypes.filter((type) => type !== 'null').map((type) => Type.Literal(type)),
        Type.Null(),
      ]),
      default: Type.Optional(Type.Unknown()),
      required: Type.Boolean(),
      identifying: Type.Boolean(),
      description: text,
    }),
    { description: 'The parameters that it declares' },
  ),
  additional_parameters: Type.Boolean({ description: 'Whether a launch may give others' }),
  restartable: Type.Boolean(),
  refuse_if_complete: Type.Boolean(),
  new_instance_per_launch: Type.Boolean(),
  max_concurrent: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Executions at a time, those that wait among them: a further launch is refused',
  }),
  max_running: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Executions that run at a time, on all machines: further ones wait',
  }),
  queue: Type.String({ description: 'In which its executions wait' }),
  priority: Type.Union(
    priorities.map((priority) => Type.Literal(priority)),
    { description: 'Of its executions, where their launch does not say' },
  ),
  max_procs: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Steps or tasks of one execution at a time; null: as many as are ready',
  }),
  timeout: Type.Union([Type.Number(), Type.Null()], { description: 'In seconds' }),
  on_failure: Type.Union([Type.Literal('stop'), Type.Literal('continue')]),
  on_owner_lost: Type.Union([Type.Literal('resume'), Type.Literal('fail')]),
  max_takeovers: Type.Integer(),
  graph: Type.Object(
    {
      nodes: Type.Array(
        Type.Object({
          name: Type.String(),
          kind: stepKindName,
          task_id: Type.Union([Type.Integer(), Type.Null()], { description: 'Of a task of a list' }),
          max_retries: Type.Integer(),
          retry_delay: Type.Number({ description: 'In seconds' }),
          backoff: Type.Union([Type.Literal('fixed'), Type.Literal('exponential')]),
          timeout: number,
          allow_start_if_complete: Type.Boolean(),
          start_limit: whole,
          distributed: Type.Boolean({ description: 'It may run on another conductor than the rest of its execution' }),
        }),
      ),
      edges: Type.Array(Edge),
    },
    {
      description:
        'Empty of a flow: its tasks are made when an execution of it is picked up, and GET /executions/{id}/graph has them then',
    },
  ),
  last_execution: Type.Union([ExecutionItem, Type.Null()]),
});

const node = {
  task_id: null,
  max_retries: 0,
  retry_delay: 1,
  backoff: 'fixed',
  timeout: null,
  allow_start_if_complete: false,
  start_limit: null,
  distributed: false,
};
const jobExample = {
  name: 'LoadOrders',
  description: 'Loads the orders that changed',
  kind: 'steps',
  file: 'load-orders.ts',
  version: '5f0c3a9d41be',
  read_time: '2026-11-21T21:50:02.118000',
  workflow: 'orders',
  workflow_jobs: null,
  parameters: { chunk: { type: 'integer', default: 1000, required: false, identifying: false, description: null } },
  additional_parameters: true,
  restartable: true,
  refuse_if_complete: false,
  new_instance_per_launch: false,
  max_concurrent: null,
  max_running: null,
  queue: 'default',
  priority: 'normal',
  max_procs: null,
  timeout: null,
  on_failure: 'stop',
  on_owner_lost: 'resume',
  max_takeovers: 3,
  graph: {
    nodes: [
      { name: 'Download', kind: 'shell', ...node, max_retries: 3 },
      { name: 'Load', kind: 'chunk', ...node },
    ],
    edges: [{ from: 'Download', to: 'Load', on: null, end: null }],
  },
  last_execution: executionExample,
};

export const JobAnswer = Type.Object(Job.properties, {
  description: 'The definition of a job, its graph, and its last execution',
  examples: [jobExample],
});

export const JobsAnswer = Type.Object(
  {
    jobs: Type.Array(Job),
    broken: Type.Array(Type.Object({ file: Type.String(), line: whole, column: whole, message: Type.String() }), {
      description: 'Files that cannot be used, and why; they do not stop the others',
    }),
  },
  {
    description: 'The jobs by name, and the files that are broken',
    examples: [
      {
        jobs: [jobExample],
        broken: [{ file: 'half-done.ts', line: 7, column: 12, message: 'Unexpected token }' }],
      },
    ],
  },
);
