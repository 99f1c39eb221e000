import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import closeWithGrace from 'close-with-grace';
import fastify from 'fastify';
import { pino } from 'pino';

/** What a start is held against: the service's web framework and plugins, one route, no store and no rules. */
const server = fastify({ loggerInstance: pino(pino.destination(2)) });
await server.register(helmet, { contentSecurityPolicy: false });
await server.register(swagger, { openapi: { openapi: '3.1.1', info: { title: 'Bare', version: '1' } } });
await server.register(swaggerUi, { routePrefix: '/docs' });
server.get('/index', async () => 'Bare');
closeWithGrace({ logger: false }, () => server.close());
await server.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });
