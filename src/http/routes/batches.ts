import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';

import type { JobMaps as Jobs } from '../../domain/change.ts';
import { BatchyError } from '../../domain/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import {
  type ParameterFileOptions,
  readParameterFileOptions,
  renderParameterFile,
} from '../../domain/parameter-file.ts';
import { encodeJobs, type Workflow } from '../../domain/workflow.ts';
import type { StoredAnswer } from '../../service/commands.ts';
import { fileAnswer, jsonAnswer, sendAnswered } from '../answer.ts';
import { callerOf } from '../caller.ts';
import { readInstant, readJobNames } from '../query.ts';
import type { BatchyServer, HttpServices } from '../server.ts';
import * as schemas from '../schemas/batches.ts';
import {
  changeProblems,
  IdempotencyHeaders,
  JobMaps,
  problemResponses,
  WorkflowParams,
} from '../schemas/vocabulary.ts';
import { previewFields } from '../wire.ts';

type Params = Static<typeof WorkflowParams>;

/** The routes that tools know which can only fetch a URL, each under GET and POST; POST is what we recommend. */
export function addBatchRoutes(server: BatchyServer, { batches, workflows }: HttpServices): void {
  server.route({
    method: ['GET', 'POST'],
    url: '/get_status/:wf',
    config: { scope: 'read', classic: true },
    schema: {
      tags: ['batches'],
      summary: 'The state of every job of a workflow',
      params: WorkflowParams,
      querystring: schemas.StatusQuery,
      response: {
        200: JobMaps,
        ...problemResponses('invalid-name', 'unknown-workflow', 'unknown-job', 'foreign-data'),
      },
    },
    handler: async (request, reply) => {
      const { wf } = request.params as Params;
      return sendStatus(
        reply,
        await workflows.status(wf),
        readJobNames((request.query as Static<typeof schemas.StatusQuery>).job),
      );
    },
  });
  server.head(
    '/get_status/:wf',
    { config: { scope: 'read' }, schema: { hide: true, params: WorkflowParams, querystring: schemas.StatusQuery } },
    async (request, reply) => {
      const { wf } = request.params as Params;
      return sendStatus(reply, await workflows.peek(wf), null);
    },
  );

  const open = async (request: FastifyRequest, reply: FastifyReply, format: string): Promise<FastifyReply> => {
    const { wf } = request.params as Params;
    const {
      job,
      if_open: ifOpen = 'reopen',
      force = false,
      reason = null,
      profile,
    } = request.query as Static<typeof schemas.OpenQuery>;
    const render = rendererOf(format, profile);
    return sendAnswered(
      reply,
      await batches.open(
        wf,
        { jobs: readJobNames(job), ifOpen, force, reason },
        callerOf(request, `open ${format} ${wf}`),
        ({ opened }, workflow) => render(opened, workflow),
      ),
    );
  };
  const opening = {
    method: ['GET', 'POST'] as ['GET', 'POST'],
    config: { scope: 'operate', classic: true, effects: true } as const,
  };
  const openProblems = problemResponses(
    'invalid-name',
    'unknown-workflow',
    'unknown-job',
    'unknown-format',
    'unknown-profile',
    'foreign-data',
    'unreadable-parameter',
    'batch-open',
    'owned',
    'empty-window',
    'clock-skew',
    'not-renderable',
    ...changeProblems,
  );
  server.route({
    ...opening,
    url: '/open_batch/:wf',
    schema: {
      tags: ['batches'],
      summary: 'Open a batch: which window do I load now?',
      headers: IdempotencyHeaders,
      params: WorkflowParams,
      querystring: schemas.OpenQuery,
      response: { 200: JobMaps, ...openProblems },
    },
    handler: (request, reply) => open(request, reply, 'json'),
  });
  server.route({
    ...opening,
    url: '/open_batch/:wf/:format',
    schema: {
      tags: ['batches'],
      summary: 'Open a batch, answered as json or as an Informatica parameter file (infa)',
      headers: IdempotencyHeaders,
      params: schemas.OpenFormatParams,
      querystring: schemas.OpenQuery,
      response: { 200: jsonOrFile, ...openProblems },
    },
    handler: (request, reply) =>
      open(request, reply, (request.params as Static<typeof schemas.OpenFormatParams>).format),
  });

  for (const [url, outcome, summary] of [
    ['/close_batch/:wf', 'success', 'Close a batch: its window is loaded'],
    ['/fail_batch/:wf', 'failed', 'Fail a batch: its window will be run again'],
  ] as const) {
    server.route({
      method: ['GET', 'POST'],
      url,
      config: { scope: 'operate', classic: true, effects: true, reserved: true },
      schema: {
        tags: ['batches'],
        summary,
        headers: IdempotencyHeaders,
        params: WorkflowParams,
        querystring: schemas.EndQuery,
        response: {
          200: JobMaps,
          ...problemResponses(
            'invalid-name',
            'invalid-body',
            'unknown-workflow',
            'unknown-job',
            'foreign-data',
            'unreadable-parameter',
            'not-open',
            'never-opened',
            'ambiguous',
            'stale-batch',
            'fence-required',
            'override-required',
            'owned',
            ...changeProblems,
          ),
        },
      },
      handler: async (request, reply) => {
        const { wf } = request.params as Params;
        const {
          job,
          batch_id: batchId = null,
          force = false,
          reason = null,
        } = request.query as Static<typeof schemas.EndQuery>;
        const options = {
          outcome,
          jobs: readJobNames(job),
          batchId,
          force,
          reason,
          parameters: readUserParameters(request.body as Json | undefined),
        };
        return sendAnswered(
          reply,
          await batches.end(wf, options, callerOf(request, `${outcome} ${wf}`), (jobs) => jsonAnswer(encodeJobs(jobs))),
        );
      },
    });
  }

  server.get(
    '/workflows/:wf/preview',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['workflows'],
        summary: 'What an open would yield; changes nothing',
        params: WorkflowParams,
        querystring: schemas.PreviewQuery,
        response: {
          200: schemas.PreviewAnswer,
          ...problemResponses('invalid-name', 'unknown-workflow', 'unknown-job', 'foreign-data'),
        },
      },
    },
    async (request, reply) => {
      const { wf } = request.params as Params;
      const { job, as_of: asOf, force = false } = request.query as Static<typeof schemas.PreviewQuery>;
      const preview = await batches.preview(wf, {
        jobs: readJobNames(job),
        asOf: asOf === undefined ? null : readInstant('/as_of', asOf),
        force,
      });
      return reply.send(previewFields(wf, preview));
    },
  );
}

const jsonOrFile = {
  description: 'The addressed jobs’ new state, or the parameter file',
  content: {
    'application/json': { schema: JobMaps },
    'text/plain': { schema: Type.String({ examples: ['\n[customers]\n$$from_date=2026-11-20 21:53:34.230000\n'] }) },
  },
} as unknown as TSchema;

function sendStatus(
  reply: FastifyReply,
  status: { workflow: Workflow; text: string; etag: string },
  jobs: readonly string[] | null,
): FastifyReply {
  void reply.header('etag', status.etag).type('application/json; charset=utf-8');
  if (jobs === null) return reply.send(status.text);
  const unknown = jobs.find((job) => !status.workflow.jobs.has(job));
  if (unknown !== undefined)
    throw new BatchyError('unknown-job', `Workflow ${status.workflow.name} has no job ${JSON.stringify(unknown)}.`);
  return reply.send(encodeJobs(new Map([...status.workflow.jobs].filter(([job]) => jobs.includes(job)))));
}

/** Decided before anything is changed: an unknown format or profile opens nothing, and neither does a file that cannot be rendered. */
function rendererOf(format: string, profile: string | undefined): (jobs: Jobs, workflow: Workflow) => StoredAnswer {
  if (format === 'json' && profile === undefined) return (jobs) => jsonAnswer(encodeJobs(jobs));
  if (format === 'json') throw new BatchyError('invalid-request', 'profile goes with /infa only.');
  if (format !== 'infa')
    throw new BatchyError(
      'unknown-format',
      `There is no format ${JSON.stringify(format.slice(0, 40))}; use json or infa.`,
    );
  return (jobs, workflow) => {
    const options: ParameterFileOptions = readParameterFileOptions(workflow.ledger.infa, profile);
    return fileAnswer(renderParameterFile(jobs, options), `${workflow.name}.par`);
  };
}

/** `{"job1": {"rows": 123}}` @throws BatchyError `invalid-body` */
function readUserParameters(body: Json | undefined): ReadonlyMap<string, JsonObject> {
  if (body === undefined) return new Map();
  if (!isJsonObject(body))
    throw new BatchyError(
      'invalid-body',
      'The body must be an object: job → your parameters, for example {"job1": {"rows": 123}}.',
      { places: [{ pointer: '', detail: 'expected an object' }] },
    );
  return new Map(
    Object.entries(body).map(([job, parameters]) => {
      if (!isJsonObject(parameters))
        throw new BatchyError(
          'invalid-body',
          `The body’s ${JSON.stringify(job)} must be an object of your parameters.`,
          { places: [{ pointer: `/${job}`, detail: 'expected an object' }] },
        );
      return [job, parameters];
    }),
  );
}
