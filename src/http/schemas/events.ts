import { type TSchema, Type } from 'typebox';

import { journalExample } from './history.ts';

export const EventsQuery = Type.Object(
  {
    last_event_id: Type.Optional(
      Type.String({
        description: 'As the Last-Event-ID header, for clients that cannot set one; the header wins',
        examples: ['0'],
      }),
    ),
  },
  { additionalProperties: false },
);

export const EventsHeaders = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      description:
        'Sends what came after this event before anything new; without it, only what is new. A browser’s EventSource sets it when it connects again',
      examples: ['0'],
    }),
  ),
});

export const EventsAnswer = {
  description:
    'Server-sent events: id is the sequence number, event the type of the journal’s entry, data the entry as JSON. ' +
    '`gap`: entries after your Last-Event-ID are no longer kept. `end`: the service stops. Comments are heartbeats',
  content: {
    'text/event-stream': {
      schema: Type.String(),
      example: `id: 42\nevent: batch-opened\ndata: ${JSON.stringify(journalExample)}\n\n`,
    },
  },
} as unknown as TSchema;
