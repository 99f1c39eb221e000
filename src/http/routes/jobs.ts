import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';

import type { Json } from '../../domain/json.ts';
import { sendAnswered } from '../answer.ts';
import { callerOf } from '../caller.ts';
import { commandAnswer, executionIdOf, launchProblems } from '../execution-answer.ts';
import { endOfInterest } from '../gone.ts';
import { brokenFields, jobFields } from '../job-wire.ts';
import * as schemas from '../schemas/jobs.ts';
import { CommandAnswer } from '../schemas/executions.ts';
import { changeProblems, IdempotencyHeaders, NoQuery, problemResponses } from '../schemas/vocabulary.ts';
import type { BatchyServer, ServerOptions } from '../server.ts';

type Params = Static<typeof schemas.JobParams>;

/** The jobs that there are, and launching one. */
export function addJobRoutes(
  server: BatchyServer,
  { services: { jobs, executions }, settings, stopping }: ServerOptions,
): void {
  server.get(
    '/jobs',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['jobs'],
        summary: 'The jobs, each with its parameters, graph and last execution; and the job files that are broken',
        querystring: NoQuery,
        response: { 200: schemas.JobsAnswer, ...problemResponses('jobs-not-ready') },
      },
    },
    async (_request, reply) =>
      reply.send({ jobs: (await jobs.list()).map(jobFields), broken: jobs.broken().map(brokenFields) }),
  );

  server.get(
    '/jobs/:name',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['jobs'],
        summary: 'One job: its parameters, graph and last execution',
        params: schemas.JobParams,
        querystring: NoQuery,
        response: { 200: schemas.JobAnswer, ...problemResponses('unknown-job-definition', 'jobs-not-ready') },
      },
    },
    async (request, reply) => reply.send(jobFields(await jobs.get((request.params as Params).name))),
  );

  server.post(
    '/jobs/:name/launch',
    {
      config: { scope: 'operate', effects: true, longLived: asksToWait },
      schema: {
        tags: ['jobs'],
        summary: 'Launch a job: a new instance, or a restart of the one with the same identifying parameters',
        headers: IdempotencyHeaders,
        params: schemas.JobParams,
        querystring: schemas.launchQuery(settings.MAX_WAIT_SECONDS),
        response: {
          202: CommandAnswer,
          ...problemResponses('invalid-body', 'unknown-job-definition', ...launchProblems, ...changeProblems),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params as Params;
      const { force = false, supersede = false, leave_out: left, wait = 0 } = request.query as schemas.LaunchQuery;
      const selection =
        left === undefined ? {} : { deselected: [...new Set(left.split(',').map((step) => step.trim()))] };
      const answered = await jobs.launch(
        name,
        { body: request.body as Json | undefined, force, supersede, ...selection },
        callerOf(request, `launch ${name}`),
        (execution) => commandAnswer(execution, 'was launched'),
      );
      if (wait === 0) return sendAnswered(reply, answered);
      const id = executionIdOf(answered.answer);
      const execution = await executions.waitForEnd(id, wait, endOfInterest(reply, stopping));
      return sendAnswered(reply, { ...answered, answer: commandAnswer(execution, 'was launched') });
    },
  );
}

/** Only these take long; a launch by itself is a commit like others. */
function asksToWait(request: FastifyRequest): boolean {
  return Number((request.query as Record<string, unknown>)['wait'] ?? 0) > 0;
}
