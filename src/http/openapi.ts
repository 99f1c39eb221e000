import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema, RouteOptions } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';

import { completeDocument, effectsField, type OpenApiDocument } from './openapi-document.ts';
import { problemPage } from './problem-page.ts';
import { problemResponses } from './schemas/vocabulary.ts';
import type { BatchyServer } from './server.ts';

const tags = [
  { name: 'batches', description: 'Open, close, fail: what an ETL tool does' },
  { name: 'workflows', description: 'Workflows and their jobs: list, look at, edit, backfill, delete' },
  { name: 'history', description: 'Batches, coverage and journal: what has been' },
  { name: 'waits', description: 'Wait for a workflow to be ready' },
  { name: 'jobs', description: 'Jobs: what there is, and launching it' },
  { name: 'schedules', description: 'Schedules: launching jobs at times' },
  { name: 'queues', description: 'Queues: what waits, and how much of it runs at a time' },
  { name: 'executions', description: 'Executions, their steps and logs; stop, revive, restart, abandon, recover' },
  { name: 'events', description: 'What happens, as it happens' },
  { name: 'service', description: 'The service itself' },
];

const description = [
  'The state of ETL batches: which window of data to load now, whether the last load succeeded, and how to restart it.',
  'Each operation names the scope that its key needs (`x-scope`); without any key the service is open, on loopback only.',
  'Times are naive UTC with six fraction digits. Errors are RFC 9457 problems; `detail` says what to do next.',
].join('\n\n');

/**
 * The description of all routes that are added afterwards, at `/openapi.json` and, to try out, at `/docs`; and the pages
 * that problems' types point at.
 */
export async function addOpenApi(server: BatchyServer, version: string): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info: { title: 'Batchy', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/', description: 'This service' }],
      tags,
      security: [{ bearer: [] }, { basic: [] }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key' },
          basic: { type: 'http', scheme: 'basic', description: 'Any name, and the API key as password' },
        },
      },
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema['$id'] === 'string' ? schema['$id'] : `schema-${index}`,
    },
    transform: ({ schema, url, route }) => ({ schema: describe(schema, route), url }),
    transformObject: (document) =>
      completeDocument(('openapiObject' in document ? document.openapiObject : {}) as OpenApiDocument) as never,
  });
  await server.register(async (docs) => {
    // The plugin's routes know nothing of scopes.
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, scope: 'read' };
    });
    // For pages only: it composes its headers anew for every request, which costs more than the rest of a small one.
    await docs.register(helmet, { contentSecurityPolicy: false, strictTransportSecurity: false });
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { tryItOutEnabled: true, displayRequestDuration: true, docExpansion: 'list' },
      theme: { title: 'Batchy API' },
      staticCSP: contentSecurityPolicy,
    });
  });
  addDocumentRoute(server);
  addProblemRoute(server);
}

/** Swagger UI sets styles from its scripts; all else comes from us. Nothing is upgraded to HTTPS: we may have none. */
const contentSecurityPolicy = {
  'default-src': "'self'",
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'object-src': "'none'",
  'base-uri': "'self'",
  'frame-ancestors': "'none'",
};

function describe(schema: FastifySchema, { config }: RouteOptions): FastifySchema {
  const { scope = 'admin', effects = false } = config ?? {};
  return {
    ...schema,
    ...(scope === 'public' ? { security: [] } : {}),
    'x-scope': scope,
    ...(effects ? { [effectsField]: true } : {}),
  } as FastifySchema;
}

function addDocumentRoute(server: BatchyServer): void {
  server.get(
    '/openapi.json',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['service'],
        summary: 'This description, as OpenAPI 3.1',
        response: {
          200: Type.Object(
            { openapi: Type.String() },
            { description: 'The document', examples: [{ openapi: '3.1.1' }] },
          ),
          ...problemResponses(),
        },
      },
    },
    async (_request, reply) => reply.send(server.swagger()),
  );
}

const ProblemParams = Type.Object({
  code: Type.String({ description: 'The last part of a problem’s type', examples: ['stale-batch'] }),
});

function addProblemRoute(server: BatchyServer): void {
  const page = {
    description: 'What the problem means and what to do, as a page',
    content: { 'text/html': { schema: Type.String(), example: '<!doctype html><title>Not the current batch</title>' } },
  } as unknown as TSchema;
  server.get(
    '/problems/:code',
    {
      config: { scope: 'public' },
      schema: {
        tags: ['service'],
        summary: 'What a problem means and what to do about it',
        params: ProblemParams,
        response: { 200: page, ...problemResponses('not-found') },
      },
    },
    async (request, reply) =>
      reply.type('text/html; charset=utf-8').send(problemPage((request.params as Static<typeof ProblemParams>).code)),
  );
}
