import { Type } from 'typebox';

import { listOrLines, StatusName } from './history.ts';
import { CursorQuery, ForceQuery, LimitQuery, ReasonQuery } from './vocabulary.ts';

const strict = { additionalProperties: false } as const;

export const ListQuery = Type.Object(
  {
    status: Type.Optional(StatusName),
    prefix: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'Only names that begin so' })),
    updated_after: Type.Optional(
      Type.String({
        description: 'Only workflows that changed later (UTC unless an offset is given)',
        examples: ['2026-11-01'],
      }),
    ),
    updated_before: Type.Optional(
      Type.String({ description: 'Only workflows that changed earlier (UTC unless an offset is given)' }),
    ),
    sort: Type.Optional(
      Type.Union([Type.Literal('name'), Type.Literal('updated_at')], { description: 'Default: name' }),
    ),
    order: Type.Optional(Type.Union([Type.Literal('asc'), Type.Literal('desc')], { description: 'Default: asc' })),
    limit: LimitQuery,
    cursor: CursorQuery,
  },
  strict,
);

export const ListAnswer = listOrLines(
  'Workflows, in the order asked for; the next page is in the Link header. Asked as application/x-ndjson: all that match, one a line, whatever the limit',
  Type.Object({ name: Type.String(), status: StatusName, updated_at: Type.String() }),
  { name: 'orders', status: 'open', updated_at: '2026-11-21T21:53:34.230000' },
);

export const WorkflowAnswer = Type.Object(
  {
    name: Type.String(),
    status: StatusName,
    etag: Type.String({ description: 'For If-Match of an edit' }),
    jobs: Type.Record(
      Type.String(),
      Type.Object({
        status: StatusName,
        batch_id: Type.Union([Type.Integer(), Type.Null()]),
        from_date: Type.Union([Type.String(), Type.Null()]),
        until: Type.Union([Type.String(), Type.Null()], {
          description: 'Exclusive end of the window of the current batch',
        }),
        clock_skew_noticed_at: Type.Union([Type.String(), Type.Null()]),
        owner: Type.Union([Type.String(), Type.Null()]),
        problem: Type.Union([Type.String(), Type.Null()], {
          description: 'What in the stored parameters cannot be read',
        }),
      }),
    ),
  },
  {
    examples: [
      {
        name: 'orders',
        status: 'open',
        etag: '"pZyT3aXk"',
        jobs: {
          customers: {
            status: 'open',
            batch_id: 1795298014,
            from_date: '2026-11-20T21:53:34.230000',
            until: '2026-11-21T21:53:34.230000',
            clock_skew_noticed_at: null,
            owner: null,
            problem: null,
          },
        },
      },
    ],
  },
);

export const DeleteQuery = Type.Object(
  {
    confirm: Type.String({ description: 'The workflow’s name once more', examples: ['orders'] }),
    force: ForceQuery,
    reason: ReasonQuery,
  },
  strict,
);

export const EditParams = Type.Object({
  wf: Type.String({ description: 'Name of the workflow', examples: ['orders'] }),
  job: Type.String({ description: 'Name of the job', examples: ['customers'] }),
});

export const EditQuery = Type.Object({ force: ForceQuery }, strict);

export const EditBody = Type.Object(
  {
    set: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'Parameters to set; from_date moves the watermark' }),
    ),
    remove: Type.Optional(Type.Array(Type.String(), { maxItems: 1000, description: 'Parameters to remove' })),
    reason: Type.String({ minLength: 1, maxLength: 1000, description: 'Why: kept in the journal' }),
  },
  { ...strict, examples: [{ set: { from_date: '2026-11-01' }, reason: 'source restated November' }] },
);
