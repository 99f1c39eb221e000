import { Readable } from 'node:stream';

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';

import { BatchyError } from '../../domain/errors.ts';
import { quoteBriefly } from '../../domain/names.ts';
import { type EventStreamOptions, journalEvents } from '../event-stream.ts';
import { endOfInterest } from '../gone.ts';
import { problemResponses, WorkflowParams } from '../schemas/vocabulary.ts';
import * as schemas from '../schemas/events.ts';
import type { BatchyServer, ServerOptions } from '../server.ts';

const heartbeatMilliseconds = 15_000;

/** The journal as it grows, for pages and programs that want to be told. */
export function addEventRoutes(server: BatchyServer, options: ServerOptions): void {
  const stream = (request: FastifyRequest, reply: FastifyReply, workflow: string | null): Promise<FastifyReply> =>
    startJournalStream(request, reply, options, { workflow });

  server.get(
    '/events',
    {
      config: { scope: 'read', longLived: true },
      schema: {
        tags: ['events'],
        summary: 'Everything that happens, as server-sent events',
        headers: schemas.EventsHeaders,
        querystring: schemas.EventsQuery,
        response: { 200: schemas.EventsAnswer, ...problemResponses() },
      },
    },
    (request, reply) => stream(request, reply, null),
  );
  server.get(
    '/workflows/:wf/events',
    {
      config: { scope: 'read', longLived: true },
      schema: {
        tags: ['events'],
        summary: 'What happens to one workflow, as server-sent events',
        headers: schemas.EventsHeaders,
        params: WorkflowParams,
        querystring: schemas.EventsQuery,
        response: {
          200: schemas.EventsAnswer,
          ...problemResponses('invalid-name', 'unknown-workflow', 'foreign-data'),
        },
      },
    },
    (request, reply) => stream(request, reply, (request.params as Static<typeof WorkflowParams>).wf),
  );
}

/**
 * Answers the journal as it grows, behind the client's Last-Event-ID or with what is new.
 * @throws BatchyError `invalid-request`, `unknown-workflow`; before the stream begins
 */
export async function startJournalStream(
  request: FastifyRequest,
  reply: FastifyReply,
  { services: { history }, subscribe, stopping }: ServerOptions,
  chosen: Pick<EventStreamOptions, 'workflow' | 'selects' | 'conclusion'>,
): Promise<FastifyReply> {
  const from = lastEventId(request);
  // What can be wrong is said before the stream begins; also that there is no such workflow.
  await history.journal({ workflow: chosen.workflow, direction: 'descending', beyond: null, limit: 1 });
  const bounds = await history.journalBounds();
  // Where all was pruned nothing tells how far the numbers had come; what comes next is new whoever asks.
  const nothingKept = bounds.last === 0;
  if (from !== null && from > bounds.last && !nothingKept) throw laterThanAll(from, bounds.last);
  const missed = from !== null && bounds.first > 0 && from < bounds.first - 1;
  const events = journalEvents({
    ...chosen,
    read: (page) => history.journal(page),
    bounds: () => history.journalBounds(),
    subscribe,
    after: nothingKept ? 0 : (from ?? bounds.last),
    gapUpTo: missed ? bounds.first : null,
    heartbeatMilliseconds,
    stopping,
    over: endOfInterest(reply, stopping),
  });
  return sendEvents(reply, events);
}

/** Answers server-sent events, each made only when the client has taken in the one before. */
export function sendEvents(reply: FastifyReply, events: AsyncGenerator<string>): FastifyReply {
  return reply
    .type('text/event-stream; charset=utf-8')
    .header('x-accel-buffering', 'no')
    .send(Readable.from(events, { objectMode: true, highWaterMark: 1 }));
}

/** @throws BatchyError `invalid-request` */
function lastEventId(request: FastifyRequest): number | null {
  const header = (request.headers as Static<typeof schemas.EventsHeaders>)['last-event-id'];
  const text = header ?? (request.query as Static<typeof schemas.EventsQuery>).last_event_id;
  if (text === undefined) return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new BatchyError(
    'invalid-request',
    `Last-Event-ID is ${quoteBriefly(text)}; it must be the id of an event of this service: a number. Leave it out to begin with what is new.`,
  );
}

function laterThanAll(from: number, last: number): BatchyError {
  return new BatchyError(
    'invalid-request',
    `Last-Event-ID is ${from}, but the last event of this service is ${last}: it comes from another store. Leave it out to begin with what is new, or say 0 for all that is kept.`,
    { facts: { last_event_id: last } },
  );
}
