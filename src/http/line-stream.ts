import { Readable } from 'node:stream';

import type { FastifyReply, FastifyRequest } from 'fastify';

const lineType = 'application/x-ndjson';

/** How many items a stream of lines reads at a time. */
export const linesAtOnce = 200;

/** Whether the client asks for lines of JSON rather than one array. */
export function wantsLines(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  return accept.split(',').some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === lineType);
}

/** Items, and how to get at those that follow; `next` is `null` at the end. */
export interface Chunk {
  readonly items: readonly unknown[];
  readonly next: (() => Promise<Chunk>) | null;
}

/**
 * Answers one JSON text a line, reading a chunk only when the client has taken in the one before. What fails midway ends
 * the connection without the last chunk of the transfer, so that nobody takes a part for the whole.
 * @param first read before, so that its errors are still answered as problems
 */
export function sendLines(reply: FastifyReply, first: Chunk): FastifyReply {
  return reply.type(lineType).send(Readable.from(textOf(first), { objectMode: true, highWaterMark: 1 }));
}

async function* textOf(first: Chunk): AsyncGenerator<string> {
  let chunk = first;
  for (;;) {
    const text = chunk.items.map((item) => `${JSON.stringify(item)}\n`).join('');
    if (text !== '') yield text;
    if (chunk.next === null) return;
    chunk = await chunk.next();
  }
}
