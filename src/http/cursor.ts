import type { FastifyReply, FastifyRequest } from 'fastify';

import { BatchyError } from '../domain/errors.ts';

/** Where a page of a list ends. Opaque to clients: they take it from the `Link` header and never look inside. */
export type CursorPosition = Readonly<Record<string, string | number>>;

export function encodeCursor(position: CursorPosition): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * The position that a cursor says; which fields it must have is for the list to check.
 * @throws BatchyError `invalid-request` for text that no `Link` header held
 */
export function decodeCursor(text: string): Readonly<Record<string, unknown>> {
  const position = parseObject(Buffer.from(text, 'base64url').toString('utf8'));
  if (position === null || encodeCursor(position) !== text) throw foreignCursor();
  return position;
}

function parseObject(text: string): CursorPosition | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as CursorPosition) : null;
  } catch {
    return null;
  }
}

export function foreignCursor(): BatchyError {
  const detail = 'This cursor is not one of this list; take it from the Link header of the page before.';
  return new BatchyError('invalid-request', detail, { places: [{ pointer: '/cursor', detail: 'is no cursor' }] });
}

/** RFC 8288: names the next page of the list, with the same filters, as a path of this service. */
export function linkNext(request: FastifyRequest, reply: FastifyReply, position: CursorPosition): void {
  const [path = '', query = ''] = request.url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', encodeCursor(position));
  void reply.header('link', `<${path}?${parameters.toString()}>; rel="next"`);
}
