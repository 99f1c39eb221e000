import { Type } from 'typebox';

import { mostPlaces } from '../../domain/number-range.ts';
import { priorities, type Priority } from '../../domain/priority.ts';
import { IdempotencyHeaders } from './vocabulary.ts';

/** Takings are kept in one document. */
const mostTakings = 1000;
const strict = { additionalProperties: false } as const;

export const QueueParams = Type.Object({
  name: Type.String({ description: 'Name of the queue; all: all queues together', examples: ['default'] }),
});

export const QueueHeaders = Type.Object({
  ...IdempotencyHeaders.properties,
  'if-match': Type.Optional(
    Type.String({ description: 'The ETag of the queue that you looked at; without it, whatever is there is replaced' }),
  ),
});

const Rate = Type.Object(
  {
    max: Type.Integer({ minimum: 1, maximum: mostTakings, description: 'So many executions are begun' }),
    seconds: Type.Integer({ minimum: 1, maximum: 86_400, description: 'in any time of so many seconds' }),
  },
  strict,
);

export const QueueBody = Type.Object(
  {
    concurrency: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: mostPlaces }), Type.Null()], {
        description: 'Executions that run at a time, on all machines; null: any number; left out: as it is',
      }),
    ),
    rate: Type.Optional(
      Type.Union([Rate, Type.Null()], {
        description: 'How many are begun in a time; null: any number; left out: as it is',
      }),
    ),
  },
  { ...strict, examples: [{ concurrency: 4, rate: { max: 10, seconds: 60 } }] },
);

/** All of it may be left out. */
export const pauseBody = {
  description: 'Why, for whoever asks what an execution waits for',
  required: false,
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: { reason: { type: 'string', minLength: 1, maxLength: 500 } },
        additionalProperties: false,
      },
      example: { reason: 'the target is being moved' },
    },
  },
};

const settings = {
  name: Type.String(),
  concurrency: Type.Union([Type.Integer(), Type.Null()], {
    description: 'Executions that may run at a time, on all machines; null: any number',
  }),
  rate: Type.Union([Rate, Type.Null()]),
  paused: Type.Union(
    [
      Type.Object({
        by: Type.String({ description: 'Name of the API key' }),
        since: Type.String(),
        reason: Type.Union([Type.String(), Type.Null()]),
      }),
      Type.Null(),
    ],
    { description: 'Nothing of it is begun; what runs goes on' },
  ),
};

const overview = {
  ...settings,
  waiting: Type.Object(
    Object.fromEntries(priorities.map((priority) => [priority, Type.Integer()])) as Record<
      Priority,
      ReturnType<typeof Type.Integer>
    >,
    { description: 'Executions that nobody has begun, by priority; more than 10,000 are not counted' },
  ),
  delayed: Type.Integer({ description: 'Executions that a launch has put off, and that are not begun yet' }),
  running: Type.Integer({ description: 'Executions that were begun and have not ended' }),
  oldest_waiting: Type.Union([Type.Object({ execution_id: Type.Integer(), create_time: Type.String() }), Type.Null()], {
    description: 'The first of those that wait, by the time of their launch',
  }),
};

const settingsExample = { name: 'default', concurrency: 4, rate: { max: 10, seconds: 60 }, paused: null };
const overviewExample = {
  ...settingsExample,
  waiting: { very_high: 0, high: 1, normal: 12, low: 0, very_low: 0 },
  delayed: 2,
  running: 4,
  oldest_waiting: { execution_id: 17, create_time: '2026-11-21T21:53:34.230000' },
};

export const QueueSettingsAnswer = Type.Object(settings, {
  description: 'What holds for the queue now; its ETag is in the header',
  examples: [settingsExample],
});

export const QueueAnswer = Type.Object(overview, {
  description: 'The queue; the ETag of its settings is in the header',
  examples: [overviewExample],
});

export const QueuesAnswer = Type.Array(Type.Object(overview), {
  description: 'The queues by name, and all of them together as the last',
  examples: [[overviewExample]],
});
