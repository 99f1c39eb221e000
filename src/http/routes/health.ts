import { Type } from 'typebox';

import { BatchyError } from '../../domain/errors.ts';
import { problemResponses } from '../schemas/vocabulary.ts';
import type { BatchyServer, ServerOptions } from '../server.ts';

const Live = Type.Object({ status: Type.Literal('ok') }, { examples: [{ status: 'ok' }] });
const Ready = Type.Object(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('unavailable')]),
    store: Type.String({ description: 'ok, or what is wrong' }),
    warnings: Type.Array(Type.String(), { description: 'What an operator should mend' }),
  },
  { examples: [{ status: 'ok', store: 'ok', warnings: [] }] },
);

/** For whoever watches the service; no key is needed. */
export function addHealthRoutes(server: BatchyServer, { health, stopping }: ServerOptions): void {
  server.get(
    '/health/live',
    {
      config: { scope: 'public', reserved: true },
      schema: { tags: ['service'], summary: 'The process runs', response: { 200: Live, ...problemResponses() } },
    },
    async (_request, reply) => reply.send({ status: 'ok' }),
  );
  server.get(
    '/health/ready',
    {
      config: { scope: 'public', reserved: true },
      schema: {
        tags: ['service'],
        summary: 'It can serve: says which part cannot',
        response: { 200: Ready, ...problemResponses('store-unavailable') },
      },
    },
    async (_request, reply) => {
      if (stopping.aborted) throw new BatchyError('store-unavailable', 'The service is stopping.');
      await health.ping();
      return reply.send({ status: 'ok', store: 'ok', warnings: await health.warnings() });
    },
  );
}
