import { type TSchema, Type } from 'typebox';

import { journalTypes, recordKinds } from '../../domain/change.ts';
import { batchStatuses } from '../../domain/execution.ts';
import { taskStatuses } from '../../domain/flow-state.ts';
import { statuses } from '../../domain/transitions.ts';
import { CursorQuery, JobMap, LimitQuery } from './vocabulary.ts';

const strict = { additionalProperties: false } as const;
const time = Type.Union([Type.String(), Type.Null()]);
const text = Type.Union([Type.String(), Type.Null()]);
const StateName = Type.Union(
  [...new Set<string>([...batchStatuses, ...taskStatuses])].map((status) => Type.Literal(status)),
  { description: 'A task of a reversible flow has states of its own: PENDING, RUNNING, SUCCESS, …' },
);
export const StatusName = Type.Union(statuses.map((status) => Type.Literal(status)));
const kind = Type.Union(
  recordKinds.map((name) => Type.Literal(name)),
  {
    description:
      'batch: opened here; backfill: over a window of the past; init: a configuration was loaded; foreign: opened by another program',
  },
);
const exampleTime = '2026-11-21T21:53:34.230000';

export const BatchesQuery = Type.Object(
  {
    status: Type.Optional(StatusName),
    job: Type.Optional(Type.String({ minLength: 1, description: 'Only batches of this job', examples: ['customers'] })),
    kind: Type.Optional(kind),
    opened_after: Type.Optional(
      Type.String({
        description: 'Only batches opened later (UTC unless an offset is given)',
        examples: ['2026-11-01'],
      }),
    ),
    opened_before: Type.Optional(
      Type.String({
        description: 'Only batches opened earlier (UTC unless an offset is given)',
        examples: ['2026-12-01'],
      }),
    ),
    limit: LimitQuery,
    cursor: CursorQuery,
  },
  strict,
);

const recordProperties = {
  batch_id: Type.Integer({ description: 'The batch’s number; of an init record, the epoch second of the load' }),
  id: Type.String({ description: 'What the record is found by: the batch_id, or <epoch>-init' }),
  kind,
  status: StatusName,
  opened_at: Type.String(),
  opened_by: Type.String({ description: 'Name of the API key' }),
  jobs: Type.Record(
    Type.String(),
    Type.Object({
      status: StatusName,
      from_date: time,
      until: time,
      batch_start: time,
      batch_end: time,
      reason: text,
      ended_by: text,
    }),
  ),
};
const recordExample = {
  batch_id: 1795298014,
  id: '1795298014',
  kind: 'batch',
  status: 'success',
  opened_at: exampleTime,
  opened_by: 'nightly',
  jobs: {
    customers: {
      status: 'success',
      from_date: '2026-11-20T21:53:34.230000',
      until: exampleTime,
      batch_start: exampleTime,
      batch_end: '2026-11-21T21:58:02.114000',
      reason: null,
      ended_by: 'nightly',
    },
  },
};
const BatchItem = Type.Object(recordProperties);

export const BatchesAnswer = listOrLines(
  'Batches, newest first; the next page is in the Link header. Asked as application/x-ndjson: all that match, one a line, whatever the limit',
  BatchItem,
  recordExample,
);

export const BatchParams = Type.Object({
  wf: Type.String({ description: 'Name of the workflow', examples: ['orders'] }),
  batch_id: Type.String({
    pattern: '^[0-9]{1,15}(-init)?$',
    description: 'A batch_id, or <epoch>-init for the load of a configuration',
    examples: ['1795298014'],
  }),
});

export const BatchAnswer = Type.Object(
  {
    ...recordProperties,
    parameters: Type.Record(Type.String(), JobMap, {
      description:
        'The jobs’ parameters in that batch. Values of names that hold password, secret or token are masked as ***',
    }),
  },
  {
    description: 'One batch, with its parameters',
    examples: [
      {
        ...recordExample,
        parameters: { customers: { source: 'crm', crm_password: '***', status: 'success', batch_id: 1795298014 } },
      },
    ],
  },
);

export const CoverageQuery = Type.Object(
  {
    job: Type.Optional(Type.String({ minLength: 1, description: 'One job; all when absent', examples: ['customers'] })),
    from: Type.Optional(
      Type.String({ description: 'Only windows that end later; also how to go on', examples: ['2026-11-01'] }),
    ),
    to: Type.Optional(Type.String({ description: 'Only windows that begin earlier', examples: ['2026-12-01'] })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 500, description: 'Most windows of a job (default 500)', examples: [100] }),
    ),
  },
  strict,
);

const stretch = { from: Type.String(), until: Type.String() };
export const CoverageAnswer = Type.Object(
  {
    workflow: Type.String(),
    truncated: Type.Boolean({
      description: 'There are more windows than the limit: go on with from = the last window’s until',
    }),
    jobs: Type.Array(
      Type.Object({
        job: Type.String(),
        windows: Type.Array(Type.Object({ batch_id: Type.Integer(), ...stretch }), {
          description: 'What succeeded, by which batch: [from, until)',
        }),
        gaps: Type.Array(Type.Object(stretch), {
          description: 'What no batch has loaded, between the first window and the last',
        }),
        overlaps: Type.Array(Type.Object({ ...stretch, batch_ids: Type.Array(Type.Integer()) }), {
          description: 'What two batches loaded',
        }),
      }),
    ),
  },
  {
    description: 'Which windows succeeded; gaps and overlaps',
    examples: [
      {
        workflow: 'orders',
        truncated: false,
        jobs: [
          {
            job: 'customers',
            windows: [{ batch_id: 1795298014, from: '2026-11-20T21:53:34.230000', until: exampleTime }],
            gaps: [],
            overlaps: [],
          },
        ],
      },
    ],
  },
);

export const JournalQuery = Type.Object({ limit: LimitQuery, cursor: CursorQuery }, strict);

const journalWindow = Type.Union([
  Type.Object({
    status: StatusName,
    batch_id: Type.Union([Type.Integer(), Type.Null()]),
    from_date: time,
    until: time,
  }),
  Type.Null(),
]);
export const journalExample = {
  sequence: 42,
  type: 'batch-opened',
  workflow: 'orders',
  at: exampleTime,
  by: 'nightly',
  reason: null,
  batch_id: 1795298014,
  jobs: [
    {
      job: 'customers',
      before: {
        status: 'success',
        batch_id: 1795211614,
        from_date: '2026-11-19T21:53:34.230000',
        until: '2026-11-20T21:53:34.230000',
      },
      after: { status: 'open', batch_id: 1795298014, from_date: '2026-11-20T21:53:34.230000', until: exampleTime },
    },
  ],
};
const JournalItem = Type.Object({
  sequence: Type.Integer({ description: 'Grows with each entry; gaps mean nothing' }),
  type: Type.Union(journalTypes.map((type) => Type.Literal(type))),
  workflow: Type.Union([Type.String(), Type.Null()], { description: 'null: of an execution that is bound to none' }),
  at: Type.String(),
  by: Type.String({ description: 'Name of the API key' }),
  reason: text,
  batch_id: Type.Union([Type.Integer(), Type.Null()]),
  jobs: Type.Array(
    Type.Object({
      job: Type.String(),
      before: journalWindow,
      after: journalWindow,
      changed: Type.Optional(
        Type.Array(Type.String(), { description: 'Names of your parameters that changed; never their values' }),
      ),
    }),
  ),
  execution: Type.Optional(
    Type.Object(
      {
        id: Type.Integer(),
        job_name: Type.String(),
        step_name: text,
        before: Type.Union([StateName, Type.Null()]),
        after: StateName,
      },
      { description: 'What became of an execution, or, with a step_name, of a step of it' },
    ),
  ),
});
export const JournalAnswer = listOrLines(
  'What happened, newest first; the next page is in the Link header. Asked as application/x-ndjson: all of it, one entry a line, whatever the limit',
  JournalItem,
  journalExample,
);

/** A list as an array, or as lines of JSON. */
export function listOrLines(description: string, item: TSchema, example: unknown): TSchema {
  return {
    description,
    headers: { link: { type: 'string', description: 'rel="next": where the list goes on' } },
    content: {
      'application/json': { schema: Type.Array(item), example: [example] },
      'application/x-ndjson': { schema: item, example },
    },
  };
}
