import { type Static, Type } from 'typebox';

import { commandProperties } from './executions.ts';
import { listOrLines } from './history.ts';
import { longestWait } from './jobs.ts';
import { CursorQuery, LimitQuery } from './vocabulary.ts';

const strict = { additionalProperties: false } as const;
const text = Type.Union([Type.String(), Type.Null()]);

export const SkippedQuery = Type.Object(
  {
    missing: Type.Optional(
      Type.Boolean({ description: 'Only items that no replay has carried through: what is still missing' }),
    ),
    limit: LimitQuery,
    cursor: CursorQuery,
  },
  strict,
);

export const SkippedAnswer = listOrLines(
  'Items that chunk steps left out; the next page is in the Link header. Asked as application/x-ndjson: all of them, one a line, whatever the limit',
  Type.Object({
    job_execution_id: Type.Integer(),
    step_name: Type.String(),
    number: Type.Integer({ description: 'Counted from 1 within the step’s execution' }),
    phase: Type.Union([Type.Literal('read'), Type.Literal('process'), Type.Literal('write')]),
    item: Type.Unknown({
      description: 'As the reader gave it; what JSON has no value for appears as text. null where it could not be read',
    }),
    output: Type.Unknown({
      description: 'What the processor had made of it, where the writer refused that; else null',
    }),
    position: text,
    error: Type.String({ description: 'Of the last attempt' }),
    obstacle: Type.Union([Type.String(), Type.Null()], { description: 'Why it cannot be replayed, or null' }),
    tried_by: Type.Union([Type.Integer(), Type.Null()], {
      description: 'The execution that was the last to replay it in vain, or null',
    }),
    replayed_by: Type.Union([Type.Integer(), Type.Null()], {
      description: 'The execution that has carried it through, or null',
    }),
  }),
  {
    job_execution_id: 1,
    step_name: 'Load',
    number: 1,
    phase: 'process',
    item: { id: 17, qty: 'three' },
    output: null,
    position: 'line 18',
    error: 'qty is no number',
    obstacle: null,
    tried_by: null,
    replayed_by: null,
  },
);

export function replayQuery(maxWaitSeconds: number) {
  return Type.Object(
    {
      wait: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: longestWait(maxWaitSeconds),
          description: 'Answer when the replay has ended, or after so many seconds (default: at once)',
          examples: [0],
        }),
      ),
    },
    strict,
  );
}
export type ReplayQuery = Static<ReturnType<typeof replayQuery>>;

/** None is as good as an empty one. */
export const replayBody = {
  description:
    'Which step, where several of the execution have left items out; and parameters that do not identify, in the place of those of the execution',
  required: false,
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: {
          step: { type: 'string', minLength: 1, description: 'As step_name of the items tells it' },
          parameters: {
            type: 'object',
            additionalProperties: true,
            description: 'As a launch gives them. Those that identify are refused',
          },
        },
        additionalProperties: false,
      },
      example: { step: 'Load' },
    },
  },
};

export const ReplayAnswer = Type.Object(
  {
    ...commandProperties,
    items: Type.Integer({ description: 'Items that it runs; at most 100000 are counted' }),
    left_out: Type.Object(
      {
        count: Type.Integer({ description: 'At most 100000 are counted' }),
        reasons: Type.Array(Type.String(), { description: 'Each once' }),
      },
      { description: 'Items of the step that no replay can run' },
    ),
  },
  {
    description: 'It was accepted: the execution that replays, and what it does not',
    examples: [
      {
        message:
          'LoadOrders replays 2 items that step Load of execution 1 left out: execution 5 is STARTING; 1 item cannot be replayed: it could not be read',
        job_name: 'LoadOrders',
        execution_id: 5,
        job_instance_id: 3,
        status: 'STARTING',
        items: 2,
        left_out: { count: 1, reasons: ['it could not be read'] },
      },
    ],
  },
);
