import { Type } from 'typebox';

import { batchStatuses } from '../../domain/execution.ts';
import { taskStatuses } from '../../domain/flow-state.ts';
import { priorities } from '../../domain/priority.ts';
import { urgencyProperties } from '../urgency.ts';
import { listOrLines } from './history.ts';
import { CursorQuery, LimitQuery } from './vocabulary.ts';

const strict = { additionalProperties: false } as const;
const text = Type.Union([Type.String(), Type.Null()]);
const time = text;
export const BatchStatusName = Type.Union(batchStatuses.map((status) => Type.Literal(status)));
const exampleTime = '2026-11-21T21:53:34.230000';

export const ConductorOfPart = Type.Optional(
  Type.String({ description: 'Who runs it, where it may run on another conductor than the rest of the execution' }),
);

/** @param example the id of an execution that the operation is possible for */
export function executionParams(example: number) {
  return Type.Object({ id: Type.Integer({ description: 'Id of the execution', examples: [example] }) });
}

/** As `executionParams`, of a step of it. */
export function stepParams(example: number) {
  return Type.Object({
    id: Type.Integer({ description: 'Id of the execution', examples: [example] }),
    name: Type.String({ description: 'Name of the step, as /steps tells it', examples: ['Load'] }),
  });
}

export const ExecutionsQuery = Type.Object(
  {
    status: Type.Optional(BatchStatusName),
    job_name: Type.Optional(
      Type.String({ minLength: 1, description: 'Only executions of this job', examples: ['LoadOrders'] }),
    ),
    job_instance_id: Type.Optional(Type.Integer({ description: 'Only executions of this instance', examples: [1] })),
    queue: Type.Optional(
      Type.String({
        description: 'Only executions that wait or run in this queue; none that are over: no index tells their queues',
        examples: ['default'],
      }),
    ),
    started_after: Type.Optional(
      Type.String({
        description: 'Only executions that started later (UTC unless an offset is given)',
        examples: ['2026-11-01'],
      }),
    ),
    started_before: Type.Optional(
      Type.String({
        description: 'Only executions that started earlier (UTC unless an offset is given)',
        examples: ['2126-12-01'],
      }),
    ),
    limit: LimitQuery,
    cursor: CursorQuery,
  },
  strict,
);

export const RestartQuery = Type.Object(urgencyProperties, strict);

export const PageQuery = Type.Object({ limit: LimitQuery, cursor: CursorQuery }, strict);

const executionProperties = {
  id: Type.Integer(),
  job_instance_id: Type.Integer(),
  job_name: Type.String(),
  status: BatchStatusName,
  create_time: Type.String(),
  start_time: time,
  end_time: time,
  last_updated: Type.String(),
  exit_code: Type.String({ description: 'The status, unless a step or flow said otherwise' }),
  exit_message: Type.String({ description: 'The error’s text; its stack is in the log' }),
  forced: Type.Boolean({ description: 'Every step runs afresh, whatever was completed before' }),
  deselected: Type.Optional(
    Type.Array(Type.String(), { description: 'Steps that the launch left out; absent where it left out none' }),
  ),
  replay: Type.Union(
    [
      Type.Object({
        job_execution_id: Type.Integer({ description: 'The execution that left the items out' }),
        step_name: Type.String(),
      }),
      Type.Null(),
    ],
    { description: 'Of an execution that replays items: which ones' },
  ),
  batch: Type.Union(
    [
      Type.Object({
        workflow: Type.String(),
        jobs: Type.Union([Type.Array(Type.String()), Type.Null()]),
        batch_id: Type.Integer(),
        backfill: Type.Boolean({ description: 'Over a window that the launch named: it moves no watermark' }),
        from_date: Type.String(),
        to_date: Type.String(),
      }),
      Type.Null(),
    ],
    { description: 'The batch that it has opened, of a job that is bound to a workflow' },
  ),
  launched_by: Type.String({ description: 'Name of the API key' }),
  takeovers: Type.Integer({ description: 'How often another conductor went on with it' }),
  stop_requested_by: text,
  queue: Type.Optional(Type.String({ description: 'Where it waits for a conductor; absent: in the queue `default`' })),
  priority: Type.Optional(
    Type.Union(
      priorities.map((name) => Type.Literal(name)),
      { description: 'In which order it does; absent: normal' },
    ),
  ),
  not_before: Type.Optional(Type.String({ description: 'It is not begun before; absent: at once' })),
};
export const executionExample = {
  id: 1,
  job_instance_id: 1,
  job_name: 'LoadOrders',
  status: 'COMPLETED',
  create_time: exampleTime,
  start_time: '2026-11-21T21:53:34.310000',
  end_time: '2026-11-21T21:53:41.902000',
  last_updated: '2026-11-21T21:53:41.902000',
  exit_code: 'COMPLETED',
  exit_message: '',
  forced: false,
  replay: null,
  batch: {
    workflow: 'orders',
    jobs: null,
    batch_id: 1795298014,
    backfill: false,
    from_date: '2026-11-20T21:53:34.230000',
    to_date: exampleTime,
  },
  launched_by: 'nightly',
  takeovers: 0,
  stop_requested_by: null,
};
export const ExecutionItem = Type.Object(executionProperties);

export const ExecutionsAnswer = listOrLines(
  'Executions, newest first; the next page is in the Link header. Asked as application/x-ndjson: all that match, one a line, whatever the limit',
  ExecutionItem,
  executionExample,
);

export const ExecutionAnswer = Type.Object(
  {
    ...executionProperties,
    awaits: Type.Union([Type.String(), Type.Null()], {
      description:
        'What it waits for: a conductor that has what it needs, its time, a place that its job or queue limits, the end of a pause; or why nobody here could go on with it if its owner were gone: its job’s file is missing or broken. null: nothing is awaited',
    }),
    parameters: Type.Record(Type.String(), Type.Unknown(), {
      description:
        'What its steps receive, defaults and window filled in. Values of names that hold password, secret or token are masked as ***',
    }),
  },
  {
    description: 'One execution, with its parameters',
    examples: [{ ...executionExample, awaits: null, parameters: { chunk: 1000, db_password: '***' } }],
  },
);

export const StepsAnswer = Type.Array(
  Type.Object({
    id: Type.Integer(),
    job_execution_id: Type.Integer(),
    job_instance_id: Type.Integer(),
    step_name: Type.String({ description: 'Of a partitioned step’s parts `name:partitionN`' }),
    status: BatchStatusName,
    start_time: Type.String(),
    end_time: time,
    exit_code: Type.String(),
    exit_message: Type.String(),
    retry_count: Type.Integer(),
    read_count: Type.Integer(),
    write_count: Type.Integer(),
    filter_count: Type.Integer(),
    commit_count: Type.Integer(),
    rollback_count: Type.Integer(),
    skip_count: Type.Integer({ description: 'Sum of the three that follow' }),
    read_skip_count: Type.Integer(),
    process_skip_count: Type.Integer(),
    write_skip_count: Type.Integer(),
    conductor: ConductorOfPart,
    phase: Type.Optional(
      Type.Union([Type.Literal('execute'), Type.Literal('revert')], {
        description: 'Of a task of a reversible flow: whether it was run or reverted',
      }),
    ),
    task_state: Type.Optional(
      Type.Union(
        taskStatuses.map((status) => Type.Literal(status)),
        { description: 'Of a task of a reversible flow: what it was left as; that of its latest row is where it is' },
      ),
    ),
  }),
  {
    description:
      'The steps that ran in this execution, in the order in which they started; what was skipped has no row. Of a flow a row for each run of a task, forwards or backwards',
    examples: [
      [
        {
          id: 1,
          job_execution_id: 1,
          job_instance_id: 1,
          step_name: 'Load',
          status: 'COMPLETED',
          start_time: '2026-11-21T21:53:34.310000',
          end_time: '2026-11-21T21:53:41.902000',
          exit_code: 'COMPLETED',
          exit_message: '',
          retry_count: 0,
          read_count: 50,
          write_count: 25,
          filter_count: 25,
          commit_count: 5,
          rollback_count: 0,
          skip_count: 0,
          read_skip_count: 0,
          process_skip_count: 0,
          write_skip_count: 0,
        },
      ],
    ],
  },
);

export const ContextAnswer = Type.Record(Type.String(), Type.Unknown(), {
  description:
    'What the steps of the execution share. Values of names that hold password, secret or token are masked as ***',
  examples: [{ path: '/landing/orders.csv' }],
});

export const commandProperties = {
  message: Type.String(),
  job_name: Type.String(),
  execution_id: Type.Integer(),
  job_instance_id: Type.Integer(),
  status: BatchStatusName,
};

export const CommandAnswer = Type.Object(commandProperties, {
  description: 'It was accepted: how the execution stands now',
  examples: [
    {
      message: 'LoadOrders was launched: execution 2',
      job_name: 'LoadOrders',
      execution_id: 2,
      job_instance_id: 1,
      status: 'STARTING',
    },
  ],
});
