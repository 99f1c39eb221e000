import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';

import { BatchyError } from '../../domain/errors.ts';
import { executionFields } from '../../domain/execution-text.ts';
import { isLive } from '../../domain/execution-transitions.ts';
import { quoteBriefly } from '../../domain/names.ts';
import { noLogs } from '../../service/execution-logs.ts';
import { endOfInterest } from '../gone.ts';
import { logEvents } from '../log-stream.ts';
import { EventsHeaders, EventsQuery } from '../schemas/events.ts';
import * as schemas from '../schemas/execution-streams.ts';
import { executionParams, stepParams } from '../schemas/executions.ts';
import { problemResponses } from '../schemas/vocabulary.ts';
import type { BatchyServer, ServerOptions } from '../server.ts';
import { sendEvents, startJournalStream } from './events.ts';

const ExecutionParams = executionParams(1);
const StepParams = stepParams(1);

const defaultBytes = 262_144;
const lookAgainMilliseconds = 500;
const looksPerHeartbeat = 30;

/** What an execution tells while it runs: its log, and its events. */
export function addExecutionStreamRoutes(server: BatchyServer, options: ServerOptions): void {
  const { services, subscribe, stopping } = options;
  const { executions, logs = noLogs } = services;
  const found = ['invalid-id', 'unknown-execution'] as const;

  const sendLog = async (
    request: FastifyRequest,
    reply: FastifyReply,
    id: number,
    stepName: string | null,
  ): Promise<FastifyReply> => {
    const { offset = 0, limit = defaultBytes } = request.query as Static<typeof schemas.LogQuery>;
    const isOver = async (): Promise<boolean> => {
      const execution = await executions.get(id);
      if (stepName === null || !isLive(execution.status)) return !isLive(execution.status);
      const step = (await executions.steps(id)).findLast((each) => each.stepName === stepName);
      if (step === undefined) throw unknownStep(id, stepName);
      return !isLive(step.status);
    };
    // What can be wrong is said before the stream begins.
    const steps = stepName === null ? [] : await executions.steps(id);
    if (stepName !== null && !steps.some((step) => step.stepName === stepName)) throw unknownStep(id, stepName);
    const isComplete = await isOver();
    if (wantsEvents(request)) {
      const events = logEvents({
        read: (from) => logs.read(id, stepName, from, limit),
        isOver,
        subscribe,
        offset: readLastEventId(request) ?? offset,
        lookAgainMilliseconds,
        looksPerHeartbeat,
        stopping,
        over: endOfInterest(reply, stopping),
      });
      return sendEvents(reply, events);
    }
    const { text, nextOffset, ended } = await logs.read(id, stepName, offset, limit);
    if (!ended || !isComplete) linkOffset(request, reply, nextOffset);
    return reply.type('text/plain; charset=utf-8').send(text);
  };
  const logRoute = {
    config: { scope: 'read', longLived: wantsEvents },
    schema: {
      tags: ['executions'],
      headers: schemas.LiveHeaders,
      querystring: schemas.LogQuery,
    },
  } as const;

  server.get(
    '/executions/:id/log',
    {
      ...logRoute,
      schema: {
        ...logRoute.schema,
        tags: ['executions'],
        summary: 'The log of an execution, as text or as it grows',
        params: ExecutionParams,
        response: { 200: schemas.LogAnswer, ...problemResponses(...found) },
      },
    },
    (request, reply) => sendLog(request, reply, (request.params as Static<typeof ExecutionParams>).id, null),
  );

  server.get(
    '/executions/:id/steps/:name/log',
    {
      ...logRoute,
      schema: {
        ...logRoute.schema,
        tags: ['executions'],
        summary: 'The log of one step of an execution, as text or as it grows',
        params: StepParams,
        response: { 200: schemas.LogAnswer, ...problemResponses(...found, 'unknown-step') },
      },
    },
    (request, reply) => {
      const { id, name } = request.params as Static<typeof StepParams>;
      return sendLog(request, reply, id, name);
    },
  );

  server.get(
    '/executions/:id/events',
    {
      config: { scope: 'read', longLived: true },
      schema: {
        tags: ['executions', 'events'],
        summary: 'What happens to an execution and its steps, as server-sent events, up to its end',
        headers: EventsHeaders,
        params: ExecutionParams,
        querystring: EventsQuery,
        response: { 200: schemas.ExecutionEventsAnswer, ...problemResponses(...found) },
      },
    },
    async (request, reply) => {
      const { id } = request.params as Static<typeof ExecutionParams>;
      await executions.get(id);
      return startJournalStream(request, reply, options, {
        workflow: null,
        selects: (entry) => entry.execution?.id === id,
        conclusion: async () => {
          const execution = await executions.get(id);
          return isLive(execution.status) ? null : { event: 'execution-ended', data: executionFields(execution) };
        },
      });
    },
  );
}

function wantsEvents(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  return accept.split(',').some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === 'text/event-stream');
}

/** The offset behind which a client that comes back goes on. @throws BatchyError `invalid-request` */
function readLastEventId(request: FastifyRequest): number | null {
  const text = (request.headers as Static<typeof schemas.LiveHeaders>)['last-event-id'];
  if (text === undefined) return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new BatchyError(
    'invalid-request',
    `Last-Event-ID is ${quoteBriefly(text)}; it must be the id of an event of this log: a number. Leave it out to begin at the beginning.`,
  );
}

/** RFC 8288: where the log goes on, with the same limit. */
function linkOffset(request: FastifyRequest, reply: FastifyReply, offset: number): void {
  const [path = '', query = ''] = request.url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('offset', String(offset));
  void reply.header('link', `<${path}?${parameters.toString()}>; rel="next"`);
}

function unknownStep(id: number, stepName: string): BatchyError {
  return new BatchyError(
    'unknown-step',
    `No step ${quoteBriefly(stepName)} has run in execution ${id}. GET /executions/${id}/steps lists those that have.`,
  );
}
