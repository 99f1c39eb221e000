import { type TSchema, Type } from 'typebox';

import { executionExample } from './executions.ts';

const strict = { additionalProperties: false } as const;

export const LogQuery = Type.Object(
  {
    offset: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Where to begin, in bytes; the Link header says where to go on' }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_048_576, description: 'Most bytes in an answer (default 262144)' }),
    ),
  },
  strict,
);

export const LiveHeaders = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      description:
        'Of a live stream: goes on behind this event. A browser’s EventSource sets it when it connects again',
      examples: ['0'],
    }),
  ),
});

export const LogAnswer = {
  description:
    'The log as text. `Link: rel="next"` says where it goes on, and is there as long as more may come. Asked as text/event-stream: the log as it grows; ' +
    '`log` events, whose id is the offset behind them, then `log-ended`. `end`: the service stops',
  headers: { link: { type: 'string', description: 'rel="next": where the log goes on' } },
  content: {
    'text/plain': { schema: Type.String(), example: '2026-11-21T21:53:34.400000 INFO Load: 50 rows\n' },
    'text/event-stream': {
      schema: Type.String(),
      example: `id: 45\nevent: log\ndata: ${JSON.stringify({ text: '2026-11-21T21:53:34.400000 INFO Load: 50 rows\n', next_offset: 45 })}\n\n`,
    },
  },
} as unknown as TSchema;

export const ExecutionEventsAnswer = {
  description:
    'Server-sent events: what the journal tells of this execution and its steps, as `/events` has it; then `execution-ended` with the execution. `end`: the service stops',
  content: {
    'text/event-stream': {
      schema: Type.String(),
      example: `event: execution-ended\ndata: ${JSON.stringify(executionExample)}\n\n`,
    },
  },
} as unknown as TSchema;
