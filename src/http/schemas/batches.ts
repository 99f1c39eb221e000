import { Type } from 'typebox';

import { BatchIdQuery, ForceQuery, JobMap, JobQuery, ReasonQuery, statusExample } from './vocabulary.ts';

const strict = { additionalProperties: false } as const;

export const StatusQuery = Type.Object({ job: JobQuery }, strict);

export const OpenQuery = Type.Object(
  {
    job: JobQuery,
    force: ForceQuery,
    reason: ReasonQuery,
    if_open: Type.Optional(
      Type.Union([Type.Literal('reopen'), Type.Literal('reject')], {
        description: 'What to do where a job is open: take its place with a new id (default), or refuse',
      }),
    ),
    profile: Type.Optional(
      Type.String({ description: 'Profile of the parameter file: batchy, powercenter or iics; only with /infa' }),
    ),
  },
  strict,
);

export const OpenFormatParams = Type.Object({
  wf: Type.String({ description: 'Name of the workflow', examples: ['orders'] }),
  format: Type.String({ description: 'json or infa', examples: ['json'] }),
});

export const EndQuery = Type.Object(
  { job: JobQuery, batch_id: BatchIdQuery, force: ForceQuery, reason: ReasonQuery },
  strict,
);

/** The user's parameters to store with the outcome, by job. */
export const EndBody = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()), {
  examples: [{ customers: { rows: 123 } }],
});

export const LoadQuery = Type.Object(
  {
    mode: Type.Optional(
      Type.Union([Type.Literal('replace'), Type.Literal('merge')], {
        description: 'replace (default) takes the file as it is; merge keeps what batches have written',
      }),
    ),
    force: ForceQuery,
    reason: ReasonQuery,
  },
  strict,
);

export const BackfillBody = Type.Object(
  {
    from: Type.String({
      description: 'Inclusive begin of the window (UTC unless an offset is given)',
      examples: ['2026-10-01'],
    }),
    to: Type.String({ description: 'Exclusive end of the window, not in the future', examples: ['2026-11-01'] }),
    job: Type.Optional(
      Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })], {
        description: 'A job, or several; all when absent',
      }),
    ),
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  },
  strict,
);

export const PreviewQuery = Type.Object(
  {
    job: JobQuery,
    force: ForceQuery,
    as_of: Type.Optional(
      Type.String({
        description: 'As if it were this time (UTC unless an offset is given)',
        examples: ['2026-11-22T02:00:00'],
      }),
    ),
  },
  strict,
);

const time = Type.Union([Type.String(), Type.Null()]);
export const PreviewAnswer = Type.Object(
  {
    workflow: Type.String(),
    as_of: Type.String(),
    batch_id: Type.Union([Type.Integer(), Type.Null()]),
    jobs: Type.Array(
      Type.Object({
        job: Type.String(),
        from_date: time,
        until: time,
        rule: Type.Union([Type.String(), Type.Null()], {
          description: 'Which rule gave from_date: after-success, same-window-again, initial-date',
        }),
        refused: Type.Union([Type.Object({ code: Type.String(), detail: Type.String() }), Type.Null()]),
      }),
    ),
  },
  {
    examples: [
      {
        workflow: 'orders',
        as_of: '2026-11-22T02:00:00.000000',
        batch_id: 1795312800,
        jobs: [
          {
            job: 'customers',
            from_date: '2026-11-20T21:53:34.230000',
            until: '2026-11-22T02:00:00.000000',
            rule: 'after-success',
            refused: null,
          },
        ],
      },
    ],
  },
);

export const BackfillAnswer = Type.Record(Type.String(), JobMap, {
  description: 'The backfill’s jobs; close or fail it with its batch_id',
  examples: [statusExample],
});
