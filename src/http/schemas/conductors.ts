import { Type } from 'typebox';

import { conductorRoles } from '../../domain/heartbeat.ts';
import { conductorStates } from '../../service/conductors.ts';

const text = Type.Union([Type.String(), Type.Null()]);

export const ConductorsQuery = Type.Object(
  {
    all: Type.Optional(
      Type.Boolean({
        description:
          'Those, too, that are gone for more than an hour (they are forgotten a day later). Without it only those of them that still own something',
      }),
    ),
  },
  { additionalProperties: false },
);

export const ConductorsAnswer = Type.Array(
  Type.Object({
    id: Type.String({ description: 'No other process has it, or had it' }),
    state: Type.Union(
      conductorStates.map((state) => Type.Literal(state)),
      {
        description:
          'online: it gives signs of life; silent: none for as long as a lease lasts, so that others go on with what it ran; ended: its process was seen to end',
      },
    ),
    host: Type.Union([Type.String({ description: 'Name of its machine' }), Type.Null()]),
    process_id: Type.Union([Type.Integer(), Type.Null()]),
    role: Type.Union([...conductorRoles.map((role) => Type.Literal(role)), Type.Null()], {
      description: 'serve: beside a server; worker: by itself',
    }),
    concurrency: Type.Union([
      Type.Integer({ description: 'Executions that it runs at a time' }),
      Type.Null({ description: 'An older version does not tell' }),
    ]),
    capabilities: Type.Array(Type.String(), { description: 'What it may have of what jobs need' }),
    queues: Type.Array(Type.String(), {
      description: 'The queues whose executions alone it runs; empty: those of all its jobs',
    }),
    jobs_version: Type.Union([Type.String(), Type.Null()], {
      description:
        'Changes with the text of any of its job files; where two that are online have different ones, what an execution does hangs on who takes it. null: an older version does not tell',
    }),
    draining: Type.Boolean({
      description: 'Its job files have changed: it takes nothing new, and ends when what it runs has',
    }),
    heartbeat_time: Type.String({ description: 'Of its last sign of life, by the store’s clock, UTC' }),
    heartbeat_age_seconds: Type.Number(),
    ended_because: text,
    execution_ids: Type.Array(Type.Integer(), { description: 'What it runs, oldest first' }),
    part_count: Type.Integer({
      description: 'Partitions and distributed steps that it runs beside, of any executions',
    }),
  }),
  {
    description: 'The processes that run jobs, by id',
    examples: [
      [
        {
          id: 'etl-1-4711-9f3c2a1b',
          state: 'online',
          host: 'etl-1',
          process_id: 4711,
          role: 'worker',
          concurrency: 4,
          capabilities: ['gpu'],
          queues: [],
          jobs_version: '0c5f3a9d41be',
          draining: false,
          heartbeat_time: '2026-11-21T21:53:34.230000',
          heartbeat_age_seconds: 1.2,
          ended_because: null,
          execution_ids: [12, 15],
          part_count: 2,
        },
      ],
    ],
  },
);
