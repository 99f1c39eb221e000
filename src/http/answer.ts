import type { FastifyReply } from 'fastify';

import type { StoredAnswer } from '../service/commands.ts';
import type { Answered } from '../service/commands.ts';

export function jsonAnswer(body: string, status = 200, headers: Readonly<Record<string, string>> = {}): StoredAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body };
}

/** A parameter file, as a download. */
export function fileAnswer(body: string, fileName: string): StoredAnswer {
  return {
    status: 200,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `attachment; filename="${fileName}"`,
    },
    body,
  };
}

export function sendAnswered(reply: FastifyReply, { answer, replayed }: Answered): FastifyReply {
  if (replayed) void reply.header('idempotency-replayed', 'true');
  return reply.code(answer.status).headers(answer.headers).send(answer.body);
}
