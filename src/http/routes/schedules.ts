import { type Static, type TSchema, Type } from 'typebox';

import { type JsonObject, stringifyJson } from '../../domain/json.ts';
import type { Schedule, ScheduleDefinition } from '../../domain/schedule.ts';
import { scheduleFields } from '../../domain/schedule-text.ts';
import { formatInstant } from '../../domain/time.ts';
import type { ShownSchedule } from '../../service/schedules.ts';
import { jsonAnswer, sendAnswered } from '../answer.ts';
import { callerOf } from '../caller.ts';
import { maskSecrets } from '../masking.ts';
import * as schemas from '../schemas/schedules.ts';
import { changeProblems, IdempotencyHeaders, NoQuery, problemResponses } from '../schemas/vocabulary.ts';
import type { BatchyServer, HttpServices } from '../server.ts';

type Params = Static<typeof schemas.ScheduleParams>;

/** Schedules: launching jobs at times. */
export function addScheduleRoutes(server: BatchyServer, { schedules }: HttpServices): void {
  server.get(
    '/schedules',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['schedules'],
        summary: 'The schedules, each with its last and next firing',
        querystring: NoQuery,
        response: { 200: schemas.SchedulesAnswer, ...problemResponses() },
      },
    },
    async (_request, reply) => reply.send((await schedules.list()).map(shownFields)),
  );

  server.get(
    '/schedules/:name',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['schedules'],
        summary: 'One schedule, with its next five firings',
        params: schemas.ScheduleParams,
        querystring: NoQuery,
        response: { 200: schemas.ScheduleAnswer, ...problemResponses('unknown-schedule') },
      },
    },
    async (request, reply) => {
      const shown = await schedules.get((request.params as Params).name);
      return reply.header('etag', shown.etag).send(answerFields(shown));
    },
  );

  server.put(
    '/schedules/:name',
    {
      config: { scope: 'admin', effects: true },
      schema: {
        tags: ['schedules'],
        summary: 'Make a schedule, or set one anew: when it launches which job, and with what',
        headers: schemas.ScheduleHeaders,
        params: schemas.ScheduleParams,
        querystring: NoQuery,
        body: schemas.ScheduleBody,
        response: {
          200: schemas.ScheduleAnswer,
          ...problemResponses(
            'invalid-body',
            'invalid-schedule',
            'invalid-parameters',
            'unknown-job-definition',
            'jobs-not-ready',
            'precondition-failed',
            ...changeProblems,
          ),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params as Params;
      const {
        job,
        cron,
        zone = 'UTC',
        catchup = 'none',
        parameters = {},
        priority,
      } = request.body as Static<typeof schemas.ScheduleBody>;
      const definition = {
        jobName: job,
        cron,
        zone,
        catchup,
        parameters: parameters as JsonObject,
        ...(priority === undefined ? {} : { priority }),
      } as ScheduleDefinition;
      const caller = callerOf(request, `set schedule ${name}`);
      return sendAnswered(
        reply,
        await schedules.set(name, definition, request.headers['if-match'] ?? null, caller, answer),
      );
    },
  );

  server.delete(
    '/schedules/:name',
    {
      config: { scope: 'admin', effects: true },
      schema: {
        tags: ['schedules'],
        summary: 'Remove a schedule; what it has launched stays',
        headers: IdempotencyHeaders,
        params: schemas.ScheduleParams,
        querystring: NoQuery,
        response: { 204: nothing, ...problemResponses('unknown-schedule', ...changeProblems) },
      },
    },
    async (request, reply) => {
      const { name } = request.params as Params;
      const caller = callerOf(request, `remove schedule ${name}`);
      return sendAnswered(reply, await schedules.remove(name, caller, () => ({ status: 204, headers: {}, body: '' })));
    },
  );

  addSwitch('pause', 'Pause a schedule: nothing is launched until it is resumed, nor then what came meanwhile');
  addSwitch('resume', 'Resume a schedule: it launches what comes from now on');

  function addSwitch(verb: 'pause' | 'resume', summary: string): void {
    server.post(
      `/schedules/:name/${verb}`,
      {
        config: { scope: 'operate', effects: true },
        schema: {
          tags: ['schedules'],
          summary,
          headers: IdempotencyHeaders,
          params: schemas.ScheduleParams,
          querystring: NoQuery,
          response: {
            200: schemas.ScheduleAnswer,
            ...problemResponses('invalid-body', 'unknown-schedule', ...changeProblems),
          },
        },
      },
      async (request, reply) => {
        const { name } = request.params as Params;
        return sendAnswered(reply, await schedules[verb](name, callerOf(request, `${verb} schedule ${name}`), answer));
      },
    );
  }
}

const nothing = Type.Null({ description: 'Removed' }) as TSchema;

function answer(shown: ShownSchedule) {
  return jsonAnswer(stringifyJson(answerFields(shown)), 200, { etag: shown.etag });
}

function answerFields(shown: ShownSchedule): JsonObject {
  return { ...shownFields(shown.schedule), upcoming: shown.upcoming.map(formatInstant) };
}

function shownFields(schedule: Schedule): JsonObject {
  return { ...scheduleFields(schedule), parameters: maskSecrets(new Map(Object.entries(schedule.parameters))) };
}
