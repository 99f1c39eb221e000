import type { Static } from 'typebox';

import { executionFields, instanceFields } from '../../domain/execution-text.ts';
import { isNumber, sendPage } from '../id-pages.ts';
import { instanceParameters } from '../job-wire.ts';
import { ExecutionsAnswer, PageQuery } from '../schemas/executions.ts';
import * as schemas from '../schemas/instances.ts';
import { NoQuery, problemResponses } from '../schemas/vocabulary.ts';
import type { BatchyServer, HttpServices } from '../server.ts';

type Params = Static<typeof schemas.InstanceParams>;

/** Job instances: a job's name with its identifying parameters. */
export function addInstanceRoutes(server: BatchyServer, { executions }: HttpServices): void {
  const found = ['invalid-id', 'unknown-instance'] as const;

  server.get(
    '/instances',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'The job instances, newest first',
        querystring: schemas.InstancesQuery,
        response: { 200: schemas.InstancesAnswer, ...problemResponses() },
      },
    },
    async (request, reply) => {
      const { limit, cursor, job_name: jobName = null } = request.query as Static<typeof schemas.InstancesQuery>;
      return sendPage(request, reply, {
        limit,
        cursor,
        read: (beforeId, most) => executions.instances({ jobName, beforeId, limit: most }),
        placeOf: ({ id }) => id,
        isPlace: isNumber,
        fields: instanceFields,
      });
    },
  );

  server.get(
    '/instances/:id',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'One job instance',
        params: schemas.InstanceParams,
        querystring: NoQuery,
        response: { 200: schemas.InstanceAnswer, ...problemResponses(...found) },
      },
    },
    async (request, reply) => reply.send(instanceFields(await executions.instance((request.params as Params).id))),
  );

  server.get(
    '/instances/:id/parameters',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'The parameters of a job instance, typed',
        params: schemas.InstanceParams,
        querystring: NoQuery,
        response: { 200: schemas.InstanceParametersAnswer, ...problemResponses(...found) },
      },
    },
    async (request, reply) => reply.send(instanceParameters(await executions.instance((request.params as Params).id))),
  );

  server.get(
    '/instances/:id/executions',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['executions'],
        summary: 'The executions of a job instance, newest first',
        params: schemas.InstanceParams,
        querystring: PageQuery,
        response: { 200: ExecutionsAnswer, ...problemResponses(...found) },
      },
    },
    async (request, reply) => {
      const { id } = request.params as Params;
      const { limit, cursor } = request.query as Static<typeof PageQuery>;
      await executions.instance(id);
      const any = { status: null, jobName: null, queue: null, startedAfter: null, startedBefore: null };
      return sendPage(request, reply, {
        limit,
        cursor,
        read: (beforeId, most) => executions.list({ ...any, instanceId: id, beyond: beforeId, limit: most }),
        placeOf: (execution) => execution.id,
        isPlace: isNumber,
        fields: executionFields,
      });
    },
  );
}
