import { Type } from 'typebox';

import { NoQuery, problemResponses } from '../schemas/vocabulary.ts';
import type { BatchyServer } from '../server.ts';

/** `/index`: which program and version answers, as text. */
export function addIndexRoutes(server: BatchyServer, version: string): void {
  server.route({
    method: ['GET', 'POST'],
    url: '/index',
    config: { scope: 'read', classic: true },
    schema: {
      tags: ['service'],
      summary: 'Name and version',
      querystring: NoQuery,
      response: {
        200: {
          description: 'Name and version',
          content: { 'text/plain': { schema: Type.String({ examples: [`Batchy v${version}`] }) } },
        },
        ...problemResponses(),
      },
    },
    handler: async (_request, reply) => reply.type('text/plain; charset=utf-8').send(`Batchy v${version}`),
  });
}
