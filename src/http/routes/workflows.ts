import { type Static, type TSchema, Type } from 'typebox';

import { BatchyError } from '../../domain/errors.ts';
import type { Json } from '../../domain/json.ts';
import { isWorkflowName, quoteBriefly } from '../../domain/names.ts';
import { readSpecialParameters } from '../../domain/special-parameters.ts';
import { formatInstant, parseInstant } from '../../domain/time.ts';
import { encodeJobs, jobLedger, knownBatch, type Workflow, workflowStatus } from '../../domain/workflow.ts';
import type { WorkflowFilter, WorkflowsPage } from '../../service/workflow-pages.ts';
import type { WorkflowStatus } from '../../service/workflows.ts';
import { jsonAnswer, sendAnswered } from '../answer.ts';
import { callerOf } from '../caller.ts';
import { decodeCursor, foreignCursor, linkNext } from '../cursor.ts';
import { type Chunk, linesAtOnce, sendLines, wantsLines } from '../line-stream.ts';
import { readInstant } from '../query.ts';
import { LoadQuery, PreviewAnswer } from '../schemas/batches.ts';
import {
  changeProblems,
  IdempotencyHeaders,
  JobMaps,
  NoQuery,
  problemResponses,
  WorkflowParams,
} from '../schemas/vocabulary.ts';
import * as schemas from '../schemas/workflows.ts';
import type { BatchyServer, HttpServices } from '../server.ts';
import { previewFields } from '../wire.ts';

const defaultLimit = 50;

/** Workflows as such: load, list, look at, edit, delete. */
export function addWorkflowRoutes(server: BatchyServer, { workflows }: HttpServices): void {
  server.route({
    method: ['GET', 'POST'],
    url: '/load_cfg/:wf',
    config: { scope: 'admin', classic: true, effects: true },
    schema: {
      tags: ['batches'],
      summary: 'Load the configuration of a workflow from its file, replacing what is there',
      headers: IdempotencyHeaders,
      params: WorkflowParams,
      querystring: LoadQuery,
      response: {
        200: JobMaps,
        ...problemResponses(
          'invalid-name',
          'missing-configuration',
          'invalid-configuration',
          'batch-open',
          'watermark-forward',
          'owned',
          'unreadable-parameter',
          'foreign-data',
          ...changeProblems,
        ),
      },
    },
    handler: async (request, reply) => {
      const { wf } = request.params as Static<typeof WorkflowParams>;
      const { mode = 'replace', force = false, reason = null } = request.query as Static<typeof LoadQuery>;
      return sendAnswered(
        reply,
        await workflows.load(wf, { mode, force, reason }, callerOf(request, `load ${wf}`), ({ jobs }) =>
          jsonAnswer(encodeJobs(jobs)),
        ),
      );
    },
  });

  server.get(
    '/workflows',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['workflows'],
        summary: 'The workflows that exist',
        querystring: schemas.ListQuery,
        response: { 200: schemas.ListAnswer, ...problemResponses() },
      },
    },
    async (request, reply) => {
      const query = request.query as Static<typeof schemas.ListQuery>;
      const filter: WorkflowFilter = {
        sort: query.sort ?? 'name',
        descending: query.order === 'desc',
        status: query.status ?? null,
        prefix: query.prefix ?? '',
        updatedAfter: query.updated_after === undefined ? null : readInstant('/updated_after', query.updated_after),
        updatedBefore: query.updated_before === undefined ? null : readInstant('/updated_before', query.updated_before),
        after: query.cursor === undefined ? null : readListCursor(query.cursor),
        limit: query.limit ?? defaultLimit,
      };
      const chunk = async (after: WorkflowFilter['after']): Promise<Chunk> => {
        const { workflows: found, next } = await workflows.page({ ...filter, after, limit: linesAtOnce });
        return { items: found.map(listedFields), next: next === null ? null : () => chunk(next) };
      };
      if (wantsLines(request)) return sendLines(reply, await chunk(filter.after));
      const { workflows: found, next } = await workflows.page(filter);
      if (next !== null) linkNext(request, reply, { name: next.name, updated_at: formatInstant(next.updatedAt) });
      return reply.send(found.map(listedFields));
    },
  );

  server.get(
    '/workflows/:wf',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['workflows'],
        summary: 'A workflow: its status, the windows of its jobs, and what the ledger knows beyond the shared hash',
        params: WorkflowParams,
        querystring: NoQuery,
        response: {
          200: schemas.WorkflowAnswer,
          ...problemResponses('invalid-name', 'unknown-workflow', 'foreign-data'),
        },
      },
    },
    async (request, reply) => {
      const { wf } = request.params as Static<typeof WorkflowParams>;
      const status = await workflows.status(wf);
      return reply.header('etag', status.etag).send(workflowFields(status));
    },
  );

  server.delete(
    '/workflows/:wf',
    {
      config: { scope: 'admin', effects: true },
      schema: {
        tags: ['workflows'],
        summary: 'Delete a workflow; its history stays for the retention',
        headers: IdempotencyHeaders,
        params: WorkflowParams,
        querystring: schemas.DeleteQuery,
        response: {
          204: nothing,
          ...problemResponses('invalid-name', 'unknown-workflow', 'batch-open', 'foreign-data', ...changeProblems),
        },
      },
    },
    async (request, reply) => {
      const { wf } = request.params as Static<typeof WorkflowParams>;
      const { confirm, force = false, reason = null } = request.query as Static<typeof schemas.DeleteQuery>;
      if (confirm !== wf)
        throw new BatchyError(
          'invalid-request',
          `confirm is ${quoteBriefly(confirm)}; to delete the workflow say confirm=${wf.slice(0, 128)}.`,
          { places: [{ pointer: '/confirm', detail: 'must be the workflow’s name' }] },
        );
      return sendAnswered(
        reply,
        await workflows.remove(wf, { force, reason }, callerOf(request, `delete ${wf}`), () => ({
          status: 204,
          headers: {},
          body: '',
        })),
      );
    },
  );

  server.patch(
    '/workflows/:wf/jobs/:job',
    {
      config: { scope: 'admin', effects: true },
      schema: {
        tags: ['workflows'],
        summary: 'Edit a job’s parameters or its watermark; answers what the next open would yield',
        headers: EditHeaders,
        params: schemas.EditParams,
        querystring: schemas.EditQuery,
        body: schemas.EditBody,
        response: {
          200: PreviewAnswer,
          ...problemResponses(
            'invalid-name',
            'invalid-body',
            'unknown-workflow',
            'unknown-job',
            'foreign-data',
            'batch-open',
            'owned',
            'precondition-failed',
            'precondition-required',
            ...changeProblems,
          ),
        },
      },
    },
    async (request, reply) => {
      const { wf, job } = request.params as Static<typeof schemas.EditParams>;
      const { force = false } = request.query as Static<typeof schemas.EditQuery>;
      const { set = {}, remove = [], reason } = request.body as Static<typeof schemas.EditBody>;
      const options = {
        job,
        set: set as Record<string, Json>,
        remove,
        force,
        reason,
        ifMatch: requireIfMatch(request.headers['if-match']),
      };
      const answered = await workflows.edit(
        wf,
        options,
        callerOf(request, `edit ${wf} ${JSON.stringify(job)}`),
        (preview, etag) => jsonAnswer(JSON.stringify(previewFields(wf, preview)), 200, { etag }),
      );
      return sendAnswered(reply, answered);
    },
  );
}

const nothing = Type.Null({ description: 'Deleted' }) as TSchema;
const EditHeaders = Type.Object({
  ...IdempotencyHeaders.properties,
  'if-match': Type.Optional(
    Type.String({ description: 'The ETag of the status that you looked at; required', examples: ['"pZyT3aXk"'] }),
  ),
});

function requireIfMatch(header: string | undefined): string {
  if (header !== undefined && header.trim() !== '') return header;
  throw new BatchyError(
    'precondition-required',
    'Say If-Match with the ETag of GET /get_status/:wf, so that an edit meets the state that you looked at (If-Match: * edits whatever is there).',
  );
}

function readListCursor(text: string): NonNullable<WorkflowFilter['after']> {
  const { name, updated_at: updatedAt } = decodeCursor(text);
  const instant = typeof updatedAt === 'string' ? parseInstant(updatedAt) : null;
  if (typeof name !== 'string' || !isWorkflowName(name) || instant === null) throw foreignCursor();
  return { name, updatedAt: instant };
}

function listedFields({ name, status, updatedAt }: WorkflowsPage['workflows'][number]): Record<string, unknown> {
  return { name, status, updated_at: formatInstant(updatedAt) };
}

function workflowFields({ workflow, etag }: WorkflowStatus): Record<string, unknown> {
  const jobs = [...workflow.jobs.keys()].map((job) => [job, jobFields(workflow, job)]);
  return { name: workflow.name, status: workflowStatus(workflow), etag, jobs: Object.fromEntries(jobs) };
}

function jobFields(workflow: Workflow, job: string): Record<string, unknown> {
  const special = readSpecialParameters(workflow.jobs.get(job) ?? new Map());
  const { skewNoticedAt } = jobLedger(workflow, job);
  const noticed = skewNoticedAt === null ? null : formatInstant(skewNoticedAt);
  if ('problems' in special) {
    const problem = special.problems.map(({ detail }) => detail).join('; ');
    return {
      status: 'failed',
      batch_id: null,
      from_date: null,
      until: null,
      clock_skew_noticed_at: noticed,
      owner: null,
      problem,
    };
  }
  const known = knownBatch(workflow, job, special);
  return {
    status: special.status,
    batch_id: special.batchId,
    from_date: special.fromDate === null ? null : formatInstant(special.fromDate),
    until: known === null ? null : formatInstant(known.until),
    clock_skew_noticed_at: noticed,
    owner: known?.owner ?? null,
    problem: null,
  };
}
