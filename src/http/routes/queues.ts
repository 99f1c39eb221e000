import type { Static } from 'typebox';

import { BatchyError } from '../../domain/errors.ts';
import { isJsonObject, type JsonObject, stringifyJson } from '../../domain/json.ts';
import { formatInstant } from '../../domain/time.ts';
import type { QueueOverview, ShownQueue } from '../../service/queues.ts';
import { jsonAnswer, sendAnswered } from '../answer.ts';
import { callerOf } from '../caller.ts';
import * as schemas from '../schemas/queues.ts';
import { changeProblems, IdempotencyHeaders, NoQuery, problemResponses } from '../schemas/vocabulary.ts';
import type { BatchyServer, HttpServices } from '../server.ts';

type Params = Static<typeof schemas.QueueParams>;

/** Queues: what waits in them, how many of it run at a time, and whether any of it does. */
export function addQueueRoutes(server: BatchyServer, { queues }: HttpServices): void {
  server.get(
    '/queues',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['queues'],
        summary: 'The queues, each with what waits in it and what limits it',
        querystring: NoQuery,
        response: { 200: schemas.QueuesAnswer, ...problemResponses() },
      },
    },
    async (_request, reply) => reply.send((await queues.list()).map(overviewFields)),
  );

  server.get(
    '/queues/:name',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['queues'],
        summary: 'One queue, or all together: what waits, what runs, what limits it',
        params: schemas.QueueParams,
        querystring: NoQuery,
        response: { 200: schemas.QueueAnswer, ...problemResponses('unknown-queue') },
      },
    },
    async (request, reply) => {
      const overview = await queues.get((request.params as Params).name);
      return reply.header('etag', overview.etag).send(overviewFields(overview));
    },
  );

  server.put(
    '/queues/:name',
    {
      config: { scope: 'admin', effects: true },
      schema: {
        tags: ['queues'],
        summary: 'Limit how many executions of a queue, or of all, run at a time and are begun in a time',
        headers: schemas.QueueHeaders,
        params: schemas.QueueParams,
        querystring: NoQuery,
        body: schemas.QueueBody,
        response: {
          200: schemas.QueueSettingsAnswer,
          ...problemResponses('invalid-body', 'unknown-queue', 'precondition-failed', ...changeProblems),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params as Params;
      const { concurrency, rate } = request.body as Static<typeof schemas.QueueBody>;
      const limits = {
        ...(concurrency === undefined ? {} : { places: concurrency }),
        ...(rate === undefined ? {} : { rate }),
      };
      const caller = callerOf(request, `limit queue ${name}`);
      return sendAnswered(reply, await queues.limit(name, limits, request.headers['if-match'] ?? null, caller, answer));
    },
  );

  server.post(
    '/queues/:name/pause',
    {
      config: { scope: 'operate', effects: true },
      schema: {
        tags: ['queues'],
        summary: 'Pause a queue, or all: nothing of it is begun until it is resumed; what runs goes on',
        headers: IdempotencyHeaders,
        params: schemas.QueueParams,
        querystring: NoQuery,
        response: {
          200: schemas.QueueSettingsAnswer,
          ...problemResponses('invalid-body', 'unknown-queue', ...changeProblems),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params as Params;
      const reason = readReason(request.body);
      return sendAnswered(reply, await queues.pause(name, reason, callerOf(request, `pause queue ${name}`), answer));
    },
  );

  server.post(
    '/queues/:name/resume',
    {
      config: { scope: 'operate', effects: true },
      schema: {
        tags: ['queues'],
        summary: 'Resume a queue, or all: what waits is begun, in its order',
        headers: IdempotencyHeaders,
        params: schemas.QueueParams,
        querystring: NoQuery,
        response: {
          200: schemas.QueueSettingsAnswer,
          ...problemResponses('invalid-body', 'unknown-queue', ...changeProblems),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params as Params;
      if (request.body !== undefined && stringifyJson(request.body as JsonObject) !== '{}')
        throw refused('', 'a resume takes none; leave it out');
      return sendAnswered(reply, await queues.resume(name, callerOf(request, `resume queue ${name}`), answer));
    },
  );
}

const longestReason = 500;

/** @throws BatchyError `invalid-body` */
function readReason(body: unknown): string | null {
  if (body === undefined) return null;
  if (!isJsonObject(body as JsonObject)) throw refused('', 'expected nothing, or an object with a reason');
  const { reason = null, ...others } = body as JsonObject;
  const [other] = Object.keys(others);
  if (other !== undefined) throw refused(`/${other}`, 'only reason is known');
  if (reason === null) return null;
  if (typeof reason === 'string' && reason.trim() !== '' && reason.length <= longestReason) return reason;
  throw refused('/reason', `expected a text of 1 to ${longestReason} characters`);
}

function refused(pointer: string, detail: string): BatchyError {
  return new BatchyError('invalid-body', `The body: ${detail}. Nothing was changed.`, {
    places: [{ pointer, detail }],
  });
}

function answer(shown: ShownQueue) {
  return jsonAnswer(stringifyJson(settingsFields(shown)), 200, { etag: shown.etag });
}

function settingsFields({ name, settings: { limits, pause } }: ShownQueue): JsonObject {
  return {
    name,
    concurrency: limits.places,
    rate: limits.rate === null ? null : { ...limits.rate },
    paused: pause === null ? null : { by: pause.by, since: formatInstant(pause.since), reason: pause.reason },
  };
}

function overviewFields(queue: QueueOverview): JsonObject {
  const { waiting, delayed, running, oldestWaiting: oldest } = queue;
  return {
    ...settingsFields(queue),
    waiting: { ...waiting },
    delayed,
    running,
    oldest_waiting:
      oldest === null ? null : { execution_id: oldest.executionId, create_time: formatInstant(oldest.createdAt) },
  };
}
