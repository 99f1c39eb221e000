import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import closeWithGrace from 'close-with-grace';
import fastify from 'fastify';
import { pino } from 'pino';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** What a start is held against: the service's web framework, plugins and schema compiler, one route, no store, no rules. */
const server = fastify({ loggerInstance: pino(pino.destination(2)) });
await server.register(rateLimit, { max: 1000 });
await server.register(helmet, { contentSecurityPolicy: false });
await server.register(swagger, { openapi: { openapi: '3.1.1', info: { title: 'Bare', version: '1' } } });
await server.register(swaggerUi, { routePrefix: '/docs' });
const query = Type.Object({ job: Type.Optional(Type.String()) });
server.setValidatorCompiler(() => {
  const check = Compile(query);
  return (value) => check.Check(value);
});
server.get('/index', { schema: { querystring: query } }, async () => 'Bare');
closeWithGrace({ logger: false }, () => server.close());
await server.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });
