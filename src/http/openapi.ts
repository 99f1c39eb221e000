import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';

import type { BatchyServer } from './server.ts';

export async function addOpenApi(server: BatchyServer, version: string): Promise<void> {
  await server.register(swagger, { openapi: { openapi: '3.1.1', info: { title: 'Batchy', version } } });
  await server.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, scope: 'read' };
    });
    await docs.register(swaggerUi, { routePrefix: '/docs' });
  });
  server.get('/openapi.json', { config: { scope: 'read' }, schema: { hide: true } }, async () => server.swagger());
}
