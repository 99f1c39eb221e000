import type { FastifyRequest } from 'fastify';
import type { Static } from 'typebox';

import { BatchyError } from '../../domain/errors.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import type { TaskRunOptions } from '../../service/jobs.ts';
import { sendAnswered } from '../answer.ts';
import { callerOf } from '../caller.ts';
import { commandAnswer, executionIdOf, launchProblems } from '../execution-answer.ts';
import { endOfInterest } from '../gone.ts';
import { brokenFields, jobFields } from '../job-wire.ts';
import * as schemas from '../schemas/jobs.ts';
import { CommandAnswer } from '../schemas/executions.ts';
import { changeProblems, IdempotencyHeaders, NoQuery, problemResponses } from '../schemas/vocabulary.ts';
import type { BatchyServer, ServerOptions } from '../server.ts';
import { readUrgency } from '../urgency.ts';

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
      const query = request.query as schemas.LaunchQuery;
      const { force = false, supersede = false, leave_out: left, wait = 0 } = query;
      const selection =
        left === undefined ? {} : { deselected: [...new Set(left.split(',').map((step) => step.trim()))] };
      const answered = await jobs.launch(
        name,
        { body: request.body as Json | undefined, force, supersede, ...selection, ...readUrgency(query) },
        callerOf(request, `launch ${name}`),
        (execution) => commandAnswer(execution, 'was launched'),
      );
      if (wait === 0) return sendAnswered(reply, answered);
      const id = executionIdOf(answered.answer);
      const execution = await executions.waitForEnd(id, wait, endOfInterest(reply, stopping));
      return sendAnswered(reply, { ...answered, answer: commandAnswer(execution, 'was launched') });
    },
  );

  server.post(
    '/jobs/:name/run',
    {
      config: { scope: 'operate', effects: true },
      schema: {
        tags: ['jobs'],
        summary: 'Run a task list: what is selected of it, with values for its context; or what its last run has left',
        headers: IdempotencyHeaders,
        params: schemas.JobParams,
        querystring: NoQuery,
        response: {
          202: CommandAnswer,
          ...problemResponses('invalid-body', 'unknown-job-definition', ...launchProblems, ...changeProblems),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params as Params;
      const options = readRun(request.body as Json | undefined);
      const answered = await jobs.runTasks(name, options, callerOf(request, `run ${name}`), (execution) =>
        commandAnswer(execution, options.restart ? 'was restarted' : 'was launched'),
      );
      return sendAnswered(reply, answered);
    },
  );
}

/** Only these take long; a launch by itself is a commit like others. */
function asksToWait(request: FastifyRequest): boolean {
  return Number((request.query as Record<string, unknown>)['wait'] ?? 0) > 0;
}

const known: ReadonlySet<string> = new Set(['leave_out', 'context', 'restart']);

/** What the body asks for. @throws BatchyError `invalid-body` */
function readRun(body: Json | undefined): TaskRunOptions {
  const refused = (pointer: string, detail: string): BatchyError =>
    new BatchyError('invalid-body', `The body of a run: ${detail}. Nothing was launched.`, {
      places: [{ pointer, detail }],
    });
  if (body !== undefined && !isJsonObject(body))
    throw refused('', 'expected nothing, or an object with leave_out, context or restart');
  const other = Object.keys(body ?? {}).find((key) => !known.has(key));
  if (other !== undefined) throw refused(`/${other}`, 'only leave_out, context and restart are known');
  const { leave_out: left = [], context = {}, restart = false } = body ?? {};
  if (!Array.isArray(left) || !left.every((name) => typeof name === 'string'))
    throw refused('/leave_out', 'expected a list of names of tasks');
  if (!isJsonObject(context)) throw refused('/context', 'expected an object: values by their keys');
  if (typeof restart !== 'boolean') throw refused('/restart', 'expected true or false');
  return { deselected: [...new Set(left)], context: new Map(Object.entries(context)), restart };
}
